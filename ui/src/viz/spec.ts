/**
 * What a chart is: the union stored as JSON in saved charts and dashboards. Every encoding names a result column;
 * `normalizeSpec` turns unknown JSON into one of these or into a sentence that says what is wrong.
 */
export interface Column {
  name: string;
  /** Trino's type name, e.g. `bigint`, `timestamp(3)`. */
  type: string;
}
/** One result row, values in column order, encoded as in the API's JSON (decimals and dates as text). */
export type Row = readonly unknown[];

export type NumberStyle = "number" | "percent" | "compact";

interface Base {
  /** How measured values are written; `percent` multiplies by 100. */
  style?: NumberStyle;
  /** Decimals in full figures; chosen by size when absent. */
  digits?: number;
}

export interface LineSpec extends Base {
  type: "line";
  x: string;
  y: string[];
  /** Splits one measure into a line per value of this column. */
  series?: string;
  /** Starts the axis at zero. */
  zero?: boolean;
}
export interface AreaSpec extends Base {
  type: "area";
  x: string;
  y: string[];
  series?: string;
  stack?: "zero" | "share";
}
export interface BarSpec extends Base {
  type: "bar";
  x: string;
  y: string[];
  series?: string;
  mode?: "grouped" | "stacked";
  horizontal?: boolean;
  sort?: "data" | "value";
}
export interface FanSpec extends Base {
  type: "fan";
  x: string;
  low: string;
  median: string;
  high: string;
  /** Draws a 50 % band between the outer quantiles, said to be interpolated. */
  inner?: boolean;
  /** Named days, as `{"2025-02-09": "Super Bowl"}`. */
  notes?: Record<string, string>;
}
export interface HeatmapSpec extends Base {
  type: "heatmap";
  /** Row label. */
  y: string;
  /** Long form: column label and value. */
  x?: string;
  value?: string;
  /** Wide form: one result column per heatmap column. */
  columns?: { column: string; label?: string }[];
  group?: string;
  scale?: "diverging" | "sequential";
  /** Values beyond ± this take the last class of a diverging scale. */
  limit?: number;
}
export interface ScatterSpec extends Base {
  type: "scatter";
  x: string;
  y: string;
  series?: string;
  label?: string;
}
export interface NumberSpec extends Base {
  type: "number";
  value: string;
  /** With `high`, shows a range instead of one figure. */
  low?: string;
  high?: string;
  /** How rows become the figure; `change` compares the last `period` rows with those before. */
  reduce?: "sum" | "mean" | "min" | "max" | "last" | "change";
  period?: number;
  /** Words after the line of context, e.g. `a day`. */
  per?: string;
  /** Word for what a change counts, e.g. `units`. */
  noun?: string;
  spark?: "line" | "band" | "bars";
  /** Rows that make one step of the sparkline. */
  bucket?: number;
}
export type CellKind = "text" | "muted" | "number" | "bar" | "range" | "change" | "spark" | "peak" | "limit";
export interface TableColumn {
  column: string;
  label?: string;
  cell?: CellKind;
  style?: NumberStyle;
  digits?: number;
  /** Range bars: the other end and the middle. Sparklines and peaks: the columns that make them; without, the column is a list. */
  high?: string;
  middle?: string;
  columns?: string[];
  /** Narrower tiles than this many px do without the column. */
  from?: number;
}
export interface TableSpec extends Base {
  type: "table";
  columns?: TableColumn[];
  sort?: { column: string; descending?: boolean };
  /** Rows shown before "Show all". */
  limit?: number;
}
export interface MapSpec extends Base {
  type: "map";
  /** Two-letter code of a US state; rows of the same state are added up. */
  state: string;
  value: string;
}
export interface RankedSpec extends Base {
  type: "ranked";
  label: string;
  /** Quieter words after the label, joined by a middle dot. */
  detail?: string[];
  value: string;
  limit?: number;
}
export interface CapacitySpec extends Base {
  type: "capacity";
  label: string;
  /** Load as a share of capacity: 1 is the limit. */
  load: string;
  /** The word on the limit line. */
  limit?: string;
}
export type ChartSpec =
  | LineSpec
  | AreaSpec
  | BarSpec
  | FanSpec
  | HeatmapSpec
  | ScatterSpec
  | NumberSpec
  | TableSpec
  | MapSpec
  | RankedSpec
  | CapacitySpec;
