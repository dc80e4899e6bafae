import { skipToken } from "@tanstack/react-query";
import { describe, expect, it } from "vitest";
import { arrange, place, step, type Place } from "./arrange";
import { complete, retype } from "./columns";
import {
  addTile,
  draftReducer,
  duplicateTile,
  finished,
  removeTile,
  tilesOf,
  withTile,
  type Content,
  type Draft,
} from "./draft";
import { refusal } from "./refusal";
import { preview } from "./use-tile-data";
import { dashboard, data } from "../fixture";

const demo = tilesOf(dashboard.definition, "overview");
const overlaps = (tiles: readonly Place[]): boolean =>
  tiles.some((a, i) =>
    tiles.some((b, j) => i < j && a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h),
  );
const at = (tiles: readonly Place[], id: string) => tiles.find((t) => t.id === id);

describe("the grid", () => {
  it("leaves the demo dashboard as it is laid out", () => {
    expect(arrange(demo)).toEqual(demo);
    expect(overlaps(demo)).toBe(false);
  });
  it("never lets tiles overlap, wherever one is dropped", () => {
    for (const tile of demo)
      for (const [x, y] of [
        [0, 0],
        [11, 2],
        [5, 20],
        [-3, 99],
        [4, 13],
      ] as const) {
        const next = place(demo, tile.id, { x, y });
        expect(overlaps(next)).toBe(false);
        expect(next.every((t) => t.x >= 0 && t.x + t.w <= 12)).toBe(true);
      }
  });
  it("makes room for what is dropped on a tile's upper half", () => {
    const next = place(demo, "states", { x: 0, y: 15 });
    expect(at(next, "states")).toMatchObject({ x: 0, y: 13 });
    expect(at(next, "weekday")).toMatchObject({ y: 24 });
  });
  it("keeps a tile readable and on the grid when it is sized", () => {
    expect(at(place(demo, "fan", { w: 1, h: 0 }), "fan")).toMatchObject({ w: 2, h: 3 });
    expect(at(place(demo, "fan", { w: 40 }), "fan")).toMatchObject({ x: 0, w: 12 });
  });
  it("moves by key past the next tile and back", () => {
    const down = step(demo, "states", "down");
    expect(at(down, "states")?.y).toBeGreaterThan(at(down, "load")?.y ?? 99);
    expect(at(step(down, "states", "up"), "states")?.y).toBe(13);
  });
});

const rename = (title: string) =>
  ({ do: "change", make: (now: Content) => withTile(now, "overview", "fan", { title }) }) as const;

describe("a draft", () => {
  const content: Content = { title: dashboard.title, definition: dashboard.definition };
  const start: Draft = { past: [], now: content, future: [] };

  it("undoes and redoes thought by thought, and forgets the future after a new change", () => {
    let draft = draftReducer(draftReducer(start, rename("A")), rename("B"));
    draft = draftReducer(draft, { do: "undo" });
    expect(tilesOf(draft.now.definition, "overview").find((t) => t.id === "fan")?.title).toBe("A");
    draft = draftReducer(draft, { do: "redo" });
    expect(tilesOf(draft.now.definition, "overview").find((t) => t.id === "fan")?.title).toBe("B");
    draft = draftReducer(draftReducer(draft, { do: "undo" }), rename("C"));
    expect(draft.future).toEqual([]);
    expect(start.now).toBe(content);
  });
  it("adds, copies and removes tiles without losing a query another tile draws", () => {
    const added = addTile(content, "overview", {
      title: "New",
      sql: "select 1 as v",
      chart: { type: "number", value: "v" },
    });
    expect(tilesOf(added.content.definition, "overview")).toHaveLength(demo.length + 1);
    const copied = duplicateTile(added.content, "overview", added.id);
    expect(copied?.id).not.toBe(added.id);
    expect(overlaps(tilesOf(copied?.content.definition ?? content.definition, "overview"))).toBe(false);
    expect(Object.keys(removeTile(content, "overview", "top").definition.queries)).not.toContain("top");
    expect(Object.keys(removeTile(content, "overview", "fan").definition.queries)).toContain("daily");
    expect(Object.keys(removeTile(content, "overview", "fan").definition.queries)).toContain("opt_dma");
  });
  it("changes a chart's type and keeps its measure", () => {
    const columns = [
      { name: "day", type: "date" },
      { name: "lo", type: "double" },
      { name: "mid", type: "double" },
      { name: "hi", type: "double" },
    ];
    expect(retype({ type: "fan", x: "day", low: "lo", median: "mid", high: "hi" }, "line", columns)).toEqual({
      type: "line",
      x: "day",
      y: ["mid"],
    });
    expect(
      retype({ type: "" }, "bar", [
        { name: "name", type: "varchar" },
        { name: "n", type: "bigint" },
      ]),
    ).toEqual({ type: "bar", x: "name", y: ["n"] });
  });
});

