import type { Drawing, DrawOptions, Source } from "../drawing";
import { axis, full, percent, value } from "../format";
import { esc, narrowClass, ramp } from "../marks";
import { fit, textWidth } from "../measure";
import { extent, indexOf, toNumber, toText } from "../read";
import type { HeatmapSpec } from "../spec";

const ROW = 19;
const TOP = 22;
const GROUP_GAP = 8;
const DIVERGING = ["n3", "n2", "n1", "z", "p1", "p2", "p3"];
const SEQUENTIAL = ["s1", "s2", "s3", "s4", "s5", "s6", "s7"];

/**
 * Cells of rows × columns; groups of rows stand apart. Rows have a fixed height, columns share the width. Boxes of text
 * and not SVG: half the elements, and text is laid out in a third of the time.
 */
export function heat(spec: HeatmapSpec, source: Source, _options: DrawOptions): Drawing {
  const { names, rows } = grid(spec, source);
  const values = rows.flatMap((r) => r.values);
  const range = extent(values);
  const diverging = spec.scale !== "sequential";
  const limit = spec.limit ?? Math.max(Math.abs(range?.[0] ?? 0), Math.abs(range?.[1] ?? 0), 1e-9);
  const classOf = (v: number): string => (diverging ? divergingClass(v / limit) : sequentialClass(v, range ?? [0, 1]));
  const short = (v: number): string => {
    if (spec.style !== "percent") return axis(v, spec.style);
    const n = Math.round(v * 100);
    return `${n > 0 && diverging ? "+" : n < 0 ? "−" : ""}${Math.abs(n)}`;
  };
  const grouped = spec.group !== undefined;
  const indent = grouped ? 26 : 0;
  const widest = Math.max(60, ...rows.map((r) => textWidth(r.name, 12)));
  const n = Math.max(1, names.length);
  const need = Math.min(150, widest) + indent + 8 + n * 29.5;
  let words = "";
  let cells = "";
  let y = TOP;
  let group: string | null = null;
  const tops: number[] = [];
  rows.forEach((r) => {
    const opens = r.group !== group;
    const apart = group !== null && opens;
    if (apart) y += GROUP_GAP;
    if (opens) words += `${apart ? "</p>" : ""}<p>${grouped ? `<b>${esc(fit(r.group, indent - 2))}</b>` : ""}`;
    else words += "\n";
    // One line each, whatever the data holds: the next name would stand beside another row's cells.
    words += esc(fit(r.name.replace(/[\s\u0085]+/g, " "), 150, 12)) || "\u00a0";
    cells += apart ? '<div class="gp">' : "<div>";
    for (const v of r.values) cells += v === null ? "<i></i>" : `<i class="${classOf(v)}">${esc(short(v))}</i>`;
    cells += "</div>";
    group = r.group;
    tops.push(y);
    y += ROW;
  });
  const height = y;
  const heads = names.map((name) => `<span>${esc(fit(name, 60))}</span>`).join("");
  const html =
    `<div class="lv-plot lv-heat" aria-hidden="true"><div class="lv-hn${grouped ? " lv-hn--by" : ""}">${words}${words && "</p>"}</div>` +
    `<div class="lv-in lv-hc ${narrowClass(need, "m")}"><div class="k">${heads}</div>${cells}</div></div>`;
  const end = spec.style === "percent" ? percent(limit) : axis(limit);
  return {
    html,
    legend: range
      ? diverging
        ? ramp(
            `−${end}`,
            DIVERGING.map((c) => `h ${c}`),
            `+${end}`,
          )
        : ramp(
            axis(range[0], spec.style),
            SEQUENTIAL.map((c) => `h ${c}`),
            axis(range[1], spec.style),
          )
      : "",
    text: describe(rows, names, range, spec),
    interact: {
      count: rows.length * n,
      columns: n,
      at: (fx, fy) => {
        const py = fy * height;
        const i = tops.findIndex((t) => py >= t && py < t + ROW);
        const j = Math.floor(fx * n);
        return i < 0 || j < 0 || j >= n ? -1 : i * n + j;
      },
      place: (k) => ({
        x: (((k % n) + 0.5) / n) * 100,
        y: (((tops[Math.floor(k / n)] ?? 0) + ROW / 2) / height) * 100,
        crosshair: false,
        points: [],
      }),
      tip: (k) => {
        const r = rows[Math.floor(k / n)];
        const v = r?.values[k % n] ?? null;
        return {
          title: r?.name ?? "",
          ...(r && grouped ? { unit: r.group } : {}),
          rows: [
            {
              ...(v === null ? {} : { key: `b h ${classOf(v)}` }),
              name: names[k % n] ?? "",
              value:
                spec.style === "percent" && v !== null ? percent(v, 1, diverging) : value(v, spec.style, spec.digits),
              strong: true,
            },
          ],
        };
      },
      row: (k) => rows[Math.floor(k / n)]?.rows[k % n] ?? -1,
    },
  };
}

