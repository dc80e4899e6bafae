import { useQueryClient } from "@tanstack/react-query";
import { Maximize, Pencil, Share2, Star, Ellipsis, RotateCw, History } from "lucide-react";
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { dashboardBySlug } from "@/api/queries";
import { setStar } from "@/api/writes";
import type { DashboardData } from "@/api/types";
import { bytes, changed, count, duration, usd } from "@/lib/format";
import { useHotkey } from "@/lib/hotkeys";
import { useNow } from "@/lib/now";
import { Button, IconButton } from "@/ui/button";
import { Failure } from "@/ui/failure";
import { LiveMark } from "@/ui/live-mark";
import { Menu } from "@/ui/menu";
import { EmptyState, Strip } from "@/ui/message";
import { Crumb, Divider, PageHead } from "@/ui/page";
import { Popover } from "@/ui/popover";
import { PublicMark } from "@/ui/public-mark";
import { AddressNotes } from "./address-notes";
import { inOrder, type Dashboard, type Tile } from "./definition";
import { FilterBar } from "./filter-bar";
import { DashboardTabs, TileGrid } from "./tile-grid";
import { useDashboardData, useLiveData } from "./use-dashboard-data";
import { useDashboardSearch } from "./use-dashboard-search";

/** A dashboard as it is read. */
export function DashboardView({ dashboard, onEdit }: { dashboard: Dashboard; onEdit: (() => void) | undefined }) {
  const { definition } = dashboard;
  const search = useDashboardSearch(definition);
  const query = useDashboardData(dashboard.id, search.values, search.tab);
  const lost = useLiveData(dashboard.id, query.isError ? "" : query.data?.data_version);
  const tab = definition.tabs.find((t) => t.id === search.tab);
  const tiles = inOrder((tab?.tiles ?? []) as Tile[]);
  const refresh = (): void => void query.refetch();
  useHotkey("e", () => onEdit?.(), onEdit !== undefined);
  useHotkey("r", refresh);
  const page = useRef<HTMLDivElement>(null);
  useEffect(() => page.current?.setAttribute("data-live", ""), []);
  return (
    <div ref={page} className="ld-page">
      <PageHead
        crumb={dashboard.collection ? <Crumb>{dashboard.collection}</Crumb> : undefined}
        title={dashboard.title}
        after={
          <>
            <StarToggle dashboard={dashboard} />
            {dashboard.public && <PublicMark />}
          </>
        }
        actions={
          <>
            <LiveMark
              className="ld-live"
              asOf={query.data?.as_of ?? null}
              {...(lost ? { stale: "updates are paused" } : {})}
            />
            <span className="ld-divider ld-js">
              <Divider />
            </span>
            {onEdit ? <ShareMenu dashboard={dashboard} /> : <ShareButton />}
            <IconButton
              icon={Maximize}
              label="Full screen"
              className="ld-js ld-wide"
              onClick={() => void document.documentElement.requestFullscreen?.()}
            />
            {onEdit && (
              <Button icon={Pencil} keys="E" className="ld-js ld-wide" onClick={onEdit}>
                Edit
              </Button>
            )}
            <Menu
              label="More"
              align="end"
              entries={[
                { label: "Refresh", icon: RotateCw, keys: "R", onSelect: refresh },
                ...(onEdit ? [{ label: "Edit", icon: Pencil, keys: "E", onSelect: onEdit }] : []),
                { label: "All dashboards", icon: History, href: "/dashboards" },
              ]}
              trigger={<IconButton icon={Ellipsis} label="More" className="ld-js" />}
            />
          </>
        }
      />
      <DashboardTabs definition={definition} search={search} />
      <FilterBar definition={definition} data={query.data} search={search} />
      <AddressNotes definition={definition} search={search} />
      {query.isError && query.data && (
        <Strip className="mb-4" action={<button onClick={refresh}>Try again</button>}>
          Shown: the data before. The last load failed: {query.error.message}
        </Strip>
      )}
      {query.isError && !query.data ? (
        <Failure error={query.error} what="The data of this dashboard" onRetry={refresh} />
      ) : tiles.length === 0 ? (
        <EmptyState title="No tiles on this tab yet" actions={onEdit && <Button onClick={onEdit}>Add a tile</Button>}>
          A tile is a query and the chart that draws it.
        </EmptyState>
      ) : (
        <TileGrid
          tiles={tiles}
          data={query.data}
          definition={definition}
          search={search}
          onRetry={refresh}
          busy={query.isPlaceholderData}
        />
      )}
      <Foot dashboard={dashboard} data={query.data} tiles={tiles.length} />
    </div>
  );
}

