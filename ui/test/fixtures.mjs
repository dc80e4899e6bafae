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
  queries: { daily: { sql: "select business_date, sum(y_50) from forecast group by 1" } },
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
  saved("query", "promo", "Promo review by DMA", {
    definition: { sql: "select dma_id, sum(y_50) from demo.forecast group by 1", catalog: "local", database: "demo" },
    starred: true,
    updated_at: "2025-01-01T16:00:00Z",
  }),
  saved("query", "stock-outs", "Stock-outs by hour", { owner: jonas, collection: null }),
];

const column = (name, type, comment = null) => ({ name, type, comment, partition: false });
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

const summary = (name, bytes, files, updated_at) => ({
  catalog: "local",
  database: "demo",
  name,
  rows: null,
  bytes,
  files,
  format: "parquet",
  updated_at,
  problems: [],
});

export const tables = [
  summary("dc", 12_000, 1, "2025-01-01T06:12:00Z"),
  summary("dma", 4_100, 1, "2025-01-01T06:12:00Z"),
  summary("forecast", 38_200_000, 40, "2025-01-02T06:12:00Z"),
  summary("item", 1_900, 1, "2024-12-01T06:12:00Z"),
  summary("restaurant", 214_000, 1, "2024-12-28T06:12:00Z"),
];

export const table = (name) => ({
  catalog: "local",
  database: "demo",
  name,
  columns: forecastColumns,
  partition_keys: [{ ...column("state", "varchar", "State the restaurant is in"), partition: true }],
  format: "parquet",
  format_text: "Parquet, zstd",
  location: "demo/forecast/",
  files: 40,
  bytes: 38_200_000,
  rows: 1_251_250,
  version: "214",
  updated_at: "2025-01-02T06:12:00Z",
  problems: [],
});

export const partitions = {
  columns: [
    { name: "state", type: "varchar" },
    { name: "n", type: "bigint" },
  ],
  rows: Object.entries(states),
};

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
    "/catalogs": page([
      {
        name: "local",
        kind: "local",
        location: "/data/lake",
        databases: 2,
        tables: 19,
        files: 44,
        bytes: 38_432_000,
        listed_at: NOW,
        error: null,
        warnings: [],
      },
    ]),
    "/catalogs/local/databases": page([
      { name: "demo", tables: tables.length, bytes: 38_432_000, newest: NOW },
      { name: "finance", tables: 14, bytes: 0, newest: null },
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
