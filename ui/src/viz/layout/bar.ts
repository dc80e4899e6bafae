import { bandMarks, gridMarks, linear } from "../axes";
import type { Drawing, DrawOptions, Interact, Source } from "../drawing";
import { compact, full, stamp, value } from "../format";
import { key, plotHtml, r1, rectPath, type Label, type PathMark } from "../marks";
import { fit, textWidth } from "../measure";
import { extent } from "../read";
import type { BarSpec } from "../spec";
import { timeMarks } from "../time-axis";
import { pivot, tone, type Pivot } from "./series";

const BAND = 0.6;
/** More lying bars than this have a height of their own, whatever the place they get: those of a phone would be lines. */
const STRETCHED = 11;
/** Px that a name needs, and each bar beside others. */
const ROW = 18;
const LANE = 9;

/** Bars from zero, beside each other or stacked, upright or lying. */
export function bar(spec: BarSpec, source: Source, options: DrawOptions): Drawing {
  const p = sorted(pivot(spec, source, true), spec);
  const stacked = spec.mode === "stacked" && p.series.length > 1;
  const n = Math.max(1, p.xs.length);
  const boxes: { s: number; i: number; from: number; to: number }[] = [];
  p.xs.forEach((_, i) => {
    let up = 0;
    let down = 0;
    p.series.forEach((s, k) => {
      const v = s.values[i] ?? null;
      if (v === null) return;
      const from = stacked ? (v < 0 ? down : up) : 0;
      if (v < 0) down += v;
      else up += v;
      boxes.push({ s: k, i, from, to: from + v });
    });
  });
  const v = linear(extent(boxes.flatMap((b) => [b.from, b.to])), { zero: true, pad: true });
  const lanes = stacked ? 1 : Math.max(1, p.series.length);
  const band = 1000 / n;
  const lane = (band * BAND) / lanes;
  const start = (b: { i: number; s: number }): number =>
    b.i * band + band * (0.5 - BAND / 2) + (stacked ? 0 : b.s * lane);
  const names = p.names.map((name, i) => (p.kind === "time" ? stamp(p.xs[i] ?? 0) : name));
  const paths = (box: (b: (typeof boxes)[number]) => string): PathMark[] => {
    const by = p.series.map(() => "");
    for (const b of boxes) by[b.s] += box(b);
    return by.flatMap((d, i) => (d ? [{ c: `f ${p.series.length === 1 ? "c0" : tone(i, p.series.length)}`, d }] : []));
  };
  const legend =
    p.series.length > 1
      ? p.series
          .slice(0, 9)
          .map((s, i) => key(`b ${tone(i, p.series.length)}`, s.name))
          .join("")
      : "";
  const text = barSentence(p, names, spec);
  const at = (f: number): number => (p.xs.length === 0 ? -1 : Math.min(n - 1, Math.max(0, Math.floor(f * n))));
  const common = {
    tip: tip(p, names, spec, options.unit),
    row: (i: number) => p.series.find((s) => (s.rows[i] ?? -1) >= 0)?.rows[i] ?? -1,
    count: p.xs.length,
  };
  if (spec.horizontal) {
    const x = (a: number): number => 1000 - v.y(a);
    const left = Math.ceil((Math.min(160, Math.max(24, ...names.map((t) => textWidth(t, 12)))) + 12) / 4) * 4;
    const labels: Label[] = names.map((t, i) => ({
      text: fit(t, 160, 12),
      x: 0,
      y: ((i + 0.5) / n) * 100,
      dx: -left,
      dy: 4,
      c: "w",
    }));
    if (p.series.length === 1)
      p.series[0]?.values.forEach((a, i) => {
        if (a !== null)
          labels.push({
            text: spec.style === "percent" ? value(a, spec.style) : compact(a),
            x: Math.max(x(0), x(a)) / 10,
            y: ((i + 0.5) / n) * 100,
            dx: 6,
            dy: 4,
            c: "k",
          });
      });
    else for (const t of v.ticks) labels.push({ text: compact(t), x: x(t) / 10, y: 100, dy: 16, a: "middle", c: "k" });
    const grid = p.series.length === 1 ? "" : v.ticks.map((t) => `M${r1(x(t))} 0V1000`).join("");
    const interact: Interact = {
      ...common,
      at: (_, y) => at(y),
      place: (i) => ({
        x: Math.max(...p.series.map((s) => x(s.values[i] ?? 0))) / 10,
        y: ((i + 0.5) / n) * 100,
        crosshair: false,
        points: [],
      }),
    };
    return {
      html: plotHtml({
        kind: "hbar",
        left,
        right: 48,
        ...(n > STRETCHED
          ? { height: n * Math.max(ROW, lanes * LANE, Math.floor(options.height / n)), scrolls: `${full(n)} bars` }
          : {}),
        paths: [
          ...(grid ? [{ c: "g", d: grid }] : []),
          ...paths((b) => rectPath(Math.min(x(b.from), x(b.to)), start(b), Math.abs(x(b.to) - x(b.from)), lane)),
          { c: "a", d: `M${r1(x(0))} 0V1000` },
        ],
        labels,
      }),
      legend,
      text,
      interact,
    };
  }
  const grid = gridMarks(v, spec.style);
  const words =
    p.kind === "time" ? timeMarks(p.xs, { left: grid.left, right: 0 }, true) : bandMarks(names, options.width);
  return {
    html: plotHtml({
      kind: "bars",
      left: grid.left,
      right: 0,
      paths: [
        ...grid.paths.filter((m) => m.c === "g"),
        ...paths((b) => rectPath(start(b), Math.min(v.y(b.from), v.y(b.to)), lane, Math.abs(v.y(b.to) - v.y(b.from)))),
        { c: "a", d: `M0 ${r1(v.y(0))}H1000` },
      ],
      labels: [...grid.labels, ...words],
    }),
    legend,
    text,
    interact: {
      ...common,
      at: (x) => at(x),
      place: (i) => ({
        x: ((i + 0.5) / n) * 100,
        y: Math.min(...p.series.map((s) => v.y(s.values[i] ?? 0))) / 10,
        crosshair: false,
        points: [],
      }),
    },
  };
}

