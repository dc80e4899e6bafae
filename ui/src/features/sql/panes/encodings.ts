import type { ChartSpec, ChartType, Column } from "@/viz";
import { isNumeric, isTemporal } from "@/viz";

/** One choice of the chart panel: which column, or columns, play a part. */
export interface Encoding {
  key: string;
  label: string;
  wants: "number" | "any" | "time-or-word" | "word";
  many?: boolean;
  optional?: boolean;
}

const X: Encoding = { key: "x", label: "Across", wants: "any" };
const Y: Encoding = { key: "y", label: "Measures", wants: "number", many: true };
const SERIES: Encoding = { key: "series", label: "Split by", wants: "word", optional: true };

export const ENCODINGS: Record<ChartType, Encoding[]> = {
  line: [X, Y, SERIES],
  area: [X, Y, SERIES],
  bar: [X, Y, SERIES],
  fan: [
    { ...X, wants: "time-or-word" },
    { key: "low", label: "Low", wants: "number" },
    { key: "median", label: "Median", wants: "number" },
    { key: "high", label: "High", wants: "number" },
  ],
  scatter: [
    { key: "x", label: "Across", wants: "number" },
    { key: "y", label: "Up", wants: "number" },
    SERIES,
    { key: "label", label: "Label", wants: "any", optional: true },
  ],
  heatmap: [
    { key: "x", label: "Across", wants: "any" },
    { key: "y", label: "Down", wants: "any" },
    { key: "value", label: "Value", wants: "number" },
  ],
  map: [
    { key: "state", label: "State", wants: "word" },
    { key: "value", label: "Value", wants: "number" },
  ],
  number: [
    { key: "value", label: "Value", wants: "number" },
    { key: "low", label: "Low", wants: "number", optional: true },
    { key: "high", label: "High", wants: "number", optional: true },
  ],
  table: [],
  ranked: [
    { key: "label", label: "Label", wants: "any" },
    { key: "value", label: "Value", wants: "number" },
  ],
  capacity: [
    { key: "label", label: "Label", wants: "any" },
    { key: "load", label: "Load", wants: "number" },
  ],
};

function fits(column: Column, wants: Encoding["wants"]): boolean {
  if (wants === "number") return isNumeric(column.type);
  if (wants === "word") return !isNumeric(column.type) && !isTemporal(column.type);
  if (wants === "time-or-word") return !isNumeric(column.type);
  return true;
}

/** Columns for an encoding: those that suit it first. */
export function candidates(columns: readonly Column[], { wants }: Encoding): Column[] {
  const suitable = columns.filter((column) => fits(column, wants));
  // A measure that is no number cannot be drawn at all; other choices may only look odd.
  return wants === "number" ? suitable : [...suitable, ...columns.filter((column) => !fits(column, wants))];
}

/** Another chart of the same columns: what both have keeps its column, the rest takes the first that suits. */
export function changeType(spec: ChartSpec, type: ChartType, columns: readonly Column[]): ChartSpec {
  const old = spec as unknown as Record<string, unknown>;
  const taken = new Set<string>();
  const next: Record<string, unknown> = { type };
  for (const encoding of ENCODINGS[type]) {
    const kept = old[encoding.key];
    const suitable = columns.filter((column) => fits(column, encoding.wants));
    const first = suitable.find((column) => !taken.has(column.name)) ?? suitable[0] ?? columns[0];
    if (encoding.many)
      next[encoding.key] = Array.isArray(kept)
        ? kept
        : typeof kept === "string" && kept !== ""
          ? [kept]
          : first
            ? [first.name]
            : [];
    else if (typeof kept === "string" && columns.some((column) => column.name === kept)) next[encoding.key] = kept;
    else if (Array.isArray(kept) && typeof kept[0] === "string") next[encoding.key] = kept[0];
    else if (!encoding.optional && first) next[encoding.key] = first.name;
    const chosen = next[encoding.key];
    if (typeof chosen === "string") taken.add(chosen);
  }
  return next as unknown as ChartSpec;
}
