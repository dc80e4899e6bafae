import type { Drawing, DrawOptions, Source } from "../drawing";
import { value } from "../format";
import { barSvg, esc } from "../marks";
import { indexOf, toNumber, toText } from "../read";
import type { RankedSpec } from "../spec";

/** The greatest first: rank, name with quieter details, bar, figure. */
export function ranked(spec: RankedSpec, { columns, rows }: Source, options: DrawOptions): Drawing {
  const li = indexOf(columns, spec.label);
  const vi = indexOf(columns, spec.value);
  const details = (spec.detail ?? []).map((d) => indexOf(columns, d));
  const all = rows
    .map((r, i) => ({ r, i, v: toNumber(r[vi]) }))
    .sort((a, b) => (b.v ?? -Infinity) - (a.v ?? -Infinity));
  const shown = all.slice(0, options.view?.all ? all.length : (spec.limit ?? 10));
  const most = Math.max(0, ...shown.map((s) => Math.abs(s.v ?? 0)));
  const items = shown.map(({ r, i, v }, k) => {
    const words = details.map((d) => toText(r[d]));
    const quiet = words.length
      ? `<small>${esc(words[0] ?? "")}${words.length > 1 ? `<span>&nbsp;· ${esc(words.slice(1).join(" · "))}</span>` : ""}</small>`
      : "";
    const href = options.href?.(i);
    const name = esc(toText(r[li]));
    const label = href ? `<a href="${esc(href)}" data-row="${i}">${name}</a>` : `<span>${name}</span>`;
    return `<li><span class="rk">${k + 1}</span><span class="nm">${label}${quiet}</span>${barSvg(most ? Math.abs(v ?? 0) / most : 0, 8, (v ?? 0) < 0 ? " neg" : "")}<span class="vv">${esc(value(v, spec.style, spec.digits))}</span></li>`;
  });
  const first = shown[0];
  return {
    html: `<ol class="lv-rank">${items.join("")}</ol>${more(shown.length, all.length)}`,
    legend: "",
    text: first
      ? `${toText(first.r[li])} is first with ${value(first.v, spec.style, spec.digits)}; ${all.length} are listed.`
      : "No data.",
  };
}
export const more = (shown: number, all: number): string =>
  shown < all
    ? `<p class="lv-more"><span>${shown} of ${all} rows</span><button type="button" data-all="1">Show all</button></p>`
    : "";
