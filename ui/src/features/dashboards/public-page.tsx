import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useEffect, useMemo, useRef } from "react";
import { publicData, publicDashboard } from "@/api/public";
import { ApiError } from "@/api/error";
import type { PublicDashboard } from "@/api/types";
import { applyTheme } from "@/lib/theme";
import { buttonClass } from "@/ui/button";
import { useDocumentHead } from "@/ui/document-head";
import { LiveMark } from "@/ui/live-mark";
import { Logo } from "@/ui/logo";
import { EmptyState, Strip } from "@/ui/message";
import { PageHead } from "@/ui/page";
import { AddressNotes } from "./address-notes";
import { inOrder, type DashboardDefinition, type Tile } from "./definition";
import { FilterBar } from "./filter-bar";
import { DashboardTabs, TileGrid } from "./tile-grid";
import { useDashboardSearch } from "./use-dashboard-search";
import "./dashboards.css";

/** A public dashboard as people see it who are not signed in. It asks the server for its data and for nothing else. */
export function PublicPage() {
  const { slug } = useParams({ strict: false }) as { slug: string };
  const { data: dashboard } = useQuery(publicDashboard(slug));
  useDocumentHead(dashboard?.title, dashboard ? 200 : 404);
  useMachineTheme();
  return (
    <div className="flex min-h-dvh flex-col">
      <a href="#main" className="skip-link">
        Skip to the page
      </a>
      <header className="flex h-(--bar-h) flex-none items-center gap-2.25 border-b border-line bg-canvas px-(--gutter) print:hidden">
        <Logo />
        <b className="text-[14px] font-[650] tracking-[-0.012em]">Lakefront</b>
        <span className="flex-1" />
        {/* A page of its own, past every cache: whoever is signed in gets theirs. */}
        <a href={`/d/${encodeURIComponent(slug)}?signin=1`} className={buttonClass()}>
          Sign in
        </a>
      </header>
      <main id="main" tabIndex={-1} className="flex min-w-0 flex-1 flex-col outline-none">
        {dashboard && <Shown dashboard={dashboard} />}
      </main>
    </div>
  );
}

function Shown({ dashboard }: { dashboard: PublicDashboard }) {
  const definition = useMemo<DashboardDefinition>(
    () => ({ catalog: "", database: "", queries: {}, ...dashboard.definition }),
    [dashboard],
  );
  const search = useDashboardSearch(definition);
  const every = dashboard.refresh_s * 1000;
  const query = useQuery({
    ...publicData(dashboard.slug, dashboard.definition, search.values, search.tab),
    placeholderData: keepPreviousData,
    staleTime: every,
    // Neither of them while the tab is hidden.
    refetchInterval: every,
    refetchOnWindowFocus: true,
  });
  const page = useRef<HTMLDivElement>(null);
  useEffect(() => page.current?.setAttribute("data-live", ""), []);
  const tab = definition.tabs.find((t) => t.id === search.tab);
  const tiles = inOrder((tab?.tiles ?? []) as Tile[]);
  const refresh = (): void => void query.refetch();
  const gone = query.error instanceof ApiError && query.error.status === 404;
  return (
    <div ref={page} className="ld-page">
      <PageHead
        title={dashboard.title}
        actions={
          <LiveMark
            className="ld-live"
            asOf={query.data?.as_of ?? null}
            {...(query.isError ? { stale: "updates are paused" } : {})}
          />
        }
      />
      {dashboard.description && <p className="mt-1 max-w-[72ch] text-ink-2">{dashboard.description}</p>}
      <DashboardTabs definition={definition} search={search} />
      <FilterBar definition={definition} data={query.data} search={search} />
      <AddressNotes definition={definition} search={search} />
      {query.isError && (
        <Strip className="mb-4" action={!gone && <button onClick={refresh}>Try again</button>}>
          {gone
            ? "This dashboard can no longer be read here. Shown: the data before."
            : `Shown: the data before. The last load failed: ${query.error.message}`}
        </Strip>
      )}
      {tiles.length === 0 ? (
        <EmptyState title="No tiles on this tab yet" />
      ) : (
        <TileGrid
          tiles={tiles}
          data={query.data}
          definition={definition}
          search={search}
          onRetry={refresh}
          busy={query.isPlaceholderData}
          stranger
        />
      )}
    </div>
  );
}

/** Follows the machine's theme as it changes. */
function useMachineTheme() {
  useEffect(() => {
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const follow = () => applyTheme("system");
    dark.addEventListener("change", follow);
    return () => dark.removeEventListener("change", follow);
  }, []);
}
