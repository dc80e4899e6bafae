import { gridMarks, linear, type Linear } from "../axes";
import type { Drawing, DrawOptions, Interact, Source, TipRow } from "../drawing";
import { compact, full, moment, value, weekday } from "../format";
import { areaPath, key, linePath, plotHtml, r1, type Label, type PathMark } from "../marks";
import { fit, textWidth } from "../measure";
import { extent } from "../read";
import { timeMarks } from "../time-axis";
import type { AreaSpec, LineSpec, NumberStyle } from "../spec";
import { pivot, tone, type Pivot } from "./series";

/** Lines over time or numbers, with their names at the last point. */
export function line(spec: LineSpec, source: Source, options: DrawOptions): Drawing {
  const p = pivot(spec, source);
  const y = linear(extent(p.series.flatMap((s) => s.values)), { zero: spec.zero ?? false, pad: true });
  const grid = gridMarks(y, spec.style);
  const x = across(p);
  const fractions = p.xs.map(x);
  const stretched = fractions.map((f) => f * 1000);
  const paths: PathMark[] = [...grid.paths, base(y)];
  let rest = "";
  p.series.forEach((s, i) => {
    const d = linePath(
      stretched,
      s.values.map((v) => (v === null ? null : y.y(v))),
    );
    if (tone(i, p.series.length) === "cx") rest += d;
    else paths.push({ c: `s ${tone(i, p.series.length)}`, d });
  });
  if (rest) paths.splice(grid.paths.length + 1, 0, { c: "s cx", d: rest });
  const ends = endLabels(p, (_, v) => y.y(v), options, spec.style);
  const labels = [...grid.labels, ...xMarks(p, options.width, grid.left, ends.right), ...ends.labels];
  return {
    html: plotHtml({ kind: "line", left: grid.left, right: ends.right, paths, labels }),
    legend: "",
    below:
      p.series.length > 1
        ? p.series
            .slice(0, 9)
            .map((s, i) => key(`l ${tone(i, p.series.length)}`, s.name))
            .join("")
        : "",
    text: sentence(p, spec.style),
    interact: alongX(
      p,
      fractions,
      (s, i) => point(y, p.series[s]?.values[i] ?? null),
      spec.style,
      spec.digits,
      options.unit,
    ),
  };
}

/** Stacked areas; `share` fills the height with each place's parts. */
export function area(spec: AreaSpec, source: Source, options: DrawOptions): Drawing {
  const p = pivot(spec, source);
  const share = spec.stack === "share";
  const totals = p.xs.map((_, i) => p.series.reduce((sum, s) => sum + Math.max(0, s.values[i] ?? 0), 0));
  const floor = p.xs.map(() => 0);
  const edges = p.series.map((s) => {
    const low = [...floor];
    s.values.forEach((v, i) => {
      const whole = totals[i] || 1;
      floor[i] = (floor[i] ?? 0) + (share ? Math.max(0, v ?? 0) / whole : Math.max(0, v ?? 0));
    });
    return { low, high: [...floor] };
  });
  const style: NumberStyle | undefined = share ? "percent" : spec.style;
  const y = linear(share ? [0, 1] : extent(edges.flatMap((e) => e.high)), { zero: true, pad: !share });
  const grid = gridMarks(y, style);
  const fractions = p.xs.map(across(p));
  const stretched = fractions.map((f) => f * 1000);
  const paths: PathMark[] = [...grid.paths];
  edges.forEach((e, i) =>
    paths.push({ c: `f ${tone(i, p.series.length)}`, d: areaPath(stretched, e.low.map(y.y), e.high.map(y.y)) }),
  );
  paths.push(base(y));
  const last = p.xs.length - 1;
  const ends = endLabels(
    p,
    (s) => y.y(((edges[s]?.low[last] ?? 0) + (edges[s]?.high[last] ?? 0)) / 2),
    options,
    spec.style,
    share ? totals[last] : undefined,
  );
  return {
    html: plotHtml({
      kind: "area",
      left: grid.left,
      right: ends.right,
      paths,
      labels: [...grid.labels, ...xMarks(p, options.width, grid.left, ends.right), ...ends.labels],
    }),
    legend: "",
    below:
      p.series.length > 1
        ? p.series
            .slice(0, 9)
            .map((s, i) => key(`b ${tone(i, p.series.length)}`, s.name))
            .join("")
        : "",
    text: sentence(p, spec.style),
    interact: alongX(
      p,
      fractions,
      (s, i) => point(y, edges[s]?.high[i] ?? null),
      spec.style,
      spec.digits,
      options.unit,
    ),
  };
}

const point = (y: Linear, v: number | null): number | null => (v === null ? null : y.y(v) / 10);
export const base = (y: Linear): PathMark => ({
  c: "a",
  d: `M0 ${r1(y.y(y.domain[0] < 0 && y.domain[1] > 0 ? 0 : y.domain[0]))}H1000`,
});

/** Fraction of the plot's width. */
function across(p: Pivot): (x: number) => number {
  const first = p.xs[0] ?? 0;
  const span = (p.xs[p.xs.length - 1] ?? 0) - first;
  return span === 0 ? () => 0.5 : (x) => (x - first) / span;
}
function xMarks(p: Pivot, width: number, left: number, right: number): Label[] {
  const first = p.xs[0];
  const last = p.xs[p.xs.length - 1];
  if (first === undefined || last === undefined) return [];
  if (p.kind === "time") return timeMarks(p.xs, { left, right });
  const x = across(p);
  if (p.kind === "number") {
    const ticks = linear([first, last]).ticks.filter((t) => t >= first && t <= last);
    return ticks.map((t): Label => ({ text: compact(t), x: x(t) * 100, y: 100, dy: 16, a: "middle", c: "k" }));
  }
  const every = Math.max(1, Math.ceil((p.names.length * 70) / width));
  return p.names.flatMap((name, i): Label[] =>
    i % every
      ? []
      : [
          {
            text: fit(name, 90),
            x: x(i) * 100,
            y: 100,
            dy: 16,
            c: "k",
            ...(i === 0 ? {} : { a: i === p.names.length - 1 ? "end" : "middle" }),
          },
        ],
  );
}

