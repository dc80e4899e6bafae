import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useSyncExternalStore } from "react";
import { ApiError } from "@/api/error";
import { dashboardBySlug, me, missingDashboard } from "@/api/queries";
import type { Problem } from "@/api/types";
import { useDocumentHead } from "@/ui/document-head";
import { Failure } from "@/ui/failure";
import { Page } from "@/ui/page";
import { SkeletonRows } from "@/ui/skeleton";
import { DashboardView } from "./dashboard-view";
import "./dashboards.css";

const DashboardEditor = lazy(async () => ({ default: (await import("./edit/dashboard-editor")).DashboardEditor }));

const never = () => () => {};

/** Whether the address asks to edit. Servers draw the dashboard as it is read; the editor needs a browser. */
function useEditing(): [editing: boolean, setEditing: (on: boolean) => void] {
  const { edit, ...search } = useSearch({ strict: false }) as Record<string, unknown>;
  const navigate = useNavigate();
  const inBrowser = useSyncExternalStore(
    never,
    () => true,
    () => false,
  );
  const setEditing = (on: boolean) =>
    void navigate({ to: ".", search: (on ? { ...search, edit: "1" } : search) as never, resetScroll: false });
  return [inBrowser && edit === "1", setEditing];
}

/** Takes away what led past the public page: a link that is copied from here is to lead to that. */
function useWithoutSignIn() {
  const { signin, ...search } = useSearch({ strict: false }) as Record<string, unknown>;
  const navigate = useNavigate();
  useEffect(() => {
    if (signin !== undefined) void navigate({ to: ".", search: search as never, replace: true, resetScroll: false });
  });
}

export function DashboardPage() {
  const { slug } = useParams({ strict: false }) as { slug: string };
  const query = useQuery({ ...dashboardBySlug(slug), staleTime: 30_000 });
  const { data: dashboard, refetch } = query;
  const missing = useQueryClient().getQueryData<Problem>(missingDashboard(slug));
  const error = query.error ?? (missing && !query.isFetched ? new ApiError(missing) : null);
  const { data: reader } = useQuery(me());
  const [asked, setEditing] = useEditing();
  const mayEdit = reader !== undefined && reader.user.role !== "viewer";
  const editing = asked && mayEdit;
  const navigate = useNavigate();
  useWithoutSignIn();
  useDocumentHead(
    dashboard ? `${editing ? "Edit " : ""}${dashboard.title}` : error ? "Dashboard" : undefined,
    error instanceof ApiError && error.status === 404 ? 404 : 200,
  );
  if (!dashboard)
    return (
      <Page className="w-full pt-5">
        {error ? (
          <Failure error={error} what="This dashboard" onRetry={() => void refetch()} />
        ) : (
          <SkeletonRows rows={8} height={56} label="Reading the dashboard" />
        )}
      </Page>
    );
  const view = (
    <DashboardView key={dashboard.id} dashboard={dashboard} onEdit={mayEdit ? () => setEditing(true) : undefined} />
  );
  if (!editing) return view;
  return (
    <Suspense fallback={view}>
      <DashboardEditor
        dashboard={dashboard}
        onLeave={() => setEditing(false)}
        onGone={() => void navigate({ to: "/dashboards" })}
      />
    </Suspense>
  );
}
