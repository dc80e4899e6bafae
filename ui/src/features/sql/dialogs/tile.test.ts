import { describe, expect, it } from "vitest";
import { searchOf } from "@/api/filters";
import { scanParameters } from "../text/parameters";
import { newFilters, withTile } from "./tile";

const NOTHING = { filters: [], queries: {} };
const grown = (sql: string, definition: Parameters<typeof newFilters>[0] = NOTHING) =>
  newFilters(definition, sql, scanParameters(sql));
const filters = (sql: string) => grown(sql).filters;

describe("the filters a dashboard gets with a tile", () => {
  it("are one for each parameter, of the kind that it is compared as", () => {
    expect(filters("select 1 where region = {{region}} and n > {{min_orders}} [[and d = date {{day}}]]")).toEqual([
      { id: "region", label: "Region", type: "text" },
      { id: "min_orders", label: "Min orders", type: "number" },
      { id: "day", label: "Day", type: "date" },
    ]);
  });
  it("offer a list the values of its column", () => {
    const of = grown('select 1 from demo."Sales" s where s.state in ({{states}})');
    expect(of.filters).toEqual([{ id: "states", label: "States", type: "list", options_query: "opt_states" }]);
    expect(of.queries["opt_states"]?.sql).toMatch(/^select cast\(state as varchar\) as value.*\nfrom demo."Sales"\n/);
    // Of two tables nobody knows whose column it is.
    expect(grown("select 1 from a, b where state in ({{states}})")).toEqual(NOTHING);
    const taken = { filters: [], queries: { opt_s: { sql: "select 1" } } };
    expect(Object.keys(grown("select 1 from t where x in ({{s}})", taken).queries)).toEqual(["opt_s_2"]);
  });
  it("take two dates for one range", () => {
    expect(filters("select 1 where d between {{from}} and {{to}}")).toEqual([
      { id: "dates", label: "Dates", type: "date_range", from: "from", to: "to" },
    ]);
    expect(filters("select 1 where d >= date {{order_start}} and d < date {{order_end}}")).toEqual([
      { id: "order", label: "Order", type: "date_range", from: "order_start", to: "order_end" },
    ]);
    // Names that are taken stay what they are.
    const ids = (sql: string) => filters(sql).map(({ id }) => id);
    expect(ids("select 1 where d between {{day_from}} and {{day_to}} and x = {{day}}")).toEqual(["day_2", "day"]);
    expect(ids("select 1 where d between {{from}} and {{to}} and e between {{start}} and {{end}}")).toEqual([
      "dates",
      "dates_2",
    ]);
    expect(filters("select 1 where d >= {{from}}")).toEqual([{ id: "from", label: "From", type: "date" }]);
  });
  it("leave what the dashboard has, and what an address has for itself", () => {
    const has = {
      queries: {},
      filters: [
        { id: "dates", label: "Dates", type: "date_range" as const, from: "from", to: "to" },
        { id: "state", label: "State", type: "list" as const },
      ],
    };
    const sql = "select 1 where d between {{from}} and {{to}} and state = {{state}} and t = {{tab}} and z = {{zone}}";
    expect(grown(sql, has).filters).toEqual([{ id: "zone", label: "Zone", type: "text" }]);
    // A range has this name, though it sets others.
    expect(grown("select 1 where x = {{dates}}", has).filters).toEqual([]);
  });
  it("open with the values that the statement ran with", () => {
    const of = grown("select 1 from t where d between {{from}} and {{to}} and n > {{n}} and s in ({{s}})");
    const values = { from: "2025-01-01", to: null, n: 3, s: ["CA", "TX"], other: "x" };
    expect(searchOf(of, values)).toEqual({ from: ["2025-01-01"], n: ["3"], s: ["CA", "TX"] });
    expect(searchOf({ filters: [{ id: "s", label: "S", type: "text" }] }, values)).toEqual({});
  });
});

describe("a tile made of a statement", () => {
  const definition = {
    catalog: "local",
    database: "demo",
    queries: { sales: { sql: "select 1" } },
    filters: [],
    tabs: [{ id: "overview", title: "Overview", tiles: [] }],
  };
  const sql = "select a from t where x in ({{xs}})";
  const added = (catalog: string, database: string) => {
    const chart = { type: "number", value: "a" } as never;
    const statement = { sql, catalog, database };
    return withTile(definition, "overview", { title: "Sales", chart, statement, parameters: scanParameters(sql) });
  };
  it("holds it where the dashboard reads the same place", () => {
    const { tabs, queries } = added("local", "demo");
    expect(tabs[0]?.tiles[0]).toMatchObject({ id: "sales", sql, x: 0, y: 0 });
    expect(queries["opt_xs"]).not.toHaveProperty("catalog");
  });
  it("names the place of another", () => {
    const { tabs, queries, filters } = added("lake", "sales");
    expect(tabs[0]?.tiles[0]).toMatchObject({ id: "sales", query: "sales_2" });
    expect(tabs[0]?.tiles[0]).not.toHaveProperty("sql");
    expect(queries["sales_2"]).toEqual({ sql, catalog: "lake", database: "sales" });
    expect(queries["opt_xs"]).toMatchObject({ catalog: "lake", database: "sales" });
    expect(filters).toHaveLength(1);
  });
});
