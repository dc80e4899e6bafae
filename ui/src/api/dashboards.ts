import { queryOptions, skipToken } from "@tanstack/react-query";
import { callJson } from "./client";
import type {
  Dashboard,
  DashboardDefinition,
  DashboardQueryData,
  DashboardTile,
  Execution,
  FilterValues,
  Page,
  ResultPage,
  SavedChart,
} from "./types";
import { whole } from "./whole";

const part = encodeURIComponent;

/** What a new dashboard is called until it has a name. */
export const UNTITLED = "Untitled dashboard";

export interface DashboardVersion {
  version: number;
  changed_at: string;
  /** Nobody where the server changed it itself. */
  changed_by: { id: string; name: string } | null;
  definition?: DashboardDefinition;
}

export const savedCharts = () =>
  queryOptions({
    queryKey: ["charts"],
    queryFn: ({ signal }) => callJson<Page<SavedChart>>("/charts", { signal, query: { limit: 200 } }),
  });

export const dashboardVersions = (id: string) =>
  queryOptions({
    queryKey: ["dashboards", id, "versions"],
    queryFn: ({ signal }) => callJson<Page<DashboardVersion>>(`/dashboards/${part(id)}/versions`, { signal }),
  });

/** Saves over the version that was read; 412 means that someone else saved in between. */
export const saveDashboard = async (
  dashboard: Pick<Dashboard, "id" | "version">,
  change: { title?: string; description?: string | null; definition?: DashboardDefinition; public?: boolean },
) =>
  whole(
    await callJson<Dashboard>(`/dashboards/${part(dashboard.id)}`, {
      method: "PATCH",
      headers: { "if-match": `"${dashboard.version}"` },
      body: change,
    }),
  );

/** Where a tile goes that nobody has placed: below everything, at the left edge. */
export const nextRow = (tiles: readonly DashboardTile[]): number => Math.max(0, ...tiles.map((t) => t.y + t.h));

/** A tile's id that no other tile of the dashboard has. */
export function freshTileId(definition: DashboardDefinition, wish = "tile"): string {
  const taken = new Set(definition.tabs.flatMap((tab) => tab.tiles.map((tile) => tile.id)));
  let n = 1;
  while (taken.has(`${wish}-${n}`)) n += 1;
  return `${wish}-${n}`;
}

/** As many as a saved tile gets. */
const TILE_ROWS = 20_000;

interface Draft {
  sql: string;
  catalog: string;
  database: string;
  /** `null` while they are not known; nothing runs then. */
  parameters: FilterValues | null;
}

/** Runs a tile's SQL that is not saved yet, with the filters as parameters, and reads its first rows. */
export const tilePreview = (request: Draft) =>
  queryOptions({
    queryKey: ["tile-preview", request],
    staleTime: Infinity,
    retry: false,
    queryFn:
      request.parameters === null
        ? skipToken
        : async ({ signal }): Promise<DashboardQueryData> => {
            let run = await callJson<Execution>("/executions", {
              method: "POST",
              query: { wait_s: 20 },
              body: request,
              signal,
            });
            while (run.state === "QUEUED" || run.state === "RUNNING")
              run = await callJson<Execution>(`/executions/${part(run.id)}`, { query: { wait_s: 20 }, signal });
            const page =
              run.state === "SUCCEEDED"
                ? await callJson<ResultPage>(`/executions/${part(run.id)}/result`, {
                    query: { format: "json", limit: TILE_ROWS },
                    signal,
                  })
                : { columns: [], rows: [] };
            const { state, statistics, estimate, engine, route_reason, error, id } = run;
            return {
              execution_id: id,
              state,
              ...page,
              truncated: (run.statistics.rows ?? 0) > page.rows.length,
              statistics,
              estimate,
              engine,
              route_reason,
              as_of: null,
              cached: statistics.reused,
              error,
            };
          },
  });
