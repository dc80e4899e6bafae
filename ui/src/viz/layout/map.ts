import type { Drawing, DrawOptions, Source } from "../drawing";
import { axis, value } from "../format";
import states from "../geo/states.json";
import { esc, ramp } from "../marks";
import { textWidth } from "../measure";
import { indexOf, toNumber, toText } from "../read";
import type { MapSpec } from "../spec";

/** The atlas without its outer sea: the 48 states; Alaska and Hawaii add their corner only when they have data. */
const BOX = { x: 12, y: 8, w: 952, h: 602 };
/** Atlas units per px at the width a map usually gets. */
const UNIT = BOX.w / 430;
const RAMP = ["s3", "s4", "s5", "s6", "s7"];

interface Spot {
  id: string;
  name: string;
  x: number;
  y: number;
  box: number[];
  d: string;
}
/** States whose shape leaves no room inside for words, whatever their box says. */
const BESIDE = new Set(["CA", "FL", "NY"]);
const spots = states.states as Spot[];
const byId = new Map(spots.map((s) => [s.id, s]));
const byName = new Map(spots.map((s) => [s.name.toLowerCase(), s]));

/** US states coloured by rank, with the value on the state where it has room, else beside it. */
export function map(spec: MapSpec, { columns, rows }: Source, options: DrawOptions): Drawing {
  const si = indexOf(columns, spec.state);
  const vi = indexOf(columns, spec.value);
  const sums = new Map<string, { v: number; row: number }>();
  rows.forEach((r, i) => {
    const text = toText(r[si]);
    const spot = byId.get(text.toUpperCase()) ?? byName.get(text.toLowerCase());
    const v = toNumber(r[vi]);
    if (!spot || v === null) return;
    const known = sums.get(spot.id);
    sums.set(spot.id, { v: (known?.v ?? 0) + v, row: known?.row ?? i });
  });
  const ranked = [...sums]
    .map(([id, { v, row }]) => ({ v, row, spot: byId.get(id) as Spot }))
    .sort((a, b) => b.v - a.v || (a.spot.id < b.spot.id ? -1 : 1));
  const n = ranked.length;
  const classOf = (rank: number): string => RAMP[n < 2 ? 4 : 4 - Math.floor((rank / (n - 1)) * 4 + 0.5)] ?? "s7";
  const drawn = spots.filter((s) => sums.has(s.id) || (s.id !== "AK" && s.id !== "HI"));
  let land = "";
  for (const s of drawn) if (!sums.has(s.id)) land += s.d;
  const shapes = ranked
    .map((r, i) => {
      const path = `<path class="st ${classOf(i)}" data-k="${i}" d="${r.spot.d}"/>`;
      const href = options.href?.(r.row);
      return href
        ? `<a href="${esc(href)}" data-row="${r.row}" tabindex="-1" aria-label="${esc(r.spot.name)}">${path}</a>`
        : path;
    })
    .join("");
  const high = ranked[0]?.v;
  const low = ranked[n - 1]?.v;
  return {
    html:
      `<div class="lv-plot lv-map"><div class="lv-in lv-geo"><svg class="lv-m" viewBox="${BOX.x} ${BOX.y} ${BOX.w} ${BOX.h}" width="100%" height="100%" aria-hidden="true">` +
      `<path class="ln" d="${land}"/>${shapes}</svg><svg class="lv-t" width="100%" height="100%" aria-hidden="true">${place(ranked, classOf, spec)}</svg></div></div>`,
    legend:
      high === undefined || low === undefined
        ? ""
        : n === 1
          ? ""
          : ramp(axis(low, spec.style), RAMP, axis(high, spec.style)),
    text: n
      ? `By state: ${ranked
          .slice(0, 6)
          .map((r) => `${r.spot.name} ${value(r.v, spec.style, spec.digits)}`)
          .join(", ")}${n > 6 ? ` and ${n - 6} more` : ""}.`
      : "No data.",
    interact: {
      count: n,
      // The shapes themselves are hit (`data-k`); a place alone finds the nearest middle.
      at: (fx, fy) => {
        let best = -1;
        let least = 60 * 60;
        ranked.forEach(({ spot }, k) => {
          const dx = spot.x - BOX.x - fx * BOX.w;
          const dy = spot.y - BOX.y - fy * BOX.h;
          if (dx * dx + dy * dy < least) {
            least = dx * dx + dy * dy;
            best = k;
          }
        });
        return best;
      },
      place: (k) => ({
        x: (((ranked[k]?.spot.x ?? 0) - BOX.x) / BOX.w) * 100,
        y: (((ranked[k]?.spot.y ?? 0) - BOX.y) / BOX.h) * 100,
        crosshair: false,
        points: [],
      }),
      tip: (k) => {
        const r = ranked[k];
        const sum = ranked.reduce((a, b) => a + b.v, 0);
        return {
          title: r?.spot.name ?? "",
          ...(options.unit ? { unit: options.unit } : {}),
          rows: [
            {
              key: `b ${classOf(k)}`,
              name: spec.value,
              value: value(r?.v ?? null, spec.style, spec.digits),
              strong: true,
            },
          ],
          ...(spec.style === "percent" || !sum
            ? {}
            : { against: ["Share of what is shown", value((r?.v ?? 0) / sum, "percent", 1)] as [string, string] }),
        };
      },
      row: (k) => ranked[k]?.row ?? -1,
    },
  };
}

