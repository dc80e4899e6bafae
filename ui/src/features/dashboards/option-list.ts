import { full } from "@/lib/format";
import { buttonClass } from "@/ui/button";
import { kbdClass } from "@/ui/kbd";
import { esc } from "@/viz/marks";
import type { Option } from "./options";

/**
 * The boxes of a picker as one string: hundreds of options cost the server next to nothing and work without a script.
 * Options are grouped by parent in the order they come; chosen ones that are not listed stand first.
 */
export function optionList(
  name: string,
  options: readonly Option[],
  chosen: readonly string[],
  parents: ReadonlyMap<string, string>,
): string {
  const set = new Set(chosen);
  const known = new Set(options.map((o) => o.value));
  const most = Math.max(1, ...options.map((o) => o.n));
  const bars = options.some((o) => o.n !== options[0]?.n);
  const sizes = new Map<string | null, number>();
  for (const o of options) sizes.set(o.parent, (sizes.get(o.parent) ?? 0) + 1);
  let out = chosen
    .filter((v) => !known.has(v))
    .map((v) => item(name, { value: v, label: v, parent: null, n: 0, counts: {} }, true, 0, false))
    .join("");
  let group: string | null = null;
  for (const o of options) {
    if (o.parent !== null && o.parent !== group) {
      out += `<li class="gh" data-group="${esc(o.parent)}"><span>${esc(parents.get(o.parent) ?? o.parent)}</span><button type="button" class="ld-js" data-all="${esc(o.parent)}">All ${sizes.get(o.parent) ?? 0}</button></li>`;
    }
    group = o.parent;
    out += item(name, o, set.has(o.value), o.n / most, bars);
  }
  return out;
}

/** The foot of a picker: what its choices leave, and the buttons. `data-clear` unticks all. */
export function pickFoot(words: string, clear: boolean): string {
  const untick = clear
    ? `<button type="button" class="${buttonClass("ghost", "md", "ld-js")}" data-clear>Clear</button>`
    : "";
  return `<span${clear ? ' aria-live="polite"' : ""}>${esc(words)}</span><div>${untick}<button type="submit" class="${buttonClass("primary", "md", "ml-auto")}">Apply<kbd class="${kbdClass("text-current! opacity-85")}">↵</kbd></button></div>`;
}

function item(name: string, o: Option, on: boolean, share: number, bars: boolean): string {
  const width = Math.max(1, Math.round(share * 44));
  const bar = bars
    ? `<svg width="44" height="6" aria-hidden="true"><rect width="${width}" height="6"/></svg><span class="n">${full(o.n)}</span>`
    : "";
  return `<li${o.parent === null ? "" : ` data-in="${esc(o.parent)}"`}><label><input type="checkbox" class="check" name="${esc(name)}" value="${esc(o.value)}"${on ? " checked" : ""}><span class="nm">${esc(o.label)}</span>${bar}</label></li>`;
}
