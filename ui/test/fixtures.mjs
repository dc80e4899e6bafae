// A small server's worth of answers, shaped as the API's.

const owner = { id: "01JUSER000000000000000MARA", name: "Mara Keller" };
const jonas = { id: "01JUSER00000000000000JONAS", name: "Jonas Brandt" };
export const NOW = "2025-01-02T06:16:00Z";

export const me = {
  user: { id: owner.id, email: "mara.keller@acme.example", name: owner.name, role: "admin" },
  groups: [],
  preferences: { theme: "system" },
};

const saved = (kind, slug, title, extra = {}) => ({
  id: `01J${kind.toUpperCase()}${slug}`,
  kind,
  slug,
  title,
  description: null,
  owner,
  collection: "Supply planning",
  starred: false,
  version: 3,
  created_at: "2024-11-02T09:00:00Z",
  updated_at: "2024-12-30T15:20:00Z",
  definition: {},
  ...extra,
});

const empty = {
  catalog: "local",
  database: "demo",
  queries: {},
  filters: [],
  tabs: [{ id: "overview", title: "Overview", tiles: [] }],
};

export const dashboards = [
  saved("dashboard", "demand-forecast", "Demand forecast", {
    starred: true,
    definition: empty,
    updated_at: "2025-01-02T05:40:00Z",
  }),
  saved("dashboard", "replenishment", "Replenishment", { definition: empty, updated_at: "2025-01-01T11:00:00Z" }),
  saved("dashboard", "forecast-accuracy", "Forecast accuracy", { definition: empty, owner: jonas }),
];

export const queries = [
  saved("query", "promo", "Promo review by DMA", { starred: true, updated_at: "2025-01-01T16:00:00Z" }),
  saved("query", "stock-outs", "Stock-outs by hour", { owner: jonas, collection: null }),
];

const column = (name, type, comment) => ({ name, type, comment });
const forecastColumns = [
  column("restaurant_id", "bigint", "Key of demo.restaurant"),
  column("inventory_item_id", "bigint", "Key of demo.item"),
  column("business_date", "date", "Local trading day of the restaurant"),
  column("dma_id", "varchar", "Market area"),
  column("dc_id", "bigint", "Distribution centre that delivers; null while a new site waits for one"),
  column("y_05", "double", "5th percentile, units"),
  column("y_50", "double", "Median, units"),
  column("y_95", "double", "95th percentile, units"),
];
const states = { CA: 398_125, TX: 304_395, FL: 223_405, NY: 190_190, IL: 135_135 };

export const tables = [
  { name: "dc", rows: 60, bytes: 12_000, files: 1, updated_at: "2025-01-01T06:12:00Z" },
  { name: "dma", rows: 30, bytes: 4_100, files: 1, updated_at: "2025-01-01T06:12:00Z" },
  { name: "forecast", rows: 1_251_250, bytes: 38_200_000, files: 40, updated_at: "2025-01-02T06:12:00Z" },
  { name: "item", rows: 5, bytes: 1_900, files: 1, updated_at: "2024-12-01T06:12:00Z" },
  { name: "restaurant", rows: 2_750, bytes: 214_000, files: 1, updated_at: "2024-12-28T06:12:00Z" },
];

export const table = (name) => ({
  catalog: "local",
  database: "demo",
  name,
  description:
    "Daily demand per restaurant and item, as three quantiles, written every morning by the planning model. One row per restaurant, item and day.",
  format: "parquet",
  compression: "zstd",
  location: "demo/forecast/",
  version: "214",
  columns: forecastColumns,
  partition_keys: [column("state", "varchar", "State the restaurant is in")],
  files: 40,
  bytes: 38_200_000,
  rows: 1_251_250,
  row_groups: 96,
  updated_at: "2025-01-02T06:12:00Z",
  partitions: Object.entries(states).map(([state, rows]) => ({ values: { state }, files: 8, bytes: rows * 31, rows })),
  file_list: Array.from({ length: 12 }, (_, i) => ({
    path: `state=CA/part-${i}.parquet`,
    bytes: 955_000,
    rows: 31_281,
    modified_at: "2025-01-02T06:12:00Z",
  })),
  used_by: dashboards.slice(0, 2),
});

export const preview = {
  columns: [...forecastColumns, column("state", "varchar")].map(({ name, type }) => ({ name, type })),
  rows: Array.from({ length: 20 }, (_, i) => [
    1038 + i,
    1,
    "2025-01-01",
    "LAX",
    i === 3 ? null : 12,
    20.9 + i,
    25.4 + i,
    33.1 + i,
    "CA",
  ]),
};

export const executions = [
  {
    id: "01JRUN1",
    state: "SUCCEEDED",
    sql: "select state, sum(y_50) from forecast group by 1",
    engine: "embedded",
    route_reason: null,
    estimate: null,
    statistics: { scanned_bytes: 12_400_000, usd: "0.00006", rows: 5, reused: false },
    columns: null,
    error: null,
    created_at: NOW,
  },
];

export const tokens = [
  {
    id: "01JTOK1",
    name: "Nightly export",
    prefix: "lf_8Kq2",
    scopes: ["read"],
    created_at: NOW,
    expires_at: "2025-04-01T00:00:00Z",
    last_used_at: "2025-01-02T02:00:00Z",
  },
];

const page = (items) => ({ items, next_cursor: null });

/** The answer to a GET below `/api/v1`, or undefined. */
export function answer(path) {
  const fixed = {
    "/auth/me": me,
    "/auth/state": { setup_required: false },
    "/me/preferences": me.preferences,
    "/dashboards": page(dashboards),
    "/queries": page(queries),
    "/charts": page([]),
    "/executions": page(executions),
    "/tokens": page(tokens),
    "/catalogs": page([{ name: "local", kind: "local" }]),
    "/catalogs/local/databases": page([
      { name: "demo", tables: tables.length },
      { name: "finance", tables: 14 },
    ]),
    "/catalogs/local/databases/demo/tables": page(tables),
    "/catalogs/local/databases/finance/tables": page([]),
    "/catalogs/local/databases/demo/tables/forecast/preview": preview,
  };
  if (path in fixed) return fixed[path];
  const one = /^\/catalogs\/local\/databases\/demo\/tables\/(\w+)$/.exec(path);
  if (one && tables.some(({ name }) => name === one[1])) return table(one[1]);
  const board = /^\/dashboards\/by-slug\/([\w-]+)$/.exec(path);
  return board ? dashboards.find(({ slug }) => slug === board[1]) : undefined;
}