export type ChartType = ChartSpec["type"];

export const chartTypes: readonly ChartType[] = [
  "line",
  "area",
  "bar",
  "fan",
  "scatter",
  "heatmap",
  "map",
  "number",
  "table",
  "ranked",
  "capacity",
];
export const chartNames: Record<ChartType, string> = {
  line: "Line",
  area: "Area",
  bar: "Bar",
  fan: "Fan",
  scatter: "Scatter",
  heatmap: "Heatmap",
  map: "Map",
  number: "Number",
  table: "Table",
  ranked: "Ranked list",
  capacity: "Capacity",
};

/** Encodings that name one column each and must be there. */
const required: Record<ChartType, readonly string[]> = {
  line: ["x"],
  area: ["x"],
  bar: ["x"],
  fan: ["x", "low", "median", "high"],
  scatter: ["x", "y"],
  heatmap: ["y"],
  map: ["state", "value"],
  number: ["value"],
  table: [],
  ranked: ["label", "value"],
  capacity: ["label", "load"],
};

type Check = [fits: (v: unknown) => boolean, words: string];
const text: Check = [(v) => typeof v === "string", "a text"];
const texts: Check = [(v) => Array.isArray(v) && v.every((each) => typeof each === "string"), "a list of columns"];
const digits: Check = [(v) => Number.isInteger(v) && Number(v) >= 0 && Number(v) <= 20, "a whole number up to 20"];
const cells: Check = [
  (v) =>
    Array.isArray(v) &&
    v.every((c) => isRecord(c) && typeof c.column === "string" && !misfit(c, { label: text, digits, columns: texts })),
  "a list of settings, each with the name of its “column”",
];

/** Settings that a drawing takes for granted: with another kind of value there it would break. */
const settings: Partial<Record<ChartType, Record<string, Check>>> = {
  fan: { notes: [(v) => isRecord(v) && Object.values(v).every(text[0]), "words by day"] },
  heatmap: { columns: cells },
  table: { columns: cells },
  ranked: { detail: texts },
  capacity: { limit: text },
};

function misfit(spec: Record<string, unknown>, checks: Record<string, Check>): string | undefined {
  for (const [key, [fits, words]] of Object.entries(checks))
    if ((spec[key] ?? null) !== null && !fits(spec[key])) return `“${key}” must be ${words}.`;
  return undefined;
}

export type Normalized = { spec: ChartSpec; problem?: undefined } | { spec?: undefined; problem: string };

/** Accepts what is stored, or says in one sentence what to change. With `columns` also checks that they are there. */
export function normalizeSpec(input: unknown, columns?: readonly Column[]): Normalized {
  if (!isRecord(input)) return { problem: "The chart has no settings. Choose a chart type." };
  const type = input.type;
  if (typeof type !== "string" || !isChartType(type))
    return { problem: `The chart type “${String(type)}” is not known. Use one of ${chartTypes.join(", ")}.` };
  const spec: Record<string, unknown> = { ...input };
  for (const key of required[type])
    if (typeof spec[key] !== "string" || spec[key] === "")
      return { problem: `A ${chartNames[type].toLowerCase()} chart needs a column for “${key}”.` };
  if (type === "line" || type === "area" || type === "bar") {
    const y = typeof spec.y === "string" ? [spec.y] : spec.y;
    if (!Array.isArray(y) || y.length === 0 || !y.every((v) => typeof v === "string"))
      return { problem: `A ${type} chart needs at least one column for “y”.` };
    spec.y = y;
  }
  if (
    type === "heatmap" &&
    !Array.isArray(spec.columns) &&
    (typeof spec.x !== "string" || typeof spec.value !== "string")
  )
    return { problem: "A heatmap needs columns for “x” and “value”, or a list of “columns”." };
  const problem = misfit(spec, { digits, ...settings[type] });
  if (problem) return { problem };
  const normalized = spec as unknown as ChartSpec;
  if (columns) {
    const known = new Set(columns.map((c) => c.name));
    const missing = usedColumns(normalized).filter((name) => !known.has(name));
    if (missing.length > 0)
      return { problem: `The result has no column “${missing[0]}”. It has ${listOf(columns.map((c) => c.name))}.` };
  }
  return { spec: normalized };
}