/** Names at the right end, at least 16 px apart, each with its last value. */
function endLabels(
  p: Pivot,
  place: (series: number, v: number) => number,
  options: DrawOptions,
  style: NumberStyle | undefined,
  total?: number,
): { right: number; labels: Label[] } {
  if (p.series.length < 2) return { right: 8, labels: [] };
  const gap = (16 / Math.max(120, options.height)) * 1000;
  const all = p.series.slice(0, 9).flatMap((s, i) => {
    const key = tone(i, p.series.length);
    if (key === "cx") return [];
    const at = s.values.findLastIndex((v) => v !== null);
    const v = s.values[at] ?? null;
    return v === null ? [] : [{ name: fit(s.name, 120, 12), key, v, y: place(i, v) }];
  });
  all.sort((a, b) => a.y - b.y);
  for (let i = 1; i < all.length; i++) {
    const above = all[i - 1];
    const here = all[i];
    if (above && here && here.y - above.y < gap) here.y = above.y + gap;
  }
  const over = (all[all.length - 1]?.y ?? 0) - 1000;
  if (over > 0) for (const label of all) label.y -= over;
  const text = (v: number): string =>
    total ? value(v / total, "percent", 0) : style === "percent" ? value(v, style) : compact(v);
  const right = Math.max(40, ...all.map((l) => textWidth(l.name, 12, 600) + textWidth(text(l.v)) + 30));
  return {
    right,
    labels: all.map((l) => ({ key: l.key, bold: l.name, text: text(l.v), x: 100, y: l.y / 10, dx: 10, dy: 4, c: "e" })),
  };
}

/** The crosshair over shared x places. */
export function alongX(
  p: Pivot,
  fractions: readonly number[],
  place: (series: number, i: number) => number | null,
  style: NumberStyle | undefined,
  digits: number | undefined,
  unit: string | undefined,
): Interact {
  const shown = p.series.slice(0, 9);
  const name = (i: number): string =>
    p.kind === "time" ? moment(p.xs[i] ?? 0) : p.kind === "number" ? full(p.xs[i] ?? 0) : (p.names[i] ?? "");
  return {
    count: p.xs.length,
    at: (x) => nearest(fractions, x),
    place: (i) => ({
      x: (fractions[i] ?? 0) * 100,
      y: Math.min(100, ...shown.map((_, s) => place(s, i) ?? 100)),
      crosshair: true,
      points: shown.flatMap((_, s) => {
        const y = place(s, i);
        return y === null ? [] : [{ x: (fractions[i] ?? 0) * 100, y, c: tone(s, p.series.length) }];
      }),
      tag: p.kind === "time" ? weekday(p.xs[i] ?? 0) : name(i),
    }),
    tip: (i) => {
      const before = i > 0 && shown.length === 1 ? (shown[0]?.values[i - 1] ?? null) : null;
      const here = shown[0]?.values[i] ?? null;
      const rows: TipRow[] = shown.map((s, k) => ({
        key: `l ${tone(k, p.series.length)}`,
        name: s.name,
        value: value(s.values[i] ?? null, style, digits),
        strong: shown.length === 1,
      }));
      return {
        title: name(i),
        ...(unit ? { unit } : {}),
        rows,
        ...(before !== null && here !== null && before !== 0
          ? {
              against: [
                `Against ${p.kind === "time" ? weekday(p.xs[i - 1] ?? 0) : (p.names[i - 1] ?? "")}`,
                value(here / before - 1, "percent", 1),
              ] as [string, string],
            }
          : {}),
      };
    },
    row: (i) => p.series.find((s) => (s.rows[i] ?? -1) >= 0)?.rows[i] ?? -1,
  };
}

export function nearest(sorted: readonly number[], x: number): number {
  let low = 0;
  let high = sorted.length - 1;
  while (high - low > 1) {
    const mid = (low + high) >> 1;
    if ((sorted[mid] ?? 0) < x) low = mid;
    else high = mid;
  }
  return Math.abs((sorted[high] ?? 0) - x) < Math.abs((sorted[low] ?? 0) - x) ? high : low;
}

export function sentence(p: Pivot, style: NumberStyle | undefined): string {
  const at = (i: number): string => (p.kind === "time" ? moment(p.xs[i] ?? 0) : (p.names[i] ?? ""));
  if (p.xs.length === 0 || p.series.length === 0) return "No data.";
  const parts = p.series.slice(0, 5).map((s) => {
    const there = s.values.findIndex((v) => v !== null);
    const last = s.values.findLastIndex((v) => v !== null);
    if (there < 0) return `${s.name} has no values`;
    return `${s.name} goes from ${value(s.values[there] ?? null, style)} to ${value(s.values[last] ?? null, style)}`;
  });
  const more = p.series.length > 5 ? `, and ${p.series.length - 5} more` : "";
  return `From ${at(0)} to ${at(p.xs.length - 1)}: ${parts.join("; ")}${more}.`;
}
