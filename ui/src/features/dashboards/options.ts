import { parametersOf, rangeNames } from "@/api/filters";
import type { DashboardData, FilterValues } from "@/api/types";
import { full } from "@/lib/format";
import { dayRange, isTime } from "./dates";
import { joins, type DashboardDefinition, type Filter } from "./definition";

export interface Option {
  value: string;
  label: string;
  parent: string | null;
  n: number;
  /** Further counts the options query names, e.g. `centres`. */
  counts: Record<string, number>;
}
export interface Options {
  list: Option[];
  /** How many there are; more than are listed when the query stops early. */
  total: number;
}

const NO_COUNTS = {};
const asCount = (v: unknown): number => (Number.isFinite(Number(v)) ? Number(v) : 0);

/** The choices of a list filter, from its options query: value, label, parent, n, further counts. */
export function optionsOf(filter: Filter, data: DashboardData | undefined): Options | null {
  const answer = filter.options_query ? data?.queries[filter.options_query] : undefined;
  if (!answer?.columns?.length) return null;
  const at = (name: string): number => answer.columns.findIndex((c) => c.name === name);
  const [value, label, parent, n, total] = [at("value"), at("label"), at("parent"), at("n"), at("total")];
  const more = answer.columns.flatMap((c, i) =>
    ["value", "label", "parent", "n", "total"].includes(c.name) ? [] : [{ name: c.name, i }],
  );
  // Null and no text are what an address can't choose.
  const rows = answer.rows.filter((r) => (r[value] ?? "") !== "");
  const list = rows.map((r): Option => ({
    value: String(r[value]),
    label: String(r[label] ?? r[value]),
    parent: parent < 0 || r[parent] === null || r[parent] === undefined ? null : String(r[parent]),
    n: asCount(r[n] ?? 0),
    counts: more.length ? Object.fromEntries(more.map((m) => [m.name, asCount(r[m.i])])) : NO_COUNTS,
  }));
  const known = total < 0 ? undefined : answer.rows[0]?.[total];
  return { list, total: known === undefined ? list.length : asCount(known) - (answer.rows.length - rows.length) };
}

const day = (value: unknown): string | undefined => (typeof value === "string" ? value.slice(0, 10) : undefined);

/** The first and the last day of a filter's bounds query, as far as there are such. */
function endsOf(filter: Filter, data: DashboardData | undefined): [string | undefined, string | undefined] {
  const row = filter.bounds_query ? data?.queries[filter.bounds_query]?.rows[0] : undefined;
  return [day(row?.[0]), day(row?.[1])];
}

/** The days a date filter can reach, from its bounds query. */
export function boundsOf(filter: Filter, data: DashboardData | undefined): { from: string; to: string } | null {
  const [from, to] = endsOf(filter, data);
  return from !== undefined && to !== undefined ? { from, to } : null;
}

export const chosen = (filter: Filter, values: FilterValues): string[] => {
  const v = values[filter.id];
  return Array.isArray(v) ? v : v ? [v] : [];
};
export function chosenRange(filter: Filter, values: FilterValues): { from?: string; to?: string } {
  const [f, t] = rangeNames(filter);
  const from = values[f];
  const to = values[t];
  return { ...(typeof from === "string" ? { from } : {}), ...(typeof to === "string" ? { to } : {}) };
}

/**
 * The values under which a statement runs. A range of which one end is set reaches to the first or last day there is where
 * one clause compares with both, as the server has it; `null` while that day is not known.
 */
export function valuesFor(
  sql: string,
  definition: DashboardDefinition,
  values: FilterValues,
  data: DashboardData | undefined,
): FilterValues | null {
  const ends: FilterValues = {};
  for (const filter of definition.filters) {
    if (filter.type !== "date_range" || filter.bounds_query === undefined) continue;
    const [from, to] = rangeNames(filter);
    if ((values[from] === undefined) === (values[to] === undefined) || !joins(sql, [from, to])) continue;
    const statement = definition.queries[filter.bounds_query]?.sql ?? "";
    if (statement.trim() === "" || joins(statement, [from, to])) continue;
    if (!data?.queries[filter.bounds_query]) return null;
    const [first, last] = endsOf(filter, data);
    if (first !== undefined && values[from] === undefined) ends[from] = first;
    if (last !== undefined && values[to] === undefined) ends[to] = last;
  }
  return { ...ends, ...values };
}

/** What a filter shows when closed, and whether it narrows anything. */
export function summary(
  filter: Filter,
  values: FilterValues,
  options: Options | null,
  bounds: { from: string; to: string } | null,
): { text: string; on: boolean } {
  if (filter.type === "date_range") {
    const { from, to } = chosenRange(filter, values);
    const a = from ?? bounds?.from;
    const b = to ?? bounds?.to;
    const days = a && b && isTime(a) && isTime(b);
    const text = days
      ? dayRange(a.slice(0, 10), b.slice(0, 10))
      : [a && `from ${a}`, b && `to ${b}`].filter(Boolean).join(" ");
    return { text: text || "All dates", on: Boolean(from || to) };
  }
  const now = chosen(filter, values);
  if (now.length === 0) return { text: options ? `All ${full(options.total)}` : "All", on: false };
  const first = options?.list.find((o) => o.value === now[0])?.label ?? now[0] ?? "";
  return { text: now.length === 1 ? first : `${first} +${now.length - 1}`, on: true };
}

/** Whether a text, which an address may hold, can be what a filter is set to. */
export function fits(type: Filter["type"], text: string): boolean {
  if (type === "number") return /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text.trim());
  return type === "list" || type === "text" || isTime(text);
}

/** What an address sets filters to though it can't be. */
export const unreadable = (
  filters: readonly Filter[],
  values: FilterValues,
): { name: string; value: string; kind: string }[] =>
  filters.flatMap((filter) =>
    parametersOf(filter).flatMap((name) => {
      const value = values[name];
      const kind = filter.type === "number" ? "number" : "day";
      return typeof value === "string" && !fits(filter.type, value) ? [{ name, value, kind }] : [];
    }),
  );

const sum = (list: Option[], get: (o: Option) => number): number => list.reduce((a, o) => a + get(o), 0);

/** What choosing these leaves, before it is applied: `2 DMAs leave 8 of 60 centres and 460 of 2,750 restaurants`. */
export function effect(filter: Filter, picked: readonly string[], options: Options, leaf: Filter | undefined): string {
  if (picked.length === 0) return `All ${full(options.total)} ${filter.plural ?? "values"}`;
  const set = new Set(picked);
  const kept = options.list.filter((o) => set.has(o.value));
  const names = Object.keys(options.list[0]?.counts ?? {});
  const parts = names.map(
    (name) =>
      `${full(sum(kept, (o) => o.counts[name] ?? 0))} of ${full(sum(options.list, (o) => o.counts[name] ?? 0))} ${name}`,
  );
  if (leaf && leaf.id !== filter.id)
    parts.push(
      `${full(sum(kept, (o) => o.n))} of ${full(sum(options.list, (o) => o.n))} ${leaf.plural ?? leaf.label.toLowerCase()}`,
    );
  const what = `${full(picked.length)} ${picked.length === 1 ? filter.label : (filter.plural ?? filter.label)}`;
  return parts.length ? `${what} ${picked.length === 1 ? "leaves" : "leave"} ${parts.join(" and ")}` : `${what} chosen`;
}
