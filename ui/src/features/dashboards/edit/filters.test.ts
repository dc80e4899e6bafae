import { describe, expect, it } from "vitest";
import { choicesOf } from "@/lib/sql-text";
import { dashboard } from "../fixture";
import { tilesOf, type Content } from "./draft";
import {
  addFilter,
  clausesOf,
  filtersOf,
  moveFilter,
  nameProblem,
  narrowed,
  removeFilter,
  renameParameter,
  retypeFilter,
  withChoices,
  withFilter,
} from "./filters";

const content: Content = { title: dashboard.title, definition: dashboard.definition };
const of = (now: Content, id: string) => {
  const filter = filtersOf(now.definition).find((each) => each.id === id);
  if (!filter) throw new Error(`no filter ${id}`);
  return filter;
};
const ids = (now: Content): string[] => filtersOf(now.definition).map((filter) => filter.id);
const sqlOf = (now: Content): string =>
  [
    ...Object.values(now.definition.queries).map((query) => query.sql),
    ...now.definition.tabs.flatMap((tab) => tab.tiles.map((tile) => tile.sql ?? "")),
  ].join("\n");

const clicks = (now: Content): string[] =>
  tilesOf(now.definition, "overview").flatMap((tile) => tile.click?.filter ?? []);

describe("a filter of a draft", () => {
  it("is added behind the others under a name of its own", () => {
    const one = addFilter(content);
    const two = addFilter(one.content);
    expect(ids(two.content)).toEqual([...ids(content), one.id, two.id]);
    expect(nameProblem(one.content.definition, of(one.content, one.id), one.id, two.id)).toBeUndefined();
  });

  it("takes its choices from a column, as texts, and says the clause that goes with them", () => {
    const { content: now, id } = addFilter(content);
    const number = choicesOf("list", { name: "dc_id", type: "integer" }, "forecast");
    expect(number.split("\n")[0]).toBe("select cast(dc_id as varchar) as value, count(*) as n");
    const made = withChoices(now, id, number);
    const filter = of(made, id);
    expect(made.definition.queries[filter.options_query ?? ""]?.sql).toBe(number);
    expect(clausesOf(made.definition, filter)).toBe(`[[ and cast(dc_id as varchar) in ({{${id}}}) ]]`);
    const text = withChoices(made, id, choicesOf("list", { name: "State", type: "varchar(2)" }, "forecast"));
    expect(of(text, id).options_query).toBe(filter.options_query);
    expect(clausesOf(text.definition, filter)).toBe(`[[ and "State" in ({{${id}}}) ]]`);
    for (const [sql, value] of [
      ["select distinct state as value from t", "state"],
      ["SELECT\n  upper(state) AS value, 'x as value' as label from t", "upper(state)"],
      ["with t as (select 1) select state as value from t", id],
    ] as const)
      expect(clausesOf(withChoices(now, id, sql).definition, of(withChoices(now, id, sql), id))).toBe(
        `[[ and ${value} in ({{${id}}}) ]]`,
      );
    // Days are no choices of a list: their statement goes with the type.
    const days = retypeFilter(text, id, "date_range");
    expect(days.definition.queries).not.toHaveProperty(filter.options_query ?? "");
    const bounded = withChoices(days, id, choicesOf("date_range", { name: "at", type: "timestamp(3)" }, "visits"));
    expect(clausesOf(bounded.definition, of(bounded, id))).toBe(
      `[[ and cast(at as date) >= cast({{${id}_from}} as date) ]]\n[[ and cast(at as date) <= cast({{${id}_to}} as date) ]]`,
    );
  });

  it("is renamed in every statement and click", () => {
    const now = renameParameter(content, "state", "id", "region");
    expect(ids(now)[ids(content).indexOf("state")]).toBe("region");
    expect(sqlOf(content)).toContain("{{state}}");
    expect(sqlOf(now)).toBe(sqlOf(content).replaceAll("{{state}}", "{{region}}"));
    expect(clicks(now)).toEqual(clicks(content).map((filter) => (filter === "state" ? "region" : filter)));
    const range = filtersOf(content.definition).find((filter) => filter.type === "date_range");
    const ends = renameParameter(content, range?.id ?? "", "from", "first_day");
    expect(of(ends, range?.id ?? "").from).toBe("first_day");
    expect(sqlOf(ends)).toContain("{{first_day}}");
  });

  it("has a name that no other parameter and no address has", () => {
    const state = of(content, "state");
    expect(nameProblem(content.definition, state, "state", "state")).toBeUndefined();
    expect(nameProblem(content.definition, state, "state", "dma")).toContain("Another filter has dma already");
    expect(nameProblem(content.definition, state, "state", "from")).toContain("Another filter has from already");
    expect(nameProblem(content.definition, state, "state", "tab")).toContain("An address has tab for itself");
    const range = filtersOf(content.definition).find((filter) => filter.type === "date_range");
    expect(range && nameProblem(content.definition, range, "from", "to")).toContain("The other day is to already");
    for (const name of ["", "edit", "2nd", "a b", "x}}"])
      expect(nameProblem(content.definition, state, "state", name)).toBeDefined();
  });

  it("goes with its choices and its clicks, and what it narrowed still runs", () => {
    expect(narrowed(content.definition, of(content, "state")).length).toBeGreaterThan(2);
    const now = removeFilter(content, "state");
    expect(ids(now)).not.toContain("state");
    expect(tilesOf(now.definition, "overview").some((tile) => tile.click?.filter === "state")).toBe(false);
    expect(now.definition.queries).not.toHaveProperty(of(content, "state").options_query ?? "");
    // The clause stays between brackets, where it says nothing without a value.
    expect(sqlOf(now)).toContain("[[ and state in ({{state}}) ]]");
  });

  it("moves among the others, and not beyond them", () => {
    const [first, second] = ids(content);
    expect(ids(moveFilter(content, first ?? "", 1)).slice(0, 2)).toEqual([second, first]);
    expect(moveFilter(content, first ?? "", -1)).toBe(content);
    expect(of(withFilter(content, first ?? "", { cascade: undefined }), first ?? "")).not.toHaveProperty("cascade");
  });
});
