import { JSDOM } from "jsdom";
import { expect, test } from "vitest";
import { render } from "@/app/render";
import { dashboard, pageState } from "@/features/dashboards/fixture";

/** The demo, whose tile of weekdays asks for no dates and no item. */
async function page(search: string): Promise<Document> {
  const state = pageState(`/d/demand-forecast${search}`);
  const { definition } = dashboard;
  const sql = "select * from shares where 1 = 1 [[ and state in ({{state}}) ]]";
  const tabs = definition.tabs.map((tab) => ({
    ...tab,
    tiles: tab.tiles.map((tile) => (tile.id === "weekday" ? { ...tile, query: undefined, sql } : tile)),
  }));
  state.data.dashboard = { ...dashboard, definition: { ...definition, tabs } };
  const drawn = await render(JSON.stringify(state));
  expect(drawn.errors).toEqual([]);
  return new JSDOM(drawn.html).window.document;
}
const range = (document: Document): string | null | undefined =>
  [...document.querySelectorAll(".ld-fb summary")].at(-1)?.textContent;
const notes = (document: Document): (string | null)[] =>
  [...document.querySelectorAll(".ld-tf span")].map((note) => note.textContent);

test("a range of days says its name, its days and how many they are, before any script runs", async () => {
  expect(range(await page(""))).toBe("Dates1 Jan – 1 Apr 202591 days");
  expect(range(await page("?from=2026-10-01"))).toBe("Dates1 Oct 2026 – 1 Apr 2025ends before it begins");
  expect(range(await page("?from=2025-03-01&to=2025-02-01"))).toContain("ends before it begins");
});

test("a tile that a filter does not narrow says so, while that filter is set", async () => {
  expect(notes(await page(""))).toEqual([]);
  expect(notes(await page("?state=CA"))).toEqual([]);
  const both = await page("?state=CA&item=1&from=2025-02-01&to=2025-02-28");
  expect(notes(both)).toEqual(["Not narrowed by Item and Dates"]);
  expect(both.querySelector("#weekday .ld-tf span")).not.toBeNull();
});

test("the head of a tile holds its name and legend apart from its actions, and its age stands below", async () => {
  const document = await page("");
  const head = [...document.querySelectorAll("#fan > .ld-th > *, #fan > .ld-th > .ld-te > *")];
  expect(head.map((part) => part.className)).toEqual(["ld-ti", "ld-te", "lv-lg", "ld-tt"]);
  expect(document.querySelector("#fan .ld-th time")).toBeNull();
  expect(document.querySelector("#fan > .ld-tf time")?.textContent).toBe("Data as of 1 Jan 2025, 06:12");
});