describe("a chart that is not finished", () => {
  const value = [{ name: "value", type: "integer" }];
  const sales = [
    { name: "n", type: "bigint" },
    { name: "state", type: "varchar" },
    { name: "day", type: "date" },
    { name: "total", type: "double" },
  ];

  it("takes the columns that fit, or the only one", () => {
    expect(complete({ type: "number" }, value)).toEqual({ type: "number", value: "value" });
    // The chart's type is no column of it.
    const called = [
      { name: "number", type: "bigint" },
      { name: "state", type: "varchar" },
    ];
    expect(complete({ type: "number" }, called)).toEqual({ type: "number", value: "number" });
    expect(complete({ type: "line" }, value)).toEqual({ type: "line", x: "value", y: ["value"] });
    expect(complete({ type: "line" }, sales)).toEqual({ type: "line", x: "day", y: ["n"] });
    expect(complete({ type: "map" }, sales)).toEqual({ type: "map", state: "state", value: "n" });
    expect(complete({ type: "scatter" }, sales)).toEqual({ type: "scatter", x: "n", y: "total" });
    expect(complete({ type: "heatmap" }, sales)).toEqual({ type: "heatmap", y: "state", x: "day", value: "n" });
  });
  it("keeps what is chosen, and a list that was emptied", () => {
    expect(complete({ type: "scatter", x: "", y: "n" }, sales)).toEqual({ type: "scatter", x: "total", y: "n" });
    expect(complete({ type: "bar", x: "state", y: [] }, sales)).toEqual({ type: "bar", x: "state", y: [] });
    const wide = { type: "heatmap", y: "state", columns: [{ column: "n" }] };
    expect(complete(wide, sales)).toBe(wide);
  });
  it("waits for its columns", () => {
    expect(complete(retype({ type: "" }, "number", []), [])).toEqual({ type: "number" });
  });
  it("is finished when it is saved, and keeps nobody from saving when its query fails", async () => {
    const tiles = ["good", "bad"].map((id) => ({
      id,
      title: id,
      x: 0,
      y: 0,
      w: 3,
      h: 4,
      sql: id,
      chart: { type: "number" },
    }));
    const tabs = [{ id: "one", title: "One", tiles }];
    const { tabs: saved } = await finished({ ...dashboard.definition, tabs }, async ({ id }) => {
      if (id === "bad") throw new Error("no such table");
      return value;
    });
    expect(saved[0]?.tiles.map((each) => each.chart)).toEqual([{ type: "number", value: "value" }, { type: "number" }]);
  });
});

describe("a refusal", () => {
  it("names a tile by its title, and its part as the panel does", () => {
    const numbers = dashboard.definition.tabs[0]?.tiles ?? [];
    const at = numbers.findIndex((each) => each.id === "fan");
    expect(
      refusal(
        `\`tabs[0].tiles[${at}].chart.median\` is empty; it has to be the name of a column. \`tabs[0].tiles[${at}].chart.spak\` is not known. Did you mean \`spark\`?`,
        dashboard.definition,
      ),
    ).toEqual({
      words: `The tile “${numbers[at]?.title}” has no column for “Median” yet. “spak” of the tile “${numbers[at]?.title}” is not known. Did you mean \`spark\`?`,
      at: { tab: "overview", tile: "fan" },
    });
  });
  it("leaves other words as they are", () => {
    const words = "`filters[0].label` is missing: a text.";
    expect(refusal(words, dashboard.definition)).toEqual({ words, at: null });
  });
});

describe("a preview", () => {
  const sql = "select 1 from t where true [[ and day between {{from}} and {{to}} ]]";
  const half = { from: "2025-02-01" };
  it("does not run until the day is known that a range of one end reaches to", () => {
    expect(preview(dashboard.definition, sql, half, undefined).queryFn).toBe(skipToken);
    const known = preview(dashboard.definition, sql, half, data);
    expect(known.queryFn).not.toBe(skipToken);
    expect(known.queryKey[1]).toMatchObject({ parameters: { from: "2025-02-01", to: "2025-04-01" } });
  });
});
