import { describe, expect, it } from "vitest";
import { tablesIn } from "./tables";

describe("the tables of a statement", () => {
  it("reads names, qualifiers and aliases", () => {
    expect(tablesIn('select * from demo.forecast f join local.demo."Odd Name" as o on f.a = o.a')).toEqual([
      { database: "demo", table: "forecast", alias: "f" },
      { catalog: "local", database: "demo", table: "Odd Name", alias: "o" },
    ]);
  });

  it("takes no keyword for an alias, and goes into lists and subqueries", () => {
    expect(tablesIn("select * from a, b where x in (select y from c group by 1)").map((use) => use.alias)).toEqual([
      "a",
      "b",
      "c",
    ]);
  });

  it("copes with an unfinished FROM", () => {
    expect(tablesIn("select x from")).toEqual([]);
    expect(tablesIn("select x from demo.")).toEqual([]);
  });
});
