import { useRouter, type ErrorComponentProps } from "@tanstack/react-router";
import { useDocumentHead } from "@/ui/document-head";
import { Failure } from "@/ui/failure";
import { Page } from "@/ui/page";

/** Stands where a page failed to draw; the top bar stays usable. */
export function RouteErrorPage({ error, reset }: ErrorComponentProps) {
  useDocumentHead("Something failed");
  const router = useRouter();
  const retry = () => {
    reset();
    void router.invalidate();
  };
  return (
    <Page className="w-full pt-10">
      <h1 className="sr-only">Something failed</h1>
      <Failure error={error} what="This page" onRetry={retry} />
    </Page>
  );
}
