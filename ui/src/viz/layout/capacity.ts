import { gridMarks, linear } from "../axes";
import type { Drawing, DrawOptions, Source } from "../drawing";
import { percent } from "../format";
import { esc, narrowClass, plotHtml, r1, rectPath, type Label } from "../marks";
import { textWidth } from "../measure";
import { extent, indexOf, toNumber, toText } from "../read";
import type { CapacitySpec } from "../spec";

/** Loads against a limit line; what passes it is red, hatched and counted. */
export function capacity(spec: CapacitySpec, { columns, rows }: Source, options: DrawOptions): Drawing {
  const li = indexOf(columns, spec.label);
  const vi = indexOf(columns, spec.load);
  const bars = rows.flatMap((r, i) => {
    const v = toNumber(r[vi]);
    return v === null ? [] : [{ name: toText(r[li]), v, i }];
  });
  bars.sort((a, b) => b.v - a.v || (a.name < b.name ? -1 : 1));
  const n = Math.max(1, bars.length);
  const top = Math.max(1, extent(bars.map((b) => b.v))?.[1] ?? 1);
  const scale = linear([0, 1], { zero: true });
  // Quarters below the limit; above it only room for what passes it and for the count.
  const ceiling = Math.max(1.12, top * 1.06);
  const y = (v: number): number => 1000 - (v / ceiling) * 1000;
  const ticks = top > 2.4 ? linear([0, top], { zero: true }).ticks : [0, 0.25, 0.5, 0.75, 1];
  const grid = gridMarks({ ...scale, ticks, y }, "percent");
  const over = bars.filter((b) => b.v > 1);
  const band = 1000 / n;
  const hatch = `${options.id}-hatch`;
  let calm = "";
  const labels: Label[] = grid.labels.map((l, i) => (ticks[i] === 1 && "text" in l ? { ...l, c: "k lim" } : l));
  bars.forEach((b, i) => {
    const x = i * band + band * 0.2;
    if (b.v <= 1) calm += rectPath(x, y(b.v), band * 0.6, 1000 - y(b.v));
    else
      labels.push({
        x: x / 10,
        y: y(b.v) / 10,
        w: `${r1(band * 6) / 100}%`,
        h: `${r1(100 - y(b.v) / 10)}%`,
        fill: `url(#${hatch})`,
        c: "ov",
      });
  });
  const px = options.width / n;
  const turned = px >= 11 && px < Math.max(40, ...bars.map((b) => textWidth(b.name) + 6));
  const need = grid.left + n * (turned ? 10.5 : 40);
  if (!turned && px >= 11)
    bars.forEach((b, i) => {
      const c = `k ${narrowClass(need)}${b.v > 1 ? " bad" : ""}`;
      labels.push({ text: b.name, x: ((i + 0.5) / n) * 100, y: 100, dy: 16, a: "middle", c });
    });
  const first = bars[0];
  const last = bars[bars.length - 1];
  if (first && last && first !== last) {
    const c = px >= 11 ? `k ${narrowClass(need, "o")}` : "k";
    labels.push(
      { text: first.name, x: 0, y: 100, dy: 16, c },
      { text: last.name, x: 100, y: 100, dy: 16, a: "end", c },
    );
  }
  labels.push({ text: spec.limit ?? "Capacity", x: 100, y: y(1) / 10, dy: -6, a: "end", c: "k lim" });
  if (over.length && first)
    labels.push({
      text: `${over.length} over ${(spec.limit ?? "capacity").toLowerCase()}`,
      x: band * 0.02,
      y: y(first.v) / 10,
      dy: -7,
      c: "nt bad",
    });
  const deep = turned ? `cap ${narrowClass(need, "deep")}` : "cap";
  return {
    html: plotHtml({
      kind: deep,
      left: grid.left,
      right: 0,
      defs: over.length
        ? `<defs><pattern id="${esc(hatch)}" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="5" height="5" class="hb"/><path d="M0 0V5" class="hp"/></pattern></defs>`
        : "",
      paths: [
        ...grid.paths.filter((p) => p.c === "g").map((p) => ({ c: p.c, d: p.d.replace(`M0 ${r1(y(1))}H1000`, "") })),
        { c: "f c0", d: calm },
        { c: "a", d: "M0 1000H1000" },
        { c: "lm", d: `M0 ${r1(y(1))}H1000` },
      ],
      labels,
      ...(turned
        ? {
            upright: {
              words: bars.map((b) => (b.v > 1 ? { text: b.name, c: "bad" } : { text: b.name })),
              c: narrowClass(need),
            },
          }
        : {}),
    }),
    legend: "",
    text: first
      ? `${over.length} of ${bars.length} are above the limit at ${percent(1)}; most is ${first.name} at ${percent(first.v)}, least ${last?.name ?? ""} at ${percent(last?.v ?? 0)}.`
      : "No data.",
    interact: {
      count: bars.length,
      at: (fx) => (bars.length ? Math.min(n - 1, Math.max(0, Math.floor(fx * n))) : -1),
      place: (i) => ({ x: ((i + 0.5) / n) * 100, y: y(bars[i]?.v ?? 0) / 10, crosshair: false, points: [] }),
      tip: (i) => {
        const b = bars[i];
        return {
          title: b?.name ?? "",
          rows: [
            { key: `b ${(b?.v ?? 0) > 1 ? "ov" : "c0"}`, name: spec.load, value: percent(b?.v ?? 0, 1), strong: true },
          ],
          against: [
            (b?.v ?? 0) > 1 ? "Over the limit by" : "Below the limit by",
            percent(Math.abs((b?.v ?? 0) - 1), 1),
          ],
        };
      },
      row: (i) => bars[i]?.i ?? -1,
    },
  };
}
