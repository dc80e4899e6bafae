import type { CellType, Page, Raw } from "./arrow";
import { cellText, columnFormat, exactText, isContinuous, position, type ColumnFormat } from "./cells";

/** What a column head shows: the shape of the column in the first page. */
export interface ColumnSummary {
  name: string;
  type: CellType;
  format: ColumnFormat;
  nulls: number;
  /** Counts per bin, for columns with an order. */
  bins: number[] | null;
  low: string;
  high: string;
  /** Smallest and largest position, for in-cell bars. */
  range: [number, number] | null;
  /** Counts of the most frequent values, then of all others. */
  categories: number[] | null;
  distinct: number;
  /** Rows looked at. */
  rows: number;
}

const BINS = 20;
const CATEGORIES = 8;

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** 11.4k, 0.118, 191k: three figures, as on an axis. */
export function compact(value: number): string {
  const size = Math.abs(value);
  const sign = value < 0 ? "\u2212" : "";
  for (const [limit, unit] of [
    [1e12, "T"],
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ] as const) {
    if (size >= limit * 0.9995) {
      const scaled = size / limit;
      return `${sign}${scaled >= 99.95 ? scaled.toFixed(0) : scaled >= 9.995 ? scaled.toFixed(1) : Number(scaled.toFixed(2))}${unit}`;
    }
  }
  if (size === 0) return "0";
  if (size < 0.001) return `${sign}${size.toExponential(0).replace("-", "\u2212")}`;
  return `${sign}${Number(size.toPrecision(3))}`;
}

/** As the cells write it where that is short, as years are. */
function edge(value: number, cell: Raw, type: CellType, format: ColumnFormat): string {
  if (type.kind === "date" || type.kind === "timestamp") {
    const date = new Date(value);
    return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
  }
  const isShort = type.kind === "integer" && Math.abs(value) < 10_000;
  return (isShort ? cellText(cell, type, format) : null) ?? compact(value);
}

function histogram(values: number[], low: number, high: number): number[] {
  const bins = Array.from({ length: low === high ? 1 : BINS }, () => 0);
  for (const value of values) {
    const bin = low === high ? 0 : Math.min(BINS - 1, Math.floor(((value - low) / (high - low)) * BINS));
    bins[bin] = (bins[bin] ?? 0) + 1;
  }
  return bins;
}

export function summarize(page: Page): ColumnSummary[] {
  return page.columns.map((column) => {
    const raw = Array.from({ length: page.rows }, (_, row) => column.at(row));
    const format = columnFormat(column.name, column.type, raw);
    const nulls = raw.filter((value) => value === null || value === undefined).length;
    const base = { name: column.name, type: column.type, format, nulls, rows: page.rows };
    if (isContinuous(column.type)) {
      const positions = raw.map((value) => position(value, column.type)).filter((value) => value !== null);
      if (positions.length === 0)
        return { ...base, bins: null, low: "", high: "", range: null, categories: null, distinct: 0 };
      const low = positions.reduce((a, b) => Math.min(a, b));
      const high = positions.reduce((a, b) => Math.max(a, b));
      const cell = (at: number) => raw.find((value) => position(value, column.type) === at);
      return {
        ...base,
        bins: histogram(positions, low, high),
        low: edge(low, cell(low), column.type, format),
        high: edge(high, cell(high), column.type, format),
        range: [low, high],
        categories: null,
        distinct: new Set(positions).size,
      };
    }
    const counts = new Map<string, number>();
    for (const value of raw) {
      const text = exactText(value, column.type);
      if (text !== null) counts.set(text, (counts.get(text) ?? 0) + 1);
    }
    const sorted = [...counts.values()].sort((a, b) => b - a);
    const rest = sorted.slice(CATEGORIES).reduce((sum, count) => sum + count, 0);
    return {
      ...base,
      bins: null,
      low: "",
      high: "",
      range: null,
      categories: rest > 0 ? [...sorted.slice(0, CATEGORIES), rest] : sorted,
      distinct: counts.size,
    };
  });
}

/** Characters of a type that a column's head makes room for; a longer one is cut. */
const TYPE_ROOM = 20;

/** Width in pixels that shows the head and the first rows without cutting most of them. */
export function naturalWidth(summary: ColumnSummary, page: Page, index: number, typeName: string): number {
  const column = page.columns[index];
  const lengths = Array.from(
    { length: Math.min(page.rows, 60) },
    (_, row) => (column && cellText(column.at(row), column.type, summary.format)?.length) ?? 4,
  );
  const longest = Math.max(0, ...lengths);
  const head = summary.name.length * 7 + Math.min(TYPE_ROOM, typeName.length) * 6.6 + 54;
  return Math.round(Math.min(420, Math.max(116, head, longest * 7.4 + 26)));
}
