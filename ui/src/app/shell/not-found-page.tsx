import { Link } from "@tanstack/react-router";
import { Compass } from "lucide-react";
import { buttonClass } from "@/ui/button";
import { useDocumentHead } from "@/ui/document-head";
import { EmptyState } from "@/ui/message";
import { Page } from "@/ui/page";

export function NotFoundPage() {
  useDocumentHead("Not found", 404);
  return (
    <Page className="w-full pt-10">
      <h1 className="sr-only">Not found</h1>
      <EmptyState
        icon={Compass}
        title="There is nothing at this address"
        actions={
          <>
            <Link to="/" className={buttonClass()}>
              Go home
            </Link>
            <Link to="/dashboards" className={buttonClass("ghost")}>
              All dashboards
            </Link>
          </>
        }
      >
        The page may have been moved or deleted, or the link is cut short.
      </EmptyState>
    </Page>
  );
}
