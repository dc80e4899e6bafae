import { describe, expect, it } from "vitest";
import { toTime } from "./read";
import { draw } from "./draw";
import type { DrawOptions } from "./drawing";
import { axis, compact, full, parts, percent } from "./format";
import { linear } from "./axes";
import { textWidth } from "./measure";
import { normalizeSpec, suggestSpec, type ChartSpec, type Column, type Row } from "./spec";

const options: DrawOptions = { id: "t", width: 640, height: 280 };
const cols = (text: string): Column[] =>
  text.split(" ").map((c) => ({ name: c.split(":")[0] ?? "", type: c.split(":")[1] ?? "double" }));
const columns = cols("day:date low mid high name:varchar state:varchar a b");
const row = (i: number, v: number | null, name = `n${i}`): Row => [
  `2025-01-${String(i + 1).padStart(2, "0")}`,
  v === null ? null : v * 0.8,
  v,
  v === null ? null : v * 1.2,
  name,
  ["CA", "TX", "FL"][i % 3],
  v,
  v === null ? null : -v,
];
const specs: ChartSpec[] = [
  { type: "line", x: "day", y: ["mid", "high"] },
  { type: "line", x: "name", y: ["mid"], series: "state" },
  { type: "area", x: "day", y: ["mid"], series: "state", stack: "share" },
  { type: "area", x: "day", y: ["mid", "high"] },
  { type: "bar", x: "name", y: ["a", "b"] },
  { type: "bar", x: "name", y: ["a", "b"], mode: "stacked" },
  { type: "bar", x: "name", y: ["a"], horizontal: true, sort: "value" },
  { type: "fan", x: "day", low: "low", median: "mid", high: "high", inner: true, notes: { "2025-01-02": "Holiday" } },
  {
    type: "heatmap",
    y: "name",
    group: "state",
    columns: [
      { column: "a", label: "A" },
      { column: "b", label: "B" },
    ],
  },
  { type: "heatmap", y: "state", x: "name", value: "a", scale: "sequential" },
  { type: "scatter", x: "a", y: "b", series: "state", label: "name" },
  { type: "map", state: "state", value: "a" },
  { type: "number", value: "a", per: "a day", spark: "line" },
  { type: "number", value: "a", low: "low", high: "high", spark: "band" },
  { type: "number", value: "a", reduce: "change", period: 2, spark: "bars" },
  { type: "ranked", label: "name", detail: ["state"], value: "a" },
  { type: "capacity", label: "name", load: "a" },
  { type: "table" },
  {
    type: "table",
    columns: [
      { column: "name", cell: "text" },
      { column: "a", cell: "bar" },
      { column: "low", cell: "range", middle: "mid", high: "high" },
      { column: "b", cell: "change" },
      { column: "a", cell: "spark", columns: ["low", "mid", "high"] },
      { column: "a", cell: "limit", style: "percent" },
      { column: "a", cell: "peak", columns: ["a", "b"] },
    ],
  },
];
const shapes: [string, Row[]][] = [
  ["nothing", []],
  ["one row", [row(0, 12)]],
  ["only nulls", [row(0, null), row(1, null)]],
  ["equal values", [row(0, 5), row(1, 5), row(2, 5)]],
  ["negative values", [row(0, -3), row(1, 4), row(2, -9)]],
  ["huge values", [row(0, 1e15), row(1, 9.9e24), row(2, 3)]],
  ["tiny values", [row(0, 1e-9), row(1, 4e-7), row(2, 0)]],
  ["what JSON makes of NaN and decimals", [[null, "NaN", "12.50", "Infinity", null, "ZZ", "1.5", "-Infinity"]]],
];

