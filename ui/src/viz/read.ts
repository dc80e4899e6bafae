import type { Column, Row } from "./spec";

/** Finds a column; layouts run only on specs whose columns are known to be there. */
export const indexOf = (columns: readonly Column[], name: string | undefined): number =>
  name === undefined ? -1 : columns.findIndex((c) => c.name === name);

/** A finite number, or null for what is none: NULL, NaN, infinities, words. Decimals arrive as text. */
export function toNumber(v: unknown): number | null {
  if (typeof v === "number") return Number.isFinite(v) ? v : null;
  if (typeof v === "bigint") return Number(v);
  if (typeof v === "string" && v.trim() !== "") {
    const n = Number(v);
    return Number.isFinite(n) ? n : null;
  }
  return null;
}

const stamp = /^([+-]?\d{4,6})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,3}))?)?)?/;

/** Milliseconds since 1970 in UTC of a date or timestamp, as text, number of ms, or Date. */
export function toTime(v: unknown): number | null {
  if (v instanceof Date) return v.getTime();
  if (typeof v === "number") return Number.isFinite(v) ? v : null;
  if (typeof v === "bigint") return Number(v);
  if (typeof v !== "string") return null;
  if (v.length > 32) return written(v);
  let time = times.get(v);
  if (time === undefined) {
    if (times.size >= 5000) times.clear();
    times.set(v, (time = written(v)));
  }
  return time;
}
/** The same days come in every tile and, on the server, in every page. */
const times = new Map<string, number | null>();
function written(text: string): number | null {
  const m = stamp.exec(text);
  if (!m) return null;
  const [, y, mo, d, h = "0", mi = "0", s = "0", ms = "0"] = m;
  return Date.UTC(Number(y), Number(mo) - 1, Number(d), Number(h), Number(mi), Number(s), Number(ms.padEnd(3, "0")));
}

/** A value as a label. NULL is told apart by whoever draws it. */
export function toText(v: unknown): string {
  if (v === null || v === undefined) return "null";
  if (typeof v === "string") return v;
  if (v instanceof Date) return v.toISOString();
  return typeof v === "object" ? JSON.stringify(v) : String(v);
}

/** A date or timestamp in ISO form, whether it came as text, Date or milliseconds. */
export function toStamp(v: unknown, type: string): string {
  const ms = typeof v === "string" ? null : toTime(v);
  if (ms === null) return toText(v);
  const iso = new Date(ms).toISOString();
  return type.startsWith("date") ? iso.slice(0, 10) : iso.replace("T", " ").replace(/(\.000)?Z$/, "");
}

export const numbersOf = (rows: readonly Row[], column: number): (number | null)[] =>
  rows.map((r) => toNumber(r[column]));

/** Least and greatest of what is there; null when nothing is. */
export function extent(values: Iterable<number | null>): [number, number] | null {
  let low = Infinity;
  let high = -Infinity;
  for (const v of values) {
    if (v === null) continue;
    if (v < low) low = v;
    if (v > high) high = v;
  }
  return low > high ? null : [low, high];
}
