import type { QueryClient } from "@tanstack/react-query";
import { filtersFromSearch, tabFromSearch } from "./filters";
import { publicDashboard, publicData } from "./public";
import { dashboardBySlug, dashboardData, listed, me, missingDashboard } from "./queries";
import type { PageState } from "./types";
import { whole } from "./whole";
import { parseSearch } from "@/lib/search";

/**
 * Puts what the server already read into the cache, under the keys the pages will ask for.
 * The time is that of the render: with an older one the browser would fetch everything again at once.
 */
export function seed(client: QueryClient, state: PageState) {
  const updatedAt = Date.parse(state.now);
  if (state.me) client.setQueryData(me().queryKey, state.me, { updatedAt });
  const { dashboard, dashboard_data: data, public: shown, saved, missing } = state.data;
  if (saved) client.setQueryData(listed.dashboards, saved.dashboards);
  if (saved?.queries) client.setQueryData(listed.queries, saved.queries);
  if (missing) client.setQueryData(missingDashboard(missing.slug), missing.problem);
  const search = parseSearch(state.url.split("?")[1] ?? "");
  if (shown) {
    const { slug, definition } = shown.dashboard;
    client.setQueryData(publicDashboard(slug).queryKey, shown.dashboard, { updatedAt });
    const [values, tab] = [filtersFromSearch(definition, search), tabFromSearch(definition, search)];
    client.setQueryData(
      publicData(slug, definition, values, tab).queryKey,
      { ...shown.data, tag: shown.data_tag ?? null },
      { updatedAt },
    );
  }
  if (!dashboard) return;
  client.setQueryData(dashboardBySlug(dashboard.slug).queryKey, whole(dashboard), { updatedAt });
  if (!data) return;
  const key = dashboardData(
    dashboard.id,
    filtersFromSearch(whole(dashboard).definition, search),
    tabFromSearch(whole(dashboard).definition, search),
  ).queryKey;
  client.setQueryData(key, data, { updatedAt });
}