describe("every chart draws every shape of data", () => {
  for (const [name, rows] of shapes)
    it(name, () => {
      for (const spec of specs) {
        const { html, legend, text, interact } = draw(spec, { columns, rows }, options);
        const all = `${html}${legend}${text}`;
        // A plain table shows what the engine sent, NaN included.
        if (spec.type !== "table") expect(all, spec.type).not.toMatch(/NaN|Infinity|undefined/);
        expect(text.length, spec.type).toBeGreaterThan(3);
        for (let i = 0; i < (interact?.count ?? 0); i++) {
          const place = interact?.place(i);
          expect(Number.isFinite(place?.x) && Number.isFinite(place?.y), `${spec.type} place`).toBe(true);
          expect(interact?.tip(i).rows.length).toBeGreaterThan(0);
        }
      }
    });
  it("text from the data never becomes markup", () => {
    const evil = `<img src=x onerror="alert(1)">'&`;
    for (const spec of specs) {
      const rows: Row[] = [row(0, 1, evil), row(1, 2, evil)];
      // A tile's id is whatever the dashboard's definition says.
      const { html, legend } = draw(spec, { columns, rows }, { ...options, id: evil, href: () => `/d/x?q=${evil}` });
      expect(html + legend, spec.type).not.toContain("<img");
      expect(html + legend, spec.type).not.toMatch(/"[^"<>]*onerror="alert/);
    }
  });
  it("says nothing in style attributes, which the content policy may forbid", () => {
    for (const spec of specs)
      expect(draw(spec, { columns, rows: [row(0, 1), row(1, 2)] }, options).html).not.toContain("style=");
  });
});

const lying = (n: number, more: Partial<ChartSpec> = {}) =>
  draw(
    { type: "bar", x: "name", y: ["a"], horizontal: true, ...more } as ChartSpec,
    { columns, rows: Array.from({ length: n }, (_, i) => row(i, i + 1)) },
    options,
  );
const height = (html: string) => Number(/class="lv-t" width="100%" height="(\d+)"/.exec(html)?.[1]);

describe("a date", () => {
  it("may lie in a year of more than four digits", () => {
    for (const [text, year] of [
      ["+12025-02-10", 12_025],
      ["2025-02-10", 2025],
      ["-0044-03-15", -44],
    ] as const)
      expect(new Date(toTime(text) ?? Number.NaN).getUTCFullYear()).toBe(year);
  });
});

describe("a heatmap", () => {
  it("keeps each name beside its cells, whatever the name holds", () => {
    const rows = ["one\ntwo", "three\r\n four", "five\u2028six\u0085seven", ""].map((name, i) => row(i, i, name));
    const { html } = draw({ type: "heatmap", y: "name", columns: [{ column: "a" }] }, { columns, rows }, options);
    const names = /<p>(.*?)<\/p>/s.exec(html)?.[1]?.split(/[\n\r\u2028\u0085]/);
    expect(names).toEqual(["one two", "three four", "five six seven", "\u00a0"]);
    expect(html.match(/<i class/g)?.length).toBe(rows.length);
  });
});

const figure = (more: object): string => {
  const rows = [[3_725_415.53, 12_345, 23_456]];
  const { html } = draw({ type: "number", value: "v", ...more }, { columns: cols("v a b"), rows }, options);
  return /<b>(.*?)<\/b>/.exec(html)?.[1] ?? "";
};

describe("a big number", () => {
  it("is short unless it is to be written out", () => {
    expect(figure({})).toBe("3.725<i>M</i>");
    expect(figure({ style: "number" })).toBe("3,725,416");
    expect(figure({ low: "a", high: "b" })).toBe("12.3<em>–</em>23.5<i>k</i>");
    expect(figure({ low: "a", high: "b", style: "number" })).toBe("12,345<em>–</em>23,456<i></i>");
  });
});

describe("lying bars", () => {
  it("fill their place while they are few", () => {
    expect(lying(11).html).not.toContain("lv-tall");
    expect(lying(11).html).toContain('height="100%"');
  });
  it("keep a height that can be read when they are many, and scroll", () => {
    expect(height(lying(12).html)).toBe(12 * 23);
    expect(height(lying(33).html)).toBe(33 * 18);
    expect(height(lying(33, { y: ["a", "b", "low"] }).html)).toBe(33 * 27);
    expect(lying(33).html).toContain('class="lv-roll" tabindex="0" role="group" aria-label="33 bars"');
    expect(lying(33).interact?.at(0.5, 0.999)).toBe(32);
  });
});

describe("the budget of a chart", () => {
  it("is 30 kB of markup at the size of the demo", () => {
    const many = Array.from({ length: 91 }, (_, i): Row => [
      new Date(Date.UTC(2025, 0, 1 + i)).toISOString().slice(0, 10),
      1e5 + 999 * i,
      2e5 - 777 * i,
      3e5 + i * 31,
      `DC-${i}`,
      "CA",
      0.6 + (i % 50) / 100,
      1,
    ]);
    for (const spec of specs) {
      if (spec.type === "table" || (spec.type === "heatmap" && spec.x)) continue;
      const rows = spec.type === "capacity" ? many.slice(0, 60) : many;
      const { html } = draw(spec, { columns, rows }, options);
      expect(html.length, spec.type).toBeLessThan(30_000);
    }
  });
});

