import { gridMarks, linear } from "../axes";
import type { Drawing, DrawOptions, Source } from "../drawing";
import { compact, full, value } from "../format";
import { key, plotHtml, r1, type Label } from "../marks";
import { extent, indexOf, toNumber, toText } from "../read";
import type { ScatterSpec } from "../spec";
import { base } from "./line";
import { tone } from "./series";

/** Points as zero-length strokes with round caps, so that a stretched picture keeps them round. */
export function scatter(spec: ScatterSpec, { columns, rows }: Source, options: DrawOptions): Drawing {
  const [xi, yi, si, ni] = [spec.x, spec.y, spec.series, spec.label].map((n) => indexOf(columns, n)) as [
    number,
    number,
    number,
    number,
  ];
  const points = rows.flatMap((r, i) => {
    const x = toNumber(r[xi]);
    const y = toNumber(r[yi]);
    return x === null || y === null ? [] : [{ x, y, i, s: si < 0 ? "" : toText(r[si]) }];
  });
  const ys = linear(extent(points.map((p) => p.y)), { pad: true });
  const xr = linear(extent(points.map((p) => p.x)), { pad: true });
  const x = (v: number): number => 1000 - xr.y(v);
  const grid = gridMarks(ys, spec.style);
  const counts = new Map<string, number>();
  for (const p of points) counts.set(p.s, (counts.get(p.s) ?? 0) + 1);
  const names = [...counts.keys()].sort((a, b) => (counts.get(b) ?? 0) - (counts.get(a) ?? 0) || (a < b ? -1 : 1));
  const rank = new Map(names.map((n, i) => [n, i]));
  const paths = names.map(() => "");
  for (const p of points) paths[rank.get(p.s) ?? 0] += `M${r1(x(p.x))} ${r1(ys.y(p.y))}h0`;
  const labels: Label[] = xr.ticks.map((t, i) => ({
    text: compact(t),
    x: x(t) / 10,
    y: 100,
    dy: 16,
    a: "middle",
    c: `k${i % 2 ? " o" : ""}`,
  }));
  const range = extent(points.map((p) => p.y));
  return {
    html: plotHtml({
      kind: "scatter",
      left: grid.left,
      right: 8,
      paths: [...grid.paths, base(ys), ...paths.map((d, i) => ({ c: `d ${tone(i, names.length)}`, d }))],
      labels: [...grid.labels, ...labels],
    }),
    legend:
      names.length > 1
        ? names
            .slice(0, 9)
            .map((n, i) => key(`o ${tone(i, names.length)}`, n))
            .join("")
        : "",
    text: range
      ? `${full(points.length)} points; ${spec.y} lies between ${full(range[0])} and ${full(range[1])}.`
      : "No data.",
    interact: {
      count: points.length,
      at: (fx, fy) => {
        let best = -1;
        let least = Infinity;
        points.forEach((p, k) => {
          const dx = (x(p.x) / 1000 - fx) * options.width;
          const dy = (ys.y(p.y) / 1000 - fy) * options.height;
          const d = dx * dx + dy * dy;
          if (d < least) {
            least = d;
            best = k;
          }
        });
        return best;
      },
      place: (k) => {
        const p = points[k];
        const at = { x: x(p?.x ?? 0) / 10, y: ys.y(p?.y ?? 0) / 10 };
        return { ...at, crosshair: false, points: [{ ...at, c: tone(rank.get(p?.s ?? "") ?? 0, names.length) }] };
      },
      tip: (k) => {
        const p = points[k];
        const r = rows[p?.i ?? -1] ?? [];
        return {
          title: ni >= 0 ? toText(r[ni]) : p?.s || `Row ${full((p?.i ?? 0) + 1)}`,
          ...(ni >= 0 && p?.s ? { unit: p.s } : {}),
          rows: [
            { name: spec.x, value: full(p?.x ?? 0) },
            { name: spec.y, value: value(p?.y ?? null, spec.style, spec.digits), strong: true },
          ],
        };
      },
      row: (k) => points[k]?.i ?? -1,
    },
  };
}