function sorted(p: Pivot, spec: BarSpec): Pivot {
  if (spec.sort !== "value" || p.kind !== "word") return p;
  const sum = (i: number): number => p.series.reduce((a, s) => a + (s.values[i] ?? 0), 0);
  const order = p.xs.map((_, i) => i).sort((a, b) => sum(b) - sum(a));
  const pick = <T>(list: T[]): T[] => order.map((i) => list[i] as T);
  return {
    ...p,
    names: pick(p.names),
    series: p.series.map((s) => ({ ...s, values: pick(s.values), rows: pick(s.rows) })),
  };
}
const tip =
  (p: Pivot, names: string[], spec: BarSpec, unit?: string): Interact["tip"] =>
  (i) => ({
    title: names[i] ?? "",
    ...(unit ? { unit } : {}),
    rows: p.series.slice(0, 9).map((s, k) => ({
      key: `b ${p.series.length === 1 ? "c0" : tone(k, p.series.length)}`,
      name: s.name,
      value: value(s.values[i] ?? null, spec.style, spec.digits),
      strong: p.series.length === 1,
    })),
  });
function barSentence(p: Pivot, names: string[], spec: BarSpec): string {
  const s = p.series[0];
  const range = s ? extent(s.values) : null;
  if (!s || !range) return "No data.";
  const of = (v: number): string => `${names[s.values.indexOf(v)] ?? ""} with ${value(v, spec.style, spec.digits)}`;
  return `${full(p.xs.length)} bars of ${p.series
    .map((x) => x.name)
    .slice(0, 5)
    .join(", ")}; most is ${of(range[1])}, least ${of(range[0])}.`;
}