function Foot({ dashboard, data, tiles }: { dashboard: Dashboard; data: DashboardData | undefined; tiles: number }) {
  const now = useNow();
  const totals = data?.totals;
  const engines = [
    ...new Set(
      Object.values(data?.queries ?? {})
        .map((q) => q.engine)
        .filter(Boolean),
    ),
  ].join(" and ");
  return (
    <footer className="ld-foot">
      <span>{count(tiles, "tile")}</span>
      {totals && (
        <>
          <span>{count(totals.scans, "scan")}</span>
          <span>{bytes(totals.scanned_bytes)} read</span>
          <span>{usd(totals.usd)}</span>
          <span>
            {engines ? `${engines}, ` : ""}
            {duration(totals.ms)}
          </span>
          {totals.cached && <span>cached until the data changes</span>}
        </>
      )}
      <span className="ld-foot-end">
        Version {dashboard.version}, saved by {dashboard.owner.name} {saved(dashboard.updated_at, now)}
      </span>
    </footer>
  );
}
function saved(when: string, now: number): string {
  const words = changed(when, now);
  return /^\d+ /.test(words) ? `on ${words}` : words;
}

function StarToggle({ dashboard }: { dashboard: Dashboard }) {
  const client = useQueryClient();
  const key = dashboardBySlug(dashboard.slug).queryKey;
  const mark = (starred: boolean): void => void client.setQueryData(key, (d) => d && { ...d, starred });
  const toggle = async (): Promise<void> => {
    const next = !dashboard.starred;
    mark(next);
    try {
      await setStar("dashboards", dashboard.id, next);
      void client.invalidateQueries({ queryKey: ["dashboards"], exact: true });
    } catch {
      mark(!next);
    }
  };
  return (
    <IconButton
      icon={Star}
      size="sm"
      label={dashboard.starred ? "Starred" : "Star"}
      aria-pressed={dashboard.starred}
      className={dashboard.starred ? "text-accent! [&_svg]:size-3.5 [&_svg]:fill-current" : "ld-js [&_svg]:size-3.5"}
      onClick={() => void toggle()}
    />
  );
}

const SharePanel = lazy(async () => ({ default: (await import("./share-panel")).SharePanel }));

/** For those who may decide who reads it. */
function ShareMenu({ dashboard }: { dashboard: Dashboard }) {
  return (
    <Popover
      label="Share"
      align="end"
      width={380}
      className="p-4"
      trigger={
        <Button icon={Share2} className="ld-js ld-share" aria-label="Share">
          <span>Share</span>
        </Button>
      }
    >
      {() => (
        <Suspense fallback={<p className="text-ink-2">Loading</p>}>
          <SharePanel dashboard={dashboard} />
        </Suspense>
      )}
    </Popover>
  );
}

function ShareButton() {
  const [done, setDone] = useState(false);
  const share = async (): Promise<void> => {
    await navigator.clipboard.writeText(window.location.href);
    setDone(true);
    setTimeout(() => setDone(false), 2000);
  };
  return (
    <Button
      icon={Share2}
      className="ld-js ld-share"
      aria-label={done ? "Link copied" : "Share"}
      onClick={() => void share()}
    >
      <span aria-live="polite">{done ? "Link copied" : "Share"}</span>
    </Button>
  );
}
