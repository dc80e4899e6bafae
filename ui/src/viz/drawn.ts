import { draw } from "./draw";
import type { Drawing, DrawOptions } from "./drawing";
import { normalizeSpec, type ChartSpec, type Column, type Row } from "./spec";

export interface Request {
  spec: unknown;
  columns: readonly Column[];
  rows: readonly Row[];
  options: DrawOptions;
  /** Names what `options.href` closes over. */
  hrefKey?: string;
}

const normalized = new WeakMap<object, WeakMap<object, ReturnType<typeof normalizeSpec>>>();
const drawings = new WeakMap<object, WeakMap<object, Map<string, Drawing>>>();

/** The specification checked against the columns, once per pair. */
export function checked(spec: unknown, columns: readonly Column[]): ReturnType<typeof normalizeSpec> {
  if (typeof spec !== "object" || spec === null) return normalizeSpec(spec, columns);
  const by = nested(normalized, columns, () => new WeakMap<object, ReturnType<typeof normalizeSpec>>());
  return nested(by, spec, () => normalizeSpec(spec, columns));
}

/** What a drawing depends on besides the identity of specification and rows. */
export const optionsKey = ({ options: o, hrefKey }: Request): string =>
  [o.id, o.width, o.height, o.unit, o.view?.all, o.view?.sort?.column, o.view?.sort?.descending, hrefKey].join(
    "\u0001",
  );

/** The drawing of a checked specification; the head's legend, the picture and its hover share one. */
export function drawn(spec: ChartSpec, request: Request): Drawing {
  const by = nested(drawings, request.rows, () => new WeakMap<object, Map<string, Drawing>>());
  const known = nested(by, spec, () => new Map<string, Drawing>());
  const key = optionsKey(request);
  const before = known.get(key);
  if (before) return before;
  const drawing = draw(spec, request, request.options);
  if (known.size > 7) known.clear();
  known.set(key, drawing);
  return drawing;
}

function nested<V>(map: WeakMap<object, V>, key: object, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
