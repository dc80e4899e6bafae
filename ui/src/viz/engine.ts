import { draw } from "./draw";
import type { Drawing, DrawOptions, Interact } from "./drawing";
import { esc } from "./marks";
import type { ChartSpec, Column, Row } from "./spec";

export interface Request {
  columns: readonly Column[];
  rows: readonly Row[];
  options: DrawOptions;
  /** Names what `options.href` closes over. */
  hrefKey?: string;
}
/** A checked specification over rows: what a picture, its legend and its hover have in common. */
export interface Asked {
  spec: ChartSpec;
  request: Request;
}

const drawings = new WeakMap<object, WeakMap<object, Map<string, Drawing>>>();

/** What a drawing depends on besides the identity of specification and rows. */
const optionsKey = ({ options: o, hrefKey }: Request): string =>
  [
    o.id,
    o.width,
    o.height,
    o.unit,
    o.view?.all,
    o.view?.sort?.column,
    o.view?.sort?.descending,
    Boolean(o.href),
    hrefKey,
  ].join("\u0001");

/** Laid out once for all three. */
function drawn({ spec, request }: Asked): Drawing {
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

export const engine = {
  /** The markup of the picture, after the sentence that says what it shows. */
  picture(asked: Asked & { title: string }): string {
    const { html, text, legend, below = legend } = drawn(asked);
    const words = `<p class="lv-sr">${esc(asked.title ? `${asked.title}. ${text}` : text)}</p>`;
    return `${words}${html}${below && `<div class="lv-lg lv-lg--below" aria-hidden="true">${below}</div>`}`;
  },
  legend: (asked: Asked): string => drawn(asked).legend,
  interact: (asked: Asked): Interact | undefined => drawn(asked).interact,
};
export type Engine = typeof engine;

function nested<V>(map: WeakMap<object, V>, key: object, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
