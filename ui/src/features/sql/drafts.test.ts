import { expect, it } from "vitest";
import {
  freshDrafts,
  isDirty,
  newDraft,
  reduceDrafts,
  restoreDrafts,
  storeDrafts,
  type Draft,
  type Drafts,
} from "./drafts";

function memory(text: string | null = null) {
  let stored = text;
  return { getItem: () => stored, setItem: (_: string, value: string) => void (stored = value) };
}

const active = (drafts: Drafts) => drafts.tabs.find((tab) => tab.key === drafts.active) as Draft;

it("finds its tabs again after a reload, with text and values", () => {
  const storage = memory();
  let drafts = freshDrafts();
  drafts = reduceDrafts(drafts, {
    do: "edit",
    key: drafts.active,
    change: { sql: "select {{n}}", values: { n: "3" } },
  });
  drafts = reduceDrafts(drafts, { do: "open", draft: { sql: "select 2" } });
  storeDrafts(storage, drafts);
  expect(restoreDrafts(storage)).toEqual(drafts);
});

it("starts afresh from what it cannot read", () => {
  for (const text of [null, "no json", '{"tabs": 3}', '{"tabs": [{"key": 1}]}', "[]"]) {
    expect(restoreDrafts(memory(text)).tabs).toHaveLength(1);
  }
});

it("opens over a blank tab, beside one with text, and a saved query only once", () => {
  let drafts = reduceDrafts(freshDrafts(), {
    do: "open",
    draft: { sql: "select 1", saved: { id: "a", version: 1, sql: "select 1", title: "A" }, title: "A" },
  });
  expect(drafts.tabs).toHaveLength(1);
  drafts = reduceDrafts(drafts, { do: "open", draft: { sql: "select 2" } });
  expect(drafts.tabs).toHaveLength(2);
  drafts = reduceDrafts(drafts, {
    do: "open",
    draft: { sql: "select 9", title: "A", saved: { id: "a", version: 2, sql: "select 9", title: "A" } },
  });
  expect(drafts.tabs).toHaveLength(2);
  expect(active(drafts)).toMatchObject({ sql: "select 9", saved: { version: 2 } });
});

it("keeps unsaved changes when the query they belong to is opened again", () => {
  const saved = { id: "a", version: 1, sql: "select 1", title: "A" };
  let drafts = reduceDrafts(freshDrafts(), { do: "open", draft: { sql: "select 1", title: "A", saved } });
  drafts = reduceDrafts(drafts, { do: "edit", key: drafts.active, change: { sql: "select 1, 2" } });
  expect(isDirty(active(drafts))).toBe(true);
  drafts = reduceDrafts(drafts, { do: "open", draft: { sql: "select 1", title: "A", saved } });
  expect(active(drafts).sql).toBe("select 1, 2");
});

it("closes to its neighbour, and never to nothing", () => {
  const tabs = [newDraft([], { key: "a" }), newDraft([], { key: "b" }), newDraft([], { key: "c" })];
  expect(reduceDrafts({ tabs, active: "b" }, { do: "close", key: "b" }).active).toBe("c");
  expect(reduceDrafts({ tabs, active: "c" }, { do: "close", key: "c" }).active).toBe("b");
  expect(reduceDrafts({ tabs, active: "a" }, { do: "close", key: "c" }).active).toBe("a");
  expect(reduceDrafts({ tabs: tabs.slice(0, 1), active: "a" }, { do: "close", key: "a" }).tabs).toHaveLength(1);
});
