import { tickStep } from "d3-array";
import { axis } from "./format";
import { textWidth } from "./measure";
import type { Label, PathMark } from "./marks";
import { r1 } from "./marks";
import type { NumberStyle } from "./spec";

export interface Linear {
  domain: [number, number];
  ticks: number[];
  /** To the plot's 0…1000, upside down as screens are. */
  y: (v: number) => number;
}

/**
 * At most five gridlines over round numbers. The scale ends on gridlines; with `pad` it ends a little past the data
 * instead, with `headroom` more above, as a share of the range. `zero` starts there.
 */
export function linear(range: [number, number] | null, { zero = false, headroom = 0, pad = false } = {}): Linear {
  let [low, high] = range ?? [0, 1];
  if (zero) {
    low = Math.min(0, low);
    high = Math.max(0, high);
  }
  if (low === high) {
    const room = low === 0 ? 1 : Math.abs(low) * 0.1;
    if (!(zero && low < 0)) high += room;
    if (!(zero && low >= 0)) low -= room;
  }
  let bottom = low;
  let top = high;
  if (pad) {
    const room = (high - low) * 0.05;
    // Zero stays an end: nothing lies beyond it.
    if (low !== 0) bottom = low > 0 ? Math.max(0, low - room) : low - room;
    if (high !== 0) top = high + room + (high - low) * headroom;
  }
  let step = 1;
  let first = 0;
  let last = 0;
  for (let count = 5; count >= 1; count--) {
    step = tickStep(bottom, top, count);
    first = pad ? Math.ceil(bottom / step - 1e-9) : Math.floor(bottom / step + 1e-9);
    last = pad ? Math.floor(top / step + 1e-9) : Math.ceil(top / step - 1e-9);
    if (last - first <= 4) break;
  }
  const ticks: number[] = [];
  for (let i = first; i <= last; i++) ticks.push(clean(i * step, step));
  if (!pad) {
    // Adding zero makes a negative zero a plain one.
    bottom = first * step + 0;
    top = last * step + 0;
  }
  const a = -1000 / (top - bottom);
  const b = -a * top;
  return { domain: [bottom, top], ticks, y: (v) => a * v + b };
}
/** Takes away what binary fractions add, as in 0.30000000000000004. */
function clean(v: number, step: number): number {
  const places = Math.max(0, Math.min(12, 2 - Math.floor(Math.log10(Math.abs(step)))));
  return step < 1 ? Number(v.toFixed(places)) : v;
}

/** Gridlines and their figures at the tile's left edge. */
export function gridMarks(
  scale: Linear,
  style: NumberStyle | undefined,
): { left: number; paths: PathMark[]; labels: Label[] } {
  const names = scale.ticks.map((t) => axis(t, style));
  const left = Math.ceil((Math.max(...names.map((n) => textWidth(n))) + 13) / 4) * 4;
  let grid = "";
  let zero = "";
  const labels: Label[] = scale.ticks.map((t, i) => {
    const y = scale.y(t);
    if (t === 0) zero = `M0 ${r1(y)}H1000`;
    else grid += `M0 ${r1(y)}H1000`;
    return { text: names[i] ?? "", x: 0, y: y / 10, dx: -left, dy: 3.5, c: "k" };
  });
  const paths: PathMark[] = [];
  if (grid) paths.push({ c: "g", d: grid });
  if (zero) paths.push({ c: "a", d: zero });
  return { left, paths, labels };
}

/** Words under a band axis: all that fit, else every nth. */
export function bandMarks(names: readonly string[], expectedPx = 640): Label[] {
  const band = expectedPx / Math.max(1, names.length);
  const widest = Math.max(0, ...names.map((n) => Math.min(96, textWidth(n))));
  const every = Math.max(1, Math.ceil((widest + 8) / band));
  return names.flatMap((name, i): Label[] => {
    if (i % every) return [];
    const text = textWidth(name) > 96 ? shorten(name) : name;
    return [
      { text, x: ((i + 0.5) / names.length) * 100, y: 100, dy: 16, a: "middle", c: `k${(i / every) % 2 ? " o" : ""}` },
    ];
  });
}
function shorten(name: string): string {
  let end = name.length;
  while (end > 1 && textWidth(`${name.slice(0, end)}…`) > 96) end--;
  return `${name.slice(0, end).trimEnd()}…`;
}
