/*
 * The only place that writes markup: everything that can hold data is escaped here.
 * A plot is two sibling SVGs. `paths` live in a 1000 × 1000 box that is stretched over the plot with strokes kept;
 * `labels` sit at per-cent positions with px offsets, so text is never scaled. No style attributes: the page's
 * content security policy may forbid them.
 */
export interface PathMark {
  c: string;
  d: string;
}
export type Label =
  | {
      text: string;
      x: number;
      y: number;
      dx?: number;
      dy?: number;
      c?: string;
      a?: "middle" | "end";
      bold?: string;
      /** The tone of the line it names. */
      key?: string;
    }
  /** A px or per-cent box at a per-cent place. */
  | { x: number; y: number; w: string; h: string; c?: string; fill?: string; r?: number };
export interface Upright {
  words: { text: string; c?: string }[];
  c: string;
}
export interface Plot {
  kind: string;
  left: number;
  right: number;
  paths: PathMark[];
  labels: Label[];
  /** Extra definitions such as a hatch; trusted markup. */
  defs?: string;
  /** Words under a band axis, upright where they have no room side by side. */
  upright?: Upright;
  /** Px, for drawings whose rows have a fixed size. */
  height?: number;
  /** Names what scrolls where such a drawing is higher than its place. */
  scrolls?: string;
}

const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const special = /[&<>"']/;
/** Most texts have nothing special, and looking takes the server's interpreter a quarter of the time that replacing does. */
export const esc = (text: string): string =>
  special.test(text) ? text.replace(/[&<>"']/g, (c) => entities[c] ?? c) : text;
export const r1 = (v: number): number => Math.round(v * 10) / 10;
const r2 = (v: number): number => Math.round(v * 100) / 100;

/** Px beside a plot are multiples of 4, one CSS class each, up to 200. */
export const margin = (px: number): number => Math.min(50, Math.max(0, Math.ceil(px / 4)));

/** Container widths that the style sheet knows: `lv-h<px>` hides below, `lv-o<px>` shows only below, `lv-m<px>` mutes words. */
export const narrowClass = (need: number, what: "h" | "o" | "m" | "deep" = "h"): string =>
  `lv-${what}${Math.min(1000, Math.max(240, Math.ceil(need / 20) * 20))}`;

export function plotHtml(p: Plot): string {
  const size = p.height === undefined ? ' height="100%"' : ` height="${p.height}"`;
  const paths = p.paths.map((m) => `<path class="${m.c}" d="${m.d}"/>`).join("");
  const labels = p.labels.map(labelSvg).join("");
  const cls = `lv-in lv-l${margin(p.left)} lv-r${margin(p.right)}${p.height === undefined ? "" : " lv-px"}`;
  const inner =
    `<div class="${cls}">` +
    (paths &&
      `<svg class="lv-m" viewBox="0 0 1000 1000" preserveAspectRatio="none" width="100%"${size} aria-hidden="true">${paths}</svg>`) +
    `<svg class="lv-t" width="100%"${size} aria-hidden="true">${p.defs ?? ""}${labels}</svg>${p.upright ? uprightHtml(p.upright) : ""}</div>`;
  if (p.scrolls === undefined) return `<div class="lv-plot lv-${p.kind}">${inner}</div>`;
  return `<div class="lv-plot lv-${p.kind} lv-tall"><div class="lv-roll" tabindex="0" role="group" aria-label="${esc(p.scrolls)}">${inner}</div></div>`;
}

function labelSvg(m: Label): string {
  if (!("text" in m))
    return `<rect${m.c ? ` class="${m.c}"` : ""} x="${r2(m.x)}%" y="${r2(m.y)}%" width="${m.w}" height="${m.h}"${m.r ? ` rx="${m.r}"` : ""}${m.fill ? ` fill="${esc(m.fill)}"` : ""}/>`;
  const cls = m.c ? ` class="${m.c}"` : "";
  const anchor = m.a ? ` text-anchor="${m.a}"` : "";
  const key = m.key ? `<tspan class="f ${m.key}">●</tspan> ` : "";
  const body = key + (m.bold ? `<tspan class="b">${esc(m.bold)}</tspan> ` : "") + esc(m.text);
  const dx = m.dx ? ` dx="${r1(m.dx)}"` : "";
  const dy = m.dy ? ` dy="${r1(m.dy)}"` : "";
  return `<text${cls} x="${r2(m.x)}%" y="${r2(m.y)}%"${dx}${dy}${anchor}>${body}</text>`;
}

/** Lines of one box that is turned as a whole: turned one by one in SVG, sixty cost a browser as much as a table. */
const uprightHtml = ({ words, c }: Upright): string =>
  `<div class="lv-up ${c}" aria-hidden="true">${words.map((w) => `<span${w.c ? ` class="${w.c}"` : ""}>${esc(w.text)}</span>`).join("")}</div>`;

/** A place in a path. `toFixed` takes the server's interpreter a third of the time that the shortest form takes. */
const at = (v: number): string => v.toFixed(1);

/** A line through what is there, broken at nulls; a lone point becomes a dot by its round cap. */
export function linePath(xs: readonly number[], ys: readonly (number | null)[]): string {
  let out = "";
  let open = false;
  for (let i = 0; i < xs.length; i++) {
    const y = ys[i] ?? null;
    if (y === null) {
      open = false;
      continue;
    }
    const next = ys[i + 1] ?? null;
    out += `${open ? "L" : "M"}${at(xs[i] ?? 0)} ${at(y)}`;
    if (!open && next === null) out += "h0";
    open = true;
  }
  return out;
}
/** The area between two edges, one polygon per run without nulls. */
export function areaPath(
  xs: readonly number[],
  low: readonly (number | null)[],
  high: readonly (number | null)[],
): string {
  let out = "";
  let start = -1;
  for (let i = 0; i <= xs.length; i++) {
    const there = i < xs.length && (low[i] ?? null) !== null && (high[i] ?? null) !== null;
    if (there && start < 0) start = i;
    if (there || start < 0) continue;
    for (let k = start; k < i; k++) out += `${k === start ? "M" : "L"}${at(xs[k] ?? 0)} ${at(high[k] ?? 0)}`;
    for (let k = i - 1; k >= start; k--) out += `L${at(xs[k] ?? 0)} ${at(low[k] ?? 0)}`;
    out += "Z";
    start = -1;
  }
  return out;
}
export const rectPath = (x: number, y: number, w: number, h: number): string =>
  `M${at(x)} ${at(y)}h${at(w)}v${at(h)}h${at(-w)}z`;

/** A swatch and its word. */
export const key = (kind: string, word: string): string =>
  `<span class="lv-k"><i class="${kind}"></i>${esc(word)}</span>`;
/** A ramp between two words. */
export const ramp = (from: string, classes: readonly string[], to: string): string =>
  `<span class="lv-ramp"><span>${esc(from)}</span>${classes.map((c) => `<i class="${c}"></i>`).join("")}<span>${esc(to)}</span></span>`;

/** A bar that fills its share of a track of any width. */
export const barSvg = (share: number, height = 8, cls = ""): string =>
  `<svg class="lv-bar${cls}" width="100%" height="${height}" aria-hidden="true"><rect width="${r1(Math.max(0, Math.min(1, share)) * 100)}%" height="${height}"/></svg>`;