/** Labels of the greatest states that do not run into one another. */
function place(ranked: { v: number; spot: Spot }[], classOf: (rank: number) => string, spec: MapSpec): string {
  const taken: [number, number, number, number][] = [];
  let out = "";
  for (const [i, { v, spot }] of ranked.entries()) {
    if (taken.length >= 12) break;
    const text = axis(v, spec.style);
    const wide = Math.max(textWidth(text, 11, 600), textWidth(spot.id, 11, 600)) * UNIT;
    const [x0 = 0, y0 = 0, x1 = 0, y1 = 0] = spot.box;
    const gap = 7 * UNIT;
    const line = 13 * UNIT;
    const tries: { x: number; y: number; a: "start" | "middle" | "end"; inside?: boolean; flat?: boolean }[] = [];
    if (x1 - x0 > wide * 1.9 && y1 - y0 > line * 2.6 && !BESIDE.has(spot.id))
      tries.push({ x: spot.x, y: spot.y - 3 * UNIT, a: "middle", inside: true });
    if (spot.id === "CA") tries.push({ x: x1 + gap * 0.7, y: y0 + (y1 - y0) * 0.42, a: "start" });
    if (spot.id === "FL") tries.push({ x: x0 + (x1 - x0) * 0.38, y: y0 + 26 * UNIT, a: "end" });
    if (spot.id === "NY") tries.push({ x: spot.x - 8 * UNIT, y: spot.y - 18 * UNIT, a: "end", flat: true });
    tries.push(
      { x: x0 - gap, y: spot.y, a: "end" },
      { x: x1 + gap, y: spot.y, a: "start" },
      { x: spot.x - 10 * UNIT, y: y0 - 8 * UNIT, a: "end", flat: true },
    );
    const spotted = tries.find((t) => {
      const w = t.flat ? wide + 22 * UNIT : wide;
      const left = t.a === "end" ? t.x - w : t.a === "middle" ? t.x - w / 2 : t.x;
      const area: [number, number, number, number] = [
        left,
        t.y - line * 0.8,
        left + w,
        t.y + (t.flat ? line * 0.2 : line * 1.2),
      ];
      if (
        area[0] < 0 ||
        area[2] > 975 ||
        taken.some((b) => area[0] < b[2] && b[0] < area[2] && area[1] < b[3] && b[1] < area[3])
      )
        return false;
      taken.push(area);
      return true;
    });
    if (!spotted) continue;
    const px = r2(((spotted.x - BOX.x) / BOX.w) * 100);
    const py = r2(((spotted.y - BOX.y) / BOX.h) * 100);
    const anchor = spotted.a === "start" ? "" : ` text-anchor="${spotted.a}"`;
    const c = spotted.inside ? `ml ${classOf(i)}` : "ml out";
    out += spotted.flat
      ? `<text class="${c}" x="${px}%" y="${py}%"${anchor}><tspan class="b">${spot.id}</tspan> ${esc(text)}</text>`
      : `<text class="${c}" x="${px}%" y="${py}%"${anchor}><tspan class="b">${spot.id}</tspan><tspan x="${px}%" dy="13">${esc(text)}</tspan></text>`;
  }
  return out;
}
const r2 = (v: number): number => Math.round(v * 100) / 100;
