import type {
  Cell,
  Column,
  Dashboard,
  DashboardData,
  DashboardDefinition,
  DashboardQueryData,
  PageState,
} from "@/api/types";
import demo from "../../../../crates/lakefront/src/demo/dashboard.json";

/*
 * Demo-shaped data for tests: 5 states, 30 DMAs, 60 centres, 91 days, always the same. The figures are made here, not copied
 * from a run.
 */
let seed = 42;
const random = (): number => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
};
const gauss = (): number => Math.sqrt(-2 * Math.log(random() + 1e-12)) * Math.cos(2 * Math.PI * random());

const places: [string, string, [string, number, string][]][] = [
  [
    "CA",
    "California",
    [
      ["Los Angeles", 30, "LAX"],
      ["San Francisco", 15, "SFO"],
      ["San Diego", 9, "SAN"],
      ["Sacramento", 8, "SMF"],
      ["Fresno", 4.2, "FAT"],
      ["Bakersfield", 2.6, "BFL"],
      ["Monterey", 2, "MRY"],
      ["Palm Springs", 1.6, "PSP"],
      ["Santa Barbara", 1.5, "SBA"],
    ],
  ],
  [
    "TX",
    "Texas",
    [
      ["Dallas–Ft. Worth", 19, "DFW"],
      ["Houston", 17, "IAH"],
      ["San Antonio", 7.4, "SAT"],
      ["Austin", 7, "AUS"],
      ["El Paso", 2.8, "ELP"],
      ["Corpus Christi", 1.8, "CRP"],
      ["Lubbock", 1.5, "LBB"],
    ],
  ],
  [
    "FL",
    "Florida",
    [
      ["Miami", 12, "MIA"],
      ["Tampa", 10.5, "TPA"],
      ["Orlando", 9.6, "MCO"],
      ["Jacksonville", 4.4, "JAX"],
      ["Ft. Myers", 3.2, "RSW"],
      ["Tallahassee", 1.8, "TLH"],
    ],
  ],
  [
    "NY",
    "New York",
    [
      ["New York City", 26, "NYC"],
      ["Buffalo", 3.6, "BUF"],
      ["Albany", 3, "ALB"],
      ["Rochester", 2.6, "ROC"],
    ],
  ],
  [
    "IL",
    "Illinois",
    [
      ["Chicago", 20, "ORD"],
      ["Peoria", 1.8, "PIA"],
      ["Springfield", 1.7, "SPI"],
      ["Rockford", 1.6, "RFD"],
    ],
  ],
];
const streets = [
  "Orange Ave",
  "Lark St",
  "Western Ave",
  "Broadway",
  "Montrose Blvd",
  "Geary Blvd",
  "Ashland Ave",
  "Market St",
  "Mission St",
  "Halsted St",
];
const DAYS = 91;
const weekday = [1.01, 0.92, 0.83, 0.89, 0.97, 1.13, 1.25];
const dayOf = (i: number): string => new Date(Date.UTC(2025, 0, 1 + i)).toISOString().slice(0, 10);
const dow = (i: number): number => (3 + i) % 7;

const dmas = places.flatMap(([state, name, list]) =>
  list.map(([dma, weight, code]) => {
    const tilt = 0.6 + 0.9 * random();
    const sunday = 0.16 * gauss();
    const week = weekday.map((w, k) => 1 + (w - 1) * tilt + (k === 0 ? sunday : 0));
    const mean = week.reduce((a, b) => a + b) / 7;
    const days = Array.from(
      { length: DAYS },
      (_, i) =>
        weight *
        830 *
        ((week[dow(i)] ?? 1) / mean) *
        Math.exp(-0.0016 * i) *
        (1 + 0.02 * gauss()) *
        (i === 39 ? 1.13 : i === 0 ? 0.76 : 1),
    );
    return {
      state,
      stateName: name,
      dma,
      code,
      weight,
      days,
      shares: week.map((w) => w / mean - 1),
      restaurants: Math.max(12, Math.round(weight * 12.2)),
      dcs: Math.max(1, Math.round(weight / 4.6)),
    };
  }),
);
const low = (i: number): number => 1 - (0.115 + 0.0013 * i);
const high = (i: number): number => 1 + (0.135 + 0.0019 * i);
const total = (list: number[]): number => list.reduce((a, b) => a + b, 0);
const round4 = (v: number): number => Math.round(v * 1e4) / 1e4;

const columns = (text: string): Column[] =>
  text.split(" ").map((c) => ({ name: c.split(":")[0] ?? "", type: c.split(":")[1] ?? "double" }));
const answer = (cols: string, rows: Cell[][]): DashboardQueryData => ({
  as_of: "2025-01-01T06:12:00Z",
  execution_id: "01JFIXTURE",
  state: "SUCCEEDED",
  columns: columns(cols),
  rows,
  truncated: false,
  statistics: null,
  estimate: null,
  engine: "embedded",
  route_reason: null,
  cached: true,
  error: null,
});

