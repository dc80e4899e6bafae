import { queryOptions } from "@tanstack/react-query";
import { stringifySearch } from "@/lib/search";
import { call } from "./client";
import { parametersOf } from "./filters";
import type { DashboardData, DashboardDefinition, FilterValues, PublicDashboard, PublicData } from "./types";

/** Comes with the page and in no other way. */
export const publicDashboard = (slug: string) =>
  queryOptions({
    queryKey: ["public", slug],
    queryFn: (): Promise<PublicDashboard> => Promise.reject(new Error("A public dashboard comes with its page.")),
    enabled: false,
    staleTime: Infinity,
  });

/**
 * Every tile's data. Whoever has some asks whether it still holds: then the answer is 304 without a body, and the same
 * object stays, so that nothing is drawn again.
 */
export const publicData = (
  slug: string,
  definition: PublicDashboard["definition"],
  values: FilterValues,
  tab: string | undefined,
) => {
  const search = oneForm(definition, values, tab);
  return queryOptions({
    queryKey: ["public", slug, "data", search],
    queryFn: async ({ client, queryKey, signal }): Promise<PublicData> => {
      const before = client.getQueryData<PublicData>(queryKey);
      const response = await call(`/public/dashboards/${encodeURIComponent(slug)}/data${search}`, {
        signal,
        // What this browser keeps besides is of no use: the tag says more.
        cache: "no-store",
        ...(before?.tag ? { headers: { "if-none-match": before.tag } } : {}),
      });
      if (response.status === 304 && before) return before;
      return { ...((await response.json()) as PublicData), tag: response.headers.get("etag") };
    },
    select: asRead,
    retry: false,
  });
};

/** The query string in the server's one form for a view, so that all who see it share a cache's entry. */
export function oneForm(
  { filters, tabs }: Pick<DashboardDefinition, "filters" | "tabs">,
  values: FilterValues,
  tab: string | undefined,
): string {
  const pairs: [string, unknown][] = filters.flatMap(parametersOf).map((name): [string, unknown] => {
    const value = values[name];
    return [name, Array.isArray(value) ? [...new Set(value)].sort() : value];
  });
  if (tab !== tabs[0]?.id) pairs.push(["tab", tab]);
  return stringifySearch(Object.fromEntries(pairs.sort(([a], [b]) => (a < b ? -1 : 1))));
}

/** In the shape that dashboards are drawn from; what nobody may know is not there. */
const asRead = ({ as_of, queries }: PublicData): DashboardData => ({
  data_version: "",
  as_of,
  queries: Object.fromEntries(
    Object.entries(queries).map(([name, rows]) => [
      name,
      {
        ...rows,
        execution_id: null,
        statistics: null,
        estimate: null,
        engine: null,
        route_reason: null,
        cached: false,
        error: null,
      },
    ]),
  ),
  totals: { scans: 0, scanned_bytes: 0, usd: "0", ms: 0, cached: false },
});
