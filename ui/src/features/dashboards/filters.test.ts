import { describe, expect, it } from "vitest";
import { filtersFromSearch, strayNames } from "@/api/filters";
import { parseSearch } from "@/lib/search";
import { normalizeSpec } from "@/viz";
import { presets, rangeLength } from "./dates";
import { dataKey, ignoredFilters, inOrder, tileSql, type Filter, type Tile } from "./definition";
import { dashboard, data } from "./fixture";
import { optionList } from "./option-list";
import { boundsOf, effect, optionsOf, summary, unreadable, valuesFor } from "./options";
import { picked } from "./use-dashboard-search";

const { definition } = dashboard;
const filters = definition.filters as Filter[];
const filter = (id: string): Filter => filters.find((f) => f.id === id) as Filter;
const tiles = definition.tabs.flatMap((t) => t.tiles) as Tile[];
const tile = (id: string): Tile => tiles.find((t) => t.id === id) as Tile;
const stray = (search: string) => strayNames(definition, parseSearch(search));
const under = (sql: string, search: string) => valuesFor(sql, definition, values(search), data);
const values = (search: string) => filtersFromSearch(definition, parseSearch(search));

describe("the demo dashboard", () => {
  it("draws only columns that its queries answer", () => {
    for (const t of tiles) {
      const answer = data.queries[dataKey(t)];
      expect(answer, t.id).toBeDefined();
      expect(normalizeSpec(t.chart, answer?.columns).problem, t.id).toBeUndefined();
      if (t.click) {
        expect(filters.map((f) => f.id)).toContain(t.click.filter);
        expect(answer?.columns.map((c) => c.name)).toContain(t.click.column);
      }
    }
  });
  it("asks every filter of every query over the facts", () => {
    for (const t of tiles)
      for (const name of ["state", "dma", "dc", "restaurant", "item", "from", "to"])
        expect(tileSql(definition, t), t.id).toContain(`{{${name}}}`);
  });
  it("marks no tile as not narrowed, whatever is chosen", () => {
    const all = values("state=CA&dma=LAX&dc=LAX-1&restaurant=1&item=1&from=2025-02-01&to=2025-02-28");
    for (const t of tiles) expect(ignoredFilters(definition, t, all), t.id).toEqual([]);
  });
  it("reads the three numbers before the chart beside them, on a phone too", () => {
    expect(
      inOrder(tiles.slice(0, 9))
        .map((t) => t.id)
        .slice(0, 5),
    ).toEqual(["median", "range", "change", "fan", "weekday"]);
  });
});

describe("a range of which one end is set", () => {
  const between = "select 1 from t where true [[ and day between {{from}} and {{to}} ]]";
  const apart = "select 1 from t where true [[ and day >= {{from}} ]] [[ and day <= {{to}} ]]";
  it("reaches to the last day there is where one clause has both ends", () => {
    expect(under(between, "from=2025-02-01")).toEqual({ from: "2025-02-01", to: "2025-04-01" });
    expect(under(between, "to=2025-02-01")).toEqual({ from: "2025-01-01", to: "2025-02-01" });
    expect(under(apart, "from=2025-02-01")).toEqual({ from: "2025-02-01" });
    expect(under(between, "state=CA")).toEqual({ state: ["CA"] });
    const half = { ...data.queries.opt_dates, rows: [["2025-01-01", null]] } as (typeof data.queries)[string];
    const known = { ...data, queries: { ...data.queries, opt_dates: half } };
    expect(valuesFor(between, definition, values("to=2025-02-01"), known)).toEqual({
      from: "2025-01-01",
      to: "2025-02-01",
    });
  });
  it("waits for that day", () => {
    const { opt_dates: _, ...queries } = data.queries;
    expect(valuesFor(between, definition, values("from=2025-02-01"), { ...data, queries })).toBeNull();
    expect(valuesFor(apart, definition, values("from=2025-02-01"), undefined)).toEqual({ from: "2025-02-01" });
  });
});