const daily = Array.from({ length: DAYS }, (_, i): Cell[] => {
  const y = total(dmas.map((d) => d.days[i] ?? 0));
  return [dayOf(i), Math.round(y * low(i)), Math.round(y), Math.round(y * high(i))];
});
const centres = dmas.flatMap((d) =>
  Array.from({ length: d.dcs }, (_, k) => {
    const y = total(d.days) / DAYS / d.dcs;
    const load = 0.68 + 0.41 * random() ** 1.5;
    return {
      code: `${d.code}-${k + 1}`,
      state: d.state,
      dma: d.dma,
      code3: d.code,
      y,
      load,
      n: Math.round(d.restaurants / d.dcs),
    };
  }),
);
const stateUnits = new Map(
  places.map(([s]) => [s, total(dmas.filter((d) => d.state === s).map((d) => total(d.days)))]),
);
const ranked = [...dmas].sort(
  (a, b) => (stateUnits.get(b.state) ?? 0) - (stateUnits.get(a.state) ?? 0) || total(b.days) - total(a.days),
);
const dmaRows = ranked.map((d): Cell[] => {
  const units = total(d.days);
  const weeks = Array.from({ length: 13 }, (_, k) => Math.round(total(d.days.slice(k * 7, k * 7 + 7))));
  const top = Math.max(...centres.filter((c) => c.dma === d.dma).map((c) => c.load));
  return [
    d.code,
    d.dma,
    d.state,
    Math.round(units),
    Math.round(stateUnits.get(d.state) ?? 0),
    d.restaurants,
    d.dcs,
    Math.round((units / DAYS) * 0.83),
    Math.round(units / DAYS),
    Math.round((units / DAYS) * 1.22),
    round4((weeks[12] ?? 0) / (weeks[11] ?? 1) - 1),
    weeks,
    round4(top),
    ...[1, 2, 3, 4, 5, 6, 0].map((k) => round4(d.shares[k] ?? 0)),
  ];
});
const items = ["Fries 2.5 kg", "Brioche bun", "Beef patty", "Chicken breast", "Iceberg lettuce"];

export const queries: Record<string, DashboardQueryData> = {
  daily: answer("business_date:date y_05 y_50 y_95", daily),
  dma: answer(
    "dma_id:varchar dma:varchar state:varchar units state_units restaurants:bigint dcs:bigint y_05 y_50 y_95 week_before weeks:array(double) top_load mon tue wed thu fri sat sun",
    dmaRows,
  ),
  top: answer(
    "street:varchar restaurant_id:bigint dma:varchar units",
    streets.map((s, i): Cell[] => [
      s,
      1038 + i * 241,
      ranked[(i * 5) % 30]?.dma ?? "",
      Math.round(25406 * (1 - 0.23 * Math.min(1, i)) * (1 - i * 0.03)),
    ]),
  ),
  dc: answer(
    "code:varchar city:varchar state:varchar dma:varchar y_50 y_95 capacity load",
    [...centres]
      .sort((a, b) => b.load - a.load)
      .map((c): Cell[] => [
        c.code,
        c.dma,
        c.state,
        c.dma,
        Math.round(c.y),
        Math.round(c.y * 1.13),
        Math.round((c.y * 1.13) / c.load),
        round4(c.load),
      ]),
  ),
  items: answer(
    "item:varchar category:varchar week:date y_05 y_50 y_95",
    Array.from({ length: 12 }, (_, w) =>
      items.map((item, k): Cell[] => [
        item,
        "Food",
        dayOf(5 + w * 7),
        0,
        Math.round((420000 - k * 62000) * (1 - w * 0.006) * (1 + 0.03 * Math.sin(w * 1.7 + k))),
        0,
      ]),
    ).flat(),
  ),
  opt_state: answer(
    "value:varchar label:varchar parent:varchar n:bigint centres:bigint",
    places.map(([s, name]): Cell[] => [
      s,
      name,
      null,
      total(dmas.filter((d) => d.state === s).map((d) => d.restaurants)),
      total(dmas.filter((d) => d.state === s).map((d) => d.dcs)),
    ]),
  ),
  opt_dma: answer(
    "value:varchar label:varchar parent:varchar n:bigint centres:bigint",
    ranked.map((d): Cell[] => [d.code, d.dma, d.state, d.restaurants, d.dcs]),
  ),
  opt_dc: answer(
    "value:varchar label:varchar parent:varchar n:bigint",
    centres.map((c): Cell[] => [c.code, c.code, c.dma, c.n]),
  ),
  opt_restaurant: answer(
    "value:varchar label:varchar parent:varchar n:bigint total:bigint",
    Array.from({ length: 60 }, (_, i): Cell[] => [
      String(1001 + i),
      streets[i % 10] ?? "",
      dmas[Math.floor(i / 5)]?.dma ?? "",
      1,
      2750,
    ]),
  ),
  opt_item: answer(
    "value:varchar label:varchar parent:varchar n:bigint",
    items.map((item, i): Cell[] => [String(i + 1), item, "Food", 1]),
  ),
  opt_dates: answer("first_day:date last_day:date", [[dayOf(0), dayOf(90)]]),
};

export const data: DashboardData = {
  data_version: "1",
  as_of: "2025-01-01T06:12:00Z",
  queries,
  totals: { scans: 5, scanned_bytes: 2_103_412, usd: "0.00001", ms: 38, cached: true },
};

export const dashboard: Dashboard = {
  id: "01JDASHBOARD",
  kind: "dashboard",
  slug: "demand-forecast",
  title: "Demand forecast",
  description: null,
  owner: { id: "u1", name: "Mara Keller" },
  collection: "Supply planning",
  starred: true,
  public: false,
  version: 14,
  created_at: "2024-12-01T08:00:00Z",
  updated_at: "2024-12-30T08:00:00Z",
  definition: demo as unknown as DashboardDefinition,
};

/** What the server hands to the page. */
export const pageState = (url = "/d/demand-forecast"): PageState => ({
  url,
  now: "2025-01-01T06:16:00Z",
  theme: "light",
  me: {
    user: { id: "u1", email: "mara@example.com", name: "Mara Keller", role: "admin" },
    groups: [],
    preferences: {},
  },
  data: { dashboard, dashboard_data: data },
});
