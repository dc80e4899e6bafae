import { indexOf, toNumber, toText, toTime } from "../read";
import { isNumeric, isTemporal, type Column } from "../spec";
import type { Source } from "../drawing";

export type XKind = "time" | "number" | "word";
export interface Series {
  name: string;
  values: (number | null)[];
  rows: number[];
  total: number;
}
export interface Pivot {
  kind: XKind;
  /** Time in ms or numbers; words count from 0. */
  xs: number[];
  names: string[];
  series: Series[];
}

const kindOf = (column: Column | undefined): XKind =>
  column && isTemporal(column.type) ? "time" : column && isNumeric(column.type) ? "number" : "word";

/** Long or wide rows as one list of values per series over shared x places; rows of one place are added up. */
export function pivot(
  spec: { x: string; y: string[]; series?: string },
  { columns, rows }: Source,
  words = false,
): Pivot {
  const xi = indexOf(columns, spec.x);
  const kind = words && kindOf(columns[xi]) === "number" ? "word" : kindOf(columns[xi]);
  const keys = new Map<number | string, number>();
  const places: { x: number; name: string }[] = [];
  const slot = (v: unknown): number => {
    const key = kind === "word" ? toText(v) : kind === "time" ? toTime(v) : toNumber(v);
    if (key === null) return -1;
    const known = keys.get(key);
    if (known !== undefined) return known;
    keys.set(key, places.length);
    places.push({ x: typeof key === "number" ? key : places.length, name: toText(v) });
    return places.length - 1;
  };
  const slots = rows.map((r) => slot(r[xi]));
  const order = places.map((_, i) => i);
  if (kind !== "word") order.sort((a, b) => (places[a]?.x ?? 0) - (places[b]?.x ?? 0));
  const rank: number[] = [];
  order.forEach((from, to) => {
    rank[from] = to;
  });
  const si = indexOf(columns, spec.series);
  const byName = new Map<string, Series>();
  const get = (name: string): Series => {
    let s = byName.get(name);
    if (!s) {
      s = {
        name,
        values: places.map(() => null),
        rows: places.map(() => -1),
        total: 0,
      };
      byName.set(name, s);
    }
    return s;
  };
  for (const y of spec.y) {
    const yi = indexOf(columns, y);
    if (si < 0) get(y);
    rows.forEach((r, i) => {
      const at = rank[slots[i] ?? -1];
      if (at === undefined) return;
      const v = toNumber(r[yi]);
      const s = get(si < 0 ? y : spec.y.length > 1 ? `${toText(r[si])}, ${y}` : toText(r[si]));
      if (v === null) return;
      s.values[at] = (s.values[at] ?? 0) + v;
      if ((s.rows[at] ?? -1) < 0) s.rows[at] = i;
      s.total += Math.abs(v);
    });
  }
  const series = [...byName.values()];
  if (si >= 0) series.sort((a, b) => b.total - a.total || (a.name < b.name ? -1 : 1));
  return { kind, xs: order.map((i) => places[i]?.x ?? 0), names: order.map((i) => places[i]?.name ?? ""), series };
}

/** Five series in colour; the rest are context. */
export const tone = (i: number, count: number): string => (count <= 9 || i < 5 ? `c${i + 1}` : "cx");