describe("filters", () => {
  it("say how many there are, and what is chosen", () => {
    const dma = filter("dma");
    expect(summary(dma, values(""), optionsOf(dma, data), null)).toEqual({ text: "All 30", on: false });
    expect(summary(dma, values("dma=ROC"), optionsOf(dma, data), null)).toEqual({ text: "Rochester", on: true });
    expect(summary(dma, values("dma=ROC&dma=BUF"), optionsOf(dma, data), null).text).toBe("Rochester +1");
    expect(summary(filter("restaurant"), values(""), optionsOf(filter("restaurant"), data), null).text).toBe(
      "All 2,750",
    );
    const dates = filter("dates");
    expect(summary(dates, values(""), null, boundsOf(dates, data))).toEqual({ text: "1 Jan – 1 Apr 2025", on: false });
    expect(summary(dates, values("from=2025-03-26"), null, boundsOf(dates, data)).on).toBe(true);
  });
  it("name what an address sets and does not get", () => {
    expect(stray("stete=CA&state=CA&from=2025-03-01&tab=x&utm_source=mail&gclid=1")).toEqual(["stete"]);
    expect(stray("FROM=2025-03-01&dates=1")).toEqual(["FROM", "dates"]);
    expect(unreadable(filters, values("from=2025-03-01&to=2025-02-30&state=XX"))).toEqual([
      { name: "to", value: "2025-02-30", kind: "day" },
    ]);
    const dates = filter("dates");
    expect(summary(dates, values("from=soon"), null, boundsOf(dates, data)).text).toBe("from soon to 2025-04-01");
    expect(summary(dates, values("from=soon"), null, null).text).toBe("from soon");
    const most: Filter = { id: "most", label: "Most", type: "number" };
    expect(unreadable([most], { most: "1e3" })).toEqual([]);
    for (const text of ["many", " ", "0x10", "Infinity"]) expect(unreadable([most], { most: text })).toHaveLength(1);
    expect(unreadable(filters, values("from=2025-03-01T10:00&to=2025-03-02%2010:00:00.5"))).toEqual([]);
    expect(unreadable(filters, values("from=2025-03-01T1"))).toHaveLength(1);
    expect(unreadable([most], { most: "many" })).toEqual([{ name: "most", value: "many", kind: "number" }]);
  });
  it("say how many days a range has, and plainly when it has none", () => {
    expect(rangeLength("2025-02-01", "2025-02-01")?.text).toBe("1 day");
    expect(rangeLength("2025-02-01T10:00", "2025-02-28")?.text).toBe("28 days");
    expect(rangeLength("2026-10-01", "2025-04-01")).toEqual({ text: "ends before it begins", reversed: true });
    expect(rangeLength("2025-02-01", undefined)).toBeUndefined();
    expect(rangeLength("soon", "2025-02-01")).toBeUndefined();
  });
  it("are told apart for a tile whose statement does not use them", () => {
    const own: Tile = {
      ...tile("fan"),
      query: undefined,
      sql: "select 1 [[ and state in ({{ state }}) ]] [[ and day >= {{from}} ]]",
    };
    const ignored = (search: string): string[] => ignoredFilters(definition, own, values(search));
    expect(ignored("")).toEqual([]);
    expect(ignored("state=CA&from=2025-02-01&to=2025-02-28")).toEqual([]);
    expect(ignored("dma=LAX&item=1&state=CA")).toEqual(["DMA", "Item"]);
    expect(ignored("to=2025-02-28")).toEqual(["Dates"]);
    // A stranger gets no statements.
    expect(ignoredFilters({ ...definition, queries: {} }, tile("fan"), values("state=CA"))).toEqual([]);
  });
  it("offer no choice that an address can't make", () => {
    const dma = filter("dma");
    const answer = data.queries["opt_dma"];
    const at = answer?.columns.findIndex((c) => c.name === "value") ?? -1;
    const rows = answer?.rows.map((r, i) => (i < 2 ? r.with(at, i === 0 ? null : "") : r)) ?? [];
    const queries = { ...data.queries, opt_dma: { ...answer, rows } } as typeof data.queries;
    const options = optionsOf(dma, { ...data, queries });
    expect(options?.list.length).toBe(28);
    expect(options?.total).toBe(28);
  });
  it("say before applying how far a choice narrows the next levels", () => {
    const options = optionsOf(filter("dma"), data);
    expect(effect(filter("dma"), ["LAX", "SAN"], options ?? { list: [], total: 0 }, filter("restaurant"))).toMatch(
      /^2 DMAs leave \d+ of \d+ centres and \d+ of [\d,]+ restaurants$/,
    );
  });
  it("take a mark's value, and let it go on the second click", () => {
    const columns = data.queries["dma"]?.columns ?? [];
    const row = data.queries["dma"]?.rows[0] ?? [];
    expect(picked(tile("states"), filters, columns, row, values("state=TX"))).toEqual({ state: ["CA"] });
    expect(picked(tile("states"), filters, columns, row, values("state=CA"))).toEqual({ state: undefined });
    const daily = data.queries["daily"];
    expect(picked(tile("fan"), filters, daily?.columns ?? [], daily?.rows[3] ?? [], {})).toEqual({
      from: "2025-01-04",
      to: "2025-01-04",
    });
  });
  it("escape what the data names, and keep a chosen value that is not listed", () => {
    const evil = `"><script>alert(1)</script>`;
    const html = optionList("x", [{ value: evil, label: evil, parent: evil, n: 1, counts: {} }], ["gone"], new Map());
    expect(html).not.toContain("<script");
    expect(html).toContain('value="gone" checked');
  });
  it("offer ranges counted from the data's own last day", () => {
    expect(presets({ from: "2025-01-01", to: "2025-04-01" })).toContainEqual({
      label: "Last 7 days",
      from: "2025-03-26",
      to: "2025-04-01",
    });
    expect(presets({ from: "2025-01-01", to: "2025-04-01" })).toContainEqual({
      label: "Last whole month",
      from: "2025-03-01",
      to: "2025-03-31",
    });
  });
});
