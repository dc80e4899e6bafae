import { normalizeSpec, type Column, type Normalized } from "./spec";

const known = new WeakMap<object, WeakMap<object, Normalized>>();

/** The specification checked against the columns, once per pair: the same specification again is the same object. */
export function checked(spec: unknown, columns: readonly Column[]): Normalized {
  if (typeof spec !== "object" || spec === null) return normalizeSpec(spec, columns);
  let by = known.get(columns);
  if (!by) known.set(columns, (by = new WeakMap()));
  let check = by.get(spec);
  if (!check) by.set(spec, (check = normalizeSpec(spec, columns)));
  return check;
}
