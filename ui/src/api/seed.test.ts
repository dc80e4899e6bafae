import { QueryClient } from "@tanstack/react-query";
import { expect, test } from "vitest";
import { parseSearch } from "@/lib/search";
import { filtersFromSearch, tabFromSearch } from "./filters";
import { oneForm, publicDashboard, publicData } from "./public";
import { dashboardBySlug, dashboardData, me } from "./queries";
import { seed } from "./seed";
import type { Dashboard, DashboardData, PageState, PublicDashboard, PublicData } from "./types";

const definition: Dashboard["definition"] = {
  catalog: "local",
  database: "demo",
  queries: {},
  filters: [
    { id: "state", label: "State", type: "list" },
    { id: "item", label: "Item", type: "list" },
    { id: "dates", label: "Dates", type: "date_range", from: "from", to: "to" },
  ],
  tabs: [
    { id: "overview", title: "Overview", tiles: [] },
    { id: "items", title: "Items", tiles: [] },
  ],
};

test("filters come from the address: lists for lists, names of a range one by one, nothing else", () => {
  const search = parseSearch("?to=2025-04-01&state=CA&item=&from=2025-01-01&edit=1");
  expect(filtersFromSearch(definition, search)).toEqual({ state: ["CA"], from: "2025-01-01", to: "2025-04-01" });
  expect(tabFromSearch(definition, parseSearch("?tab=items"))).toBe("items");
  expect(tabFromSearch(definition, parseSearch("?tab=gone"))).toBe("overview");
});

test("what the server read is found under the keys that pages ask for, as old as the render", () => {
  const dashboard = { id: "01J", slug: "demand", definition } as Dashboard;
  const data = { data_version: "7", queries: {} } as unknown as DashboardData;
  const state: PageState = {
    url: "/d/demand?state=TX&state=CA&tab=items",
    now: "2025-01-02T06:16:00Z",
    theme: "system",
    me: { user: { id: "u", email: "e", name: "n", role: "viewer" }, groups: [], preferences: {} },
    data: { dashboard, dashboard_data: data },
  };
  const client = new QueryClient();
  seed(client, state);
  expect(client.getQueryData(me().queryKey)).toBe(state.me);
  expect(client.getQueryData(dashboardBySlug("demand").queryKey)).toBe(dashboard);
  const key = dashboardData("01J", { state: ["TX", "CA"] }, "items").queryKey;
  expect(client.getQueryState(key)).toMatchObject({ data, dataUpdatedAt: Date.parse(state.now) });
});

test("a public dashboard is found with its data, and its addresses have one form", () => {
  const dashboard: PublicDashboard = { slug: "demand", title: "", description: "", definition, refresh_s: 60 };
  const data: PublicData = { as_of: null, queries: {} };
  const client = new QueryClient();
  seed(client, {
    url: "/d/demand?state=TX&state=CA&tab=items&table=top",
    now: "2025-01-02T06:16:00Z",
    theme: "system",
    me: null,
    data: { public: { dashboard, data, data_tag: 'W/"data-1"' } },
  });
  expect(client.getQueryData(publicDashboard("demand").queryKey)).toBe(dashboard);
  // In whatever order the values were chosen.
  const { queryKey } = publicData("demand", definition, { state: ["CA", "TX"] }, "items");
  expect(client.getQueryData(queryKey)).toEqual({ ...data, tag: 'W/"data-1"' });
  expect(queryKey.at(-1)).toBe("?state=CA&state=TX&tab=items");
  expect(oneForm(definition, { to: "2025-01-02", state: ["a b", "a b"], from: "2025-01-01" }, "overview")).toBe(
    "?from=2025-01-01&state=a+b&to=2025-01-02",
  );
});

test("a dashboard whose definition leaves parts out is found with them empty", () => {
  const client = new QueryClient();
  const dashboard = {
    id: "1",
    slug: "bare",
    definition: { tabs: [{ id: "one", title: "One" }] },
  } as unknown as Dashboard;
  const state = {
    url: "/d/bare",
    now: "2025-01-02T06:16:00Z",
    theme: "system",
    me: null,
    data: { dashboard },
  } as const;
  seed(client, state);
  expect(client.getQueryData(dashboardBySlug("bare").queryKey)?.definition).toEqual({
    queries: {},
    filters: [],
    tabs: [{ id: "one", title: "One", tiles: [] }],
  });
});
