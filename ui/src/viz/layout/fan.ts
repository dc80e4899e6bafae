import { gridMarks, linear } from "../axes";
import type { Drawing, DrawOptions, Source } from "../drawing";
import { compact, full, isoDay, moment, percent, value, weekday } from "../format";
import { areaPath, key, linePath, plotHtml, type Label } from "../marks";
import { textWidth } from "../measure";
import { extent, indexOf, toNumber, toTime } from "../read";
import type { FanSpec } from "../spec";
import { timeMarks } from "../time-axis";
import { base, nearest } from "./line";

/** z(75 %) / z(95 %): where a normal distribution puts the quartiles between the median and the outer quantiles. */
const INNER = 0.6745 / 1.6449;

/** A median line with nested quantile bands. */
export function fan(spec: FanSpec, { columns, rows }: Source, options: DrawOptions): Drawing {
  const [xi, li, mi, hi] = [spec.x, spec.low, spec.median, spec.high].map((n) => indexOf(columns, n)) as [
    number,
    number,
    number,
    number,
  ];
  const order = rows
    .map((r, i) => ({ i, t: toTime(r[xi]) }))
    .filter((o): o is { i: number; t: number } => o.t !== null);
  order.sort((a, b) => a.t - b.t);
  const column = (c: number): (number | null)[] => order.map((o) => toNumber(rows[o.i]?.[c]));
  const low = column(li);
  const median = column(mi);
  const high = column(hi);
  const times = order.map((o) => o.t);
  const first = times[0] ?? 0;
  const last = times[times.length - 1] ?? first;
  const fractions = times.map((t) => (last === first ? 0.5 : (t - first) / (last - first)));
  const xs = fractions.map((f) => f * 1000);
  const y = linear(extent(low.concat(median, high)), { pad: true, headroom: 0.14 });
  const grid = gridMarks(y, spec.style);
  const ys = (values: (number | null)[]): (number | null)[] => values.map((v) => (v === null ? null : y.y(v)));
  const between = (edge: (number | null)[]): (number | null)[] =>
    edge.map((v, i) =>
      v === null || median[i] === null || median[i] === undefined ? null : y.y(median[i] + (v - median[i]) * INNER),
    );
  const end = median.findLastIndex((v) => v !== null);
  const ends: Label[] = [];
  const names: [string, number | null | undefined, string][] = [
    [quantile(spec.high, "95th"), high[end], "e n"],
    [quantile(spec.median, "Median"), median[end], "e b"],
    [quantile(spec.low, "5th"), low[end], "e n"],
  ];
  // Two lines of text, in what the axis and the air above leave of the height.
  const gap = (27 / Math.max(110, options.height - 60)) * 100;
  let above = -Infinity;
  for (const [name, v, c] of names) {
    if (v === null || v === undefined) continue;
    const at = Math.max(y.y(v) / 10, above + gap);
    above = at;
    ends.push(
      { text: name, x: 100, y: at, dx: 10, dy: -1, c },
      { text: compact(v), x: 100, y: at, dx: 10, dy: 12, c: "k e" },
    );
  }
  const notes = Object.entries(spec.notes ?? {}).flatMap(([when, word]): Label[] => {
    const i = times.indexOf(toTime(when) ?? Number.NaN);
    const v = high[i] ?? null;
    if (v === null) return [];
    const x = (fractions[i] ?? 0) * 100;
    const up = (36 / Math.max(160, options.height)) * 100;
    const top = y.y(v) / 10 - up - 1.5;
    return [
      { x, y: top, w: "1", h: `${up.toFixed(1)}%`, c: "ld" },
      { text: word, x, y: top, dy: -6, a: "middle", c: "nt" },
    ];
  });
  const week = times.length > 8 && last - first > 8 * 864e5;
  const { left } = grid;
  const right = ends.length ? Math.max(58, 14 + textWidth("Median", 12, 600)) : 8;
  return {
    html: plotHtml({
      kind: "fan",
      left,
      right,
      paths: [
        ...grid.paths,
        base(y),
        { c: "q90", d: areaPath(xs, ys(low), ys(high)) },
        ...(spec.inner ? [{ c: "q50", d: areaPath(xs, between(low), between(high)) }] : []),
        { c: "q", d: linePath(xs, ys(median)) },
      ],
      labels: [...grid.labels, ...timeMarks(times, { left, right }), ...notes, ...ends],
    }),
    legend:
      key("l q", "Median") + (spec.inner ? key("b q50", "50 % range, interpolated") : "") + key("b q90", "90 % range"),
    text: describe(times, low, median, high),
    interact: {
      count: times.length,
      at: (x) => nearest(fractions, x),
      place: (i) => {
        const x = (fractions[i] ?? 0) * 100;
        const dot = (v: number | null | undefined, c: string): { x: number; y: number; c: string }[] =>
          v === null || v === undefined ? [] : [{ x, y: y.y(v) / 10, c }];
        return {
          x,
          y: y.y(high[i] ?? median[i] ?? 0) / 10,
          crosshair: true,
          points: [...dot(high[i], "o"), ...dot(low[i], "o"), ...dot(median[i], "m")],
          tag: weekday(times[i] ?? 0),
        };
      },
      tip: (i) => {
        const t = times[i] ?? 0;
        const before = week ? times.indexOf(t - 7 * 864e5) : i - 1;
        const here = median[i] ?? null;
        const past = median[before] ?? null;
        return {
          title: moment(t),
          ...(options.unit ? { unit: options.unit } : {}),
          rows: [
            { key: "b q90", name: "95th percentile", value: value(high[i] ?? null, spec.style, spec.digits) },
            { key: "l q", name: "Median", value: value(here, spec.style, spec.digits), strong: true },
            { key: "b q90", name: "5th percentile", value: value(low[i] ?? null, spec.style, spec.digits) },
          ],
          ...(here !== null && past
            ? {
                against: [`Against ${weekday(times[before] ?? 0)}`, percent(here / past - 1, 1, true)] as [
                  string,
                  string,
                ],
              }
            : {}),
        };
      },
      row: (i) => order[i]?.i ?? -1,
    },
  };
}

const quantile = (column: string, otherwise: string): string => {
  const m = /(\d\d?)$/.exec(column);
  if (!m) return otherwise;
  const n = Number(m[1]);
  return n === 50
    ? "Median"
    : `${n}${n % 10 === 1 && n !== 11 ? "st" : n % 10 === 2 && n !== 12 ? "nd" : n % 10 === 3 && n !== 13 ? "rd" : "th"}`;
};

function describe(times: number[], low: (number | null)[], median: (number | null)[], high: (number | null)[]): string {
  const range = extent(median);
  if (!range) return "No data.";
  const at = (v: number): string => isoDay(times[median.indexOf(v)] ?? 0);
  const end = median.findLastIndex((v) => v !== null);
  return (
    `The median lies between ${full(range[0])} (${at(range[0])}) and ${full(range[1])} (${at(range[1])}); ` +
    `on the last day, ${isoDay(times[end] ?? 0)}, it is ${full(median[end] ?? 0)} with a 90 % range of ${full(low[end] ?? 0)} to ${full(high[end] ?? 0)}.`
  );
}
