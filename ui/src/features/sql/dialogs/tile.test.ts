import { describe, expect, it } from "vitest";
import { searchOf } from "@/api/filters";
import { scanParameters } from "../text/parameters";
import { newFilters } from "./tile";

const NONE = { filters: [] };
const missing = (sql: string, definition: Parameters<typeof newFilters>[0] = NONE) =>
  newFilters(definition, scanParameters(sql));

describe("the filters a dashboard gets with a tile", () => {
  it("are one for each parameter, of the kind that it is compared as", () => {
    expect(missing("select 1 where region = {{region}} and n > {{min_orders}} [[and d = date {{day}}]]")).toEqual([
      { id: "region", label: "Region", type: "text" },
      { id: "min_orders", label: "Min orders", type: "number" },
      { id: "day", label: "Day", type: "date" },
    ]);
    expect(missing("select 1 where state in ({{states}})")).toEqual([{ id: "states", label: "States", type: "text" }]);
  });
  it("take two dates for one range", () => {
    expect(missing("select 1 where d between {{from}} and {{to}}")).toEqual([
      { id: "dates", label: "Dates", type: "date_range", from: "from", to: "to" },
    ]);
    expect(missing("select 1 where d >= date {{order_start}} and d < date {{order_end}}")).toEqual([
      { id: "order", label: "Order", type: "date_range", from: "order_start", to: "order_end" },
    ]);
    // A name that is a parameter itself stays its own.
    expect(missing("select 1 where d between {{day_from}} and {{day_to}} and x = {{day}}").map((f) => f.id)).toEqual([
      "day_range",
      "day",
    ]);
    expect(missing("select 1 where d >= {{from}}")).toEqual([{ id: "from", label: "From", type: "date" }]);
  });
  it("open with the values that the statement ran with", () => {
    const filters = missing("select 1 where d between {{from}} and {{to}} and n > {{n}} and s in ({{s}})");
    const values = { from: "2025-01-01", to: null, n: 3, s: ["CA", "TX"], other: "x" };
    expect(searchOf({ filters }, values)).toEqual({ from: ["2025-01-01"], n: ["3"] });
    expect(searchOf({ filters: [{ id: "s", label: "S", type: "list" }] }, values)).toEqual({ s: ["CA", "TX"] });
  });
  it("leave what the dashboard has, and what an address has for itself", () => {
    const filters = [
      { id: "dates", label: "Dates", type: "date_range" as const, from: "from", to: "to" },
      { id: "state", label: "State", type: "list" as const },
    ];
    const sql = "select 1 where d between {{from}} and {{to}} and state = {{state}} and t = {{tab}} and z = {{zone}}";
    expect(missing(sql, { filters })).toEqual([{ id: "zone", label: "Zone", type: "text" }]);
  });
});
