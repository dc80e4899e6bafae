import { useQueries } from "@tanstack/react-query";
import { tilePreview } from "@/api/dashboards";
import type { DashboardData, DashboardQueryData, FilterValues } from "@/api/types";
import { ApiError } from "@/api/error";
import { dataKey, tileSql, type DashboardDefinition, type Tile } from "../definition";
import { valuesFor } from "../options";

/** The saved dashboard, and the rows it answers under its own filters. */
interface Answered {
  definition: DashboardDefinition;
  values: FilterValues;
  data: DashboardData | undefined;
  /** It can't be read. */
  failed: boolean;
}

/** A draft with other filters asks for other rows, though a statement be the same. */
const isUnder = (values: FilterValues, answered: Answered): boolean =>
  JSON.stringify(values) === JSON.stringify(answered.values);

/** A run of a statement of the draft; it waits for the days that a range of one end reaches to. */
export const preview = (
  draft: DashboardDefinition,
  sql: string,
  values: FilterValues,
  data: DashboardData | undefined,
) =>
  tilePreview({
    sql,
    catalog: draft.catalog,
    database: draft.database,
    parameters: valuesFor(sql, draft, values, data),
  });

/** Rows for every tile of the draft: those of the saved dashboard where they are the same, else a run of the draft's SQL. */
export function useTileData(
  tiles: readonly Tile[],
  draft: DashboardDefinition,
  answered: Answered,
  values: FilterValues,
  filterData: DashboardData | undefined,
): Map<string, DashboardQueryData | undefined> {
  const { definition: saved, data } = answered;
  const holds = isUnder(values, answered);
  const savedSql = (key: string): string | undefined =>
    key.startsWith("tile:")
      ? saved.tabs.flatMap((t) => t.tiles).find((t) => `tile:${t.id}` === key)?.sql
      : saved.queries[key]?.sql;
  const wanted = tiles.map((tile) => {
    const sql = tileSql(draft, tile);
    const key = dataKey(tile);
    return { id: tile.id, sql, known: holds && savedSql(key) === sql ? data?.queries[key] : undefined };
  });
  const fresh = [...new Set(wanted.filter((w) => !w.known && w.sql.trim() !== "").map((w) => w.sql))];
  const runs = useQueries({ queries: fresh.map((sql) => preview(draft, sql, values, filterData)) });
  return new Map(
    wanted.map((w) => {
      if (w.known) return [w.id, w.known];
      const run = runs[fresh.indexOf(w.sql)];
      return [w.id, run?.data ?? (run?.error ? failed(run.error) : undefined)];
    }),
  );
}

/** The data of the saved dashboard, with the choices of the draft's filters where they are others. */
export function useFilterData(
  draft: DashboardDefinition,
  answered: Answered,
  values: FilterValues,
): DashboardData | undefined {
  const bounds = useAnswers(
    draft.filters.map((filter) => filter.bounds_query),
    draft,
    answered,
    values,
    answered.data ?? (answered.failed ? NOTHING : undefined),
  );
  return useAnswers(
    draft.filters.map((filter) => filter.options_query),
    draft,
    answered,
    values,
    bounds,
  );
}

/** Data with the answers of the named queries of the draft, run where the saved dashboard has none. */
function useAnswers(
  names: readonly (string | undefined)[],
  draft: DashboardDefinition,
  answered: Answered,
  values: FilterValues,
  data: DashboardData | undefined,
): DashboardData | undefined {
  const holds = isUnder(values, answered);
  const fresh = names.flatMap((name) => {
    const sql = name === undefined ? undefined : draft.queries[name]?.sql;
    if (!data || name === undefined || !sql?.trim()) return [];
    const isSaved = holds && sql === answered.definition.queries[name]?.sql && answered.data?.queries[name];
    return isSaved ? [] : [{ name, sql }];
  });
  const runs = useQueries({ queries: fresh.map(({ sql }) => preview(draft, sql, values, data)) });
  if (!data || fresh.length === 0) return data;
  const queries = { ...data.queries };
  for (const [at, { name }] of fresh.entries()) {
    const answer = runs[at]?.data ?? (runs[at]?.error ? failed(runs[at].error) : undefined);
    if (answer) queries[name] = answer;
    else delete queries[name];
  }
  return { ...data, queries };
}

const NOTHING: DashboardData = {
  data_version: "",
  as_of: null,
  queries: {},
  totals: { scans: 0, scanned_bytes: 0, usd: "0", ms: 0, cached: false },
};

const failed = (error: Error): DashboardQueryData => ({
  execution_id: null,
  state: "FAILED",
  columns: [],
  rows: [],
  truncated: false,
  statistics: null,
  estimate: null,
  engine: null,
  route_reason: null,
  cached: false,
  as_of: null,
  error: error instanceof ApiError ? error.problem : null,
});