/** Every result column a chart reads. */
export function usedColumns(spec: ChartSpec): string[] {
  const names: (string | undefined)[] = [];
  switch (spec.type) {
    case "line":
    case "area":
    case "bar":
      names.push(spec.x, ...spec.y, spec.series);
      break;
    case "fan":
      names.push(spec.x, spec.low, spec.median, spec.high);
      break;
    case "scatter":
      names.push(spec.x, spec.y, spec.series, spec.label);
      break;
    case "heatmap":
      names.push(spec.y, spec.group, ...(spec.columns ? spec.columns.map((c) => c.column) : [spec.x, spec.value]));
      break;
    case "map":
      names.push(spec.state, spec.value);
      break;
    case "number":
      names.push(spec.value, spec.low, spec.high);
      break;
    case "ranked":
      names.push(spec.label, ...(spec.detail ?? []), spec.value);
      break;
    case "capacity":
      names.push(spec.label, spec.load);
      break;
    case "table":
      for (const c of spec.columns ?? []) names.push(c.column, c.high, c.middle, ...(c.columns ?? []));
      if (spec.sort) names.push(spec.sort.column);
  }
  return [...new Set(names.filter((n): n is string => typeof n === "string" && n !== ""))];
}

const numeric = /^(tinyint|smallint|integer|int|bigint|real|float|double|decimal)/;
const temporal = /^(date|timestamp)/;
export const isNumeric = (type: string): boolean => numeric.test(type);
export const isTemporal = (type: string): boolean => temporal.test(type);

/** A sensible first chart for a result: time gives lines (or a fan), a category gives bars, the rest is a table. */
export function suggestSpec(columns: readonly Column[]): ChartSpec {
  const numbers = columns.filter((c) => isNumeric(c.type) && !/(^|_)id$/.test(c.name)).map((c) => c.name);
  const time = columns.find((c) => isTemporal(c.type))?.name;
  const words = columns.filter((c) => !isNumeric(c.type) && !isTemporal(c.type)).map((c) => c.name);
  const low = numbers.find((n) => /(^|_)(p?0?5|low|lower|min)$/.test(n));
  const high = numbers.find((n) => /(^|_)(p?95|high|upper|max)$/.test(n));
  const median = numbers.find((n) => /(^|_)(p?50|median|mid|mean)$/.test(n));
  if (time && low && median && high && words.length === 0)
    return { type: "fan", x: time, low, median, high, inner: true };
  const first = numbers[0];
  if (time && first)
    return words[0]
      ? { type: "line", x: time, y: [first], series: words[0] }
      : { type: "line", x: time, y: numbers.slice(0, 5) };
  const category = words[0];
  if (category && first) {
    if (/^state$/i.test(category)) return { type: "map", state: category, value: first };
    return { type: "bar", x: category, y: [first] };
  }
  if (columns.length === 1 && first) return { type: "number", value: first };
  if (numbers.length >= 2 && words.length === 0) return { type: "scatter", x: numbers[0] ?? "", y: numbers[1] ?? "" };
  return { type: "table" };
}

const isRecord = (v: unknown): v is Record<string, unknown> => typeof v === "object" && v !== null && !Array.isArray(v);
const isChartType = (v: string): v is ChartType => (chartTypes as readonly string[]).includes(v);
const listOf = (names: string[]): string => {
  const shown = names.slice(0, 6).map((n) => `“${n}”`);
  return names.length > 6 ? `${shown.join(", ")} and ${names.length - 6} more` : shown.join(", ") || "none";
};