const type = (text: string) => suggestSpec(cols(text)).type;

describe("axes", () => {
  it("never draw more than five gridlines, and hold the data", () => {
    for (const range of [
      [0, 1],
      [3, 97],
      [-5, 1234],
      [99_999, 100_001],
      [1e-7, 5e-6],
      [-1e12, -4],
    ] as [number, number][]) {
      for (const pad of [false, true]) {
        const { ticks, domain } = linear(range, { pad });
        expect(ticks.length).toBeGreaterThan(0);
        expect(ticks.length).toBeLessThanOrEqual(5);
        expect(domain[0]).toBeLessThanOrEqual(range[0]);
        expect(domain[1]).toBeGreaterThanOrEqual(range[1]);
      }
    }
  });
  it("start bars at zero", () => {
    expect(linear([40, 60], { zero: true }).domain[0]).toBe(0);
    expect(linear([-60, -40], { zero: true }).domain[1]).toBe(0);
  });
});

describe("figures", () => {
  it("are compact on axes, in full elsewhere, with a true minus", () => {
    expect([
      compact(150_000),
      compact(2_340_000),
      compact(999_950),
      compact(-1500),
      compact(0),
      compact(0.0012345),
    ]).toEqual(["150k", "2.34M", "1M", "−1.5k", "0", "0.00123"]);
    expect([full(204356), full(-0.001), full(1234.5, 2), full(0.1 + 0.2)]).toEqual([
      "204,356",
      "−0.001",
      "1,234.50",
      "0.3",
    ]);
    expect(parts(15_666_000, 4)).toEqual(["15.67", "M"]);
    expect([percent(-0.1, 0), percent(0.008, 1, true), axis(0.25, "percent")]).toEqual(["−10 %", "+0.8 %", "25 %"]);
  });
  it("measure like the font: tabular digits are equally wide", () => {
    expect(textWidth("111")).toBe(textWidth("888"));
    expect(textWidth("Los Angeles", 12)).toBeGreaterThan(50);
  });
});

describe("specifications", () => {
  it("unknown ones are told, not drawn", () => {
    expect(normalizeSpec(null).problem).toContain("Choose a chart type");
    expect(normalizeSpec({ type: "pie3d" }).problem).toContain("“pie3d” is not known");
    expect(normalizeSpec({ type: "line", x: "day" }).problem).toContain("“y”");
    expect(normalizeSpec({ type: "fan", x: "day", low: "l", median: "m", high: "h" }, columns).problem).toContain(
      "no column “l”",
    );
    expect(normalizeSpec({ type: "bar", x: "name", y: "a" }, columns).spec).toMatchObject({ y: ["a"] });
  });
  it("with settings of another kind are told too, and what passes can be drawn", () => {
    const parts = [null, 5, "a", -1, {}, [], ["a"], [null], [{ label: "A" }], [{ column: "a" }]];
    let told = 0;
    for (const spec of specs)
      for (const key of ["columns", "detail", "limit", "notes", "digits", "series", "sort", "label", "per", "bucket"])
        for (const part of [...parts, [{ column: "a", columns: 5 }], [{ column: "a", label: 5 }], { day: 5 }]) {
          const check = normalizeSpec({ ...spec, [key]: part }, columns);
          if (check.spec) draw(check.spec, { columns, rows: [row(0, 1), row(1, 2)] }, options);
          else told += 1;
        }
    expect(told).toBeGreaterThan(50);
    expect(normalizeSpec({ type: "table", columns: [{ label: "A" }] }).problem).toContain("“columns” must be a list");
    expect(normalizeSpec({ type: "ranked", label: "name", value: "a", digits: -1 }).problem).toContain("“digits”");
  });
  it("are suggested from the types of the columns", () => {
    expect(type("business_date:date y_05 y_50 y_95")).toBe("fan");
    expect(type("week:timestamp(3) item:varchar units")).toBe("line");
    expect(type("state:varchar units:bigint")).toBe("map");
    expect(type("name:varchar units:bigint")).toBe("bar");
    expect(type("a:bigint")).toBe("number");
    expect(type("a:double b:double")).toBe("scatter");
    expect(type("name:varchar city:varchar")).toBe("table");
  });
});