interface Line {
  name: string;
  group: string;
  values: (number | null)[];
  rows: number[];
}
function grid(spec: HeatmapSpec, { columns, rows }: Source): { names: string[]; rows: Line[] } {
  const yi = indexOf(columns, spec.y);
  const gi = indexOf(columns, spec.group);
  if (spec.columns) {
    const at = spec.columns.map((c) => indexOf(columns, c.column));
    return {
      names: spec.columns.map((c) => c.label ?? c.column),
      rows: rows.map((r, i) => ({
        name: toText(r[yi]),
        group: gi < 0 ? "" : toText(r[gi]),
        values: at.map((a) => toNumber(r[a])),
        rows: at.map(() => i),
      })),
    };
  }
  const xi = indexOf(columns, spec.x);
  const vi = indexOf(columns, spec.value);
  const names: string[] = [];
  const known = new Map<string, number>();
  const lines = new Map<string, Line>();
  rows.forEach((r, i) => {
    const x = toText(r[xi]);
    let j = known.get(x);
    if (j === undefined) {
      j = names.length;
      known.set(x, j);
      names.push(x);
    }
    const id = `${gi < 0 ? "" : toText(r[gi])} ${toText(r[yi])}`;
    const line = lines.get(id) ?? { name: toText(r[yi]), group: gi < 0 ? "" : toText(r[gi]), values: [], rows: [] };
    lines.set(id, line);
    line.values[j] = toNumber(r[vi]);
    line.rows[j] = i;
  });
  const all = [...lines.values()];
  for (const line of all) {
    line.values = names.map((_, j) => line.values[j] ?? null);
    line.rows = names.map((_, j) => line.rows[j] ?? -1);
  }
  return { names, rows: all };
}

/** The neutral class is a sixth of the limit wide on each side, ±5 % at 30 %. */
function divergingClass(share: number): string {
  const a = Math.abs(share);
  const step = a <= 1 / 6 ? 0 : a <= 0.5 ? 1 : a <= 5 / 6 ? 2 : 3;
  return DIVERGING[3 + (share < 0 ? -step : step)] ?? "z";
}
function sequentialClass(v: number, [low, high]: [number, number]): string {
  const share = high === low ? 1 : (v - low) / (high - low);
  return SEQUENTIAL[Math.min(6, Math.floor(share * 7))] ?? "s1";
}
function describe(rows: Line[], names: string[], range: [number, number] | null, spec: HeatmapSpec): string {
  if (!range) return "No data.";
  const find = (v: number): string => {
    const r = rows.find((line) => line.values.includes(v));
    return r ? `${r.name}, ${names[r.values.indexOf(v)] ?? ""}` : "";
  };
  return `${full(rows.length)} rows by ${full(names.length)} columns; lowest is ${value(range[0], spec.style, spec.digits)} (${find(range[0])}), highest ${value(range[1], spec.style, spec.digits)} (${find(range[1])}).`;
}
