import { expect, it } from "vitest";
import { insertion } from "./insertion";

/** The text with a name put in at the bar, or where two bars enclose a selection. */
function inserted(marked: string, name: string): string {
  const [before = "", selected = "", after] = marked.split("|");
  const text = marked.replaceAll("|", "");
  const end = after === undefined ? before.length : before.length + selected.length;
  const { from, to, insert } = insertion(text, { from: before.length, to: end }, name);
  return text.slice(0, from) + insert + text.slice(to);
}

it("spaces a name from what it would run together with", () => {
  for (const [text, name, written] of [
    ["", "events", "events"],
    ["limit 50|", "events", "limit 50 events"],
    ["select |from x", "kind", "select kind from x"],
    ["select a,|", '"net amount"', 'select a, "net amount"'],
    ['select "a"|', "b", 'select "a" b'],
    ['select * from "|"', "events", 'select * from "events"'],
    ['select "|" from x', '"net amount"', 'select "net amount" from x'],
    ["where k = '|'", "kind", "where k = 'kind'"],
    ["select count(|) from x", "id", "select count(id) from x"],
    ["select e.|, 1 from events e", "id", "select e.id, 1 from events e"],
    ["select *\nfrom |\nlimit 1", "demo.events", "select *\nfrom demo.events\nlimit 1"],
  ] as const)
    expect(inserted(text, name), text).toBe(written);
});

it("takes the place of a selected word, and goes behind more than one", () => {
  expect(inserted("select |id| from x", "kind")).toBe("select kind from x");
  expect(inserted('select |"net amount"|, 1', "id")).toBe("select id, 1");
  expect(inserted("|select 1 limit 50|", "events")).toBe("select 1 limit 50 events");
  expect(inserted("select |a, b|\nfrom x", "id")).toBe("select a, b id\nfrom x");
  expect(inserted("|-- what I tried|", "id")).toBe("-- what I tried id");
});
