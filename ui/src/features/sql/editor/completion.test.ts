import { CompletionContext, insertCompletionText, type Completion } from "@codemirror/autocomplete";
import { EditorState, type TransactionSpec } from "@codemirror/state";
import { describe, expect, it } from "vitest";
import { completeSql, type Schema } from "./completion";

const schema: Schema = {
  dialect: "trino",
  databases: async () => ["demo"],
  tables: async () => ["orders_2025", "Odd Name"],
  columns: async ({ table }) =>
    table === "orders_2025"
      ? ["state", "product group", "net amount (eur)", 'so "called"'].map((name) => ({ name, type: "varchar" }))
      : [],
};

/** What is offered at the bar of a text. */
async function offeredAt(marked: string) {
  const pos = marked.indexOf("|");
  const doc = marked.slice(0, pos) + marked.slice(pos + 1);
  const state = EditorState.create({ doc, selection: { anchor: pos } });
  return { state, result: await completeSql(() => schema)(new CompletionContext(state, pos, false)) };
}

const labels = async (marked: string) => (await offeredAt(marked)).result?.options.map((each) => each.label);

/** The text after a suggestion was taken, with the bar where the cursor is then. */
async function accepted(marked: string, label: string): Promise<string> {
  const { state, result } = await offeredAt(marked);
  const option = result?.options.find((each) => each.label === label) as Completion;
  const [from, to] = [result?.from ?? 0, state.selection.main.head];
  let after = state;
  const dispatch = (spec: TransactionSpec) => {
    after = state.update(spec).state;
  };
  if (typeof option.apply === "function") option.apply({ state, dispatch } as never, option, from, to);
  else dispatch(insertCompletionText(state, option.apply ?? label, from, to));
  const { head } = after.selection.main;
  return `${after.sliceDoc(0, head)}|${after.sliceDoc(head)}`;
}

describe("a suggestion that is taken", () => {
  it("is quoted where its name needs it", async () => {
    expect(await accepted("select sta| from orders_2025", "state")).toBe("select state| from orders_2025");
    expect(await accepted("select prod| from orders_2025", "product group")).toBe(
      'select "product group"| from orders_2025',
    );
    expect(await accepted("select o.net| from orders_2025 o", "net amount (eur)")).toBe(
      'select o."net amount (eur)"| from orders_2025 o',
    );
  });

  it("takes the place of a name in quotes, with its closing quote", async () => {
    for (const [typed, label, written] of [
      ['select "prod|" from orders_2025', "product group", 'select "product group"| from orders_2025'],
      ['select "net am|" from orders_2025', "net amount (eur)", 'select "net amount (eur)"| from orders_2025'],
      ['select o."net|" from orders_2025 o', "net amount (eur)", 'select o."net amount (eur)"| from orders_2025 o'],
      ['select o."|" from orders_2025 o', "state", 'select o."state"| from orders_2025 o'],
      ['select "prod|uct" from orders_2025', "product group", 'select "product group"| from orders_2025'],
      ['select "so|" from orders_2025', 'so "called"', 'select "so ""called"""| from orders_2025'],
      ['select * from "Odd|"', "Odd Name", 'select * from "Odd Name"|'],
    ] as const)
      expect(await accepted(typed, label), typed).toBe(written);
  });

  it("closes a quote that was not, and leaves the line's other names alone", async () => {
    expect(await accepted('select "prod| from orders_2025', "product group")).toBe(
      'select "product group"| from orders_2025',
    );
    expect(await accepted('select "prod| from orders_2025 as "Odd"', "product group")).toBe(
      'select "product group"| from orders_2025 as "Odd"',
    );
    expect(await accepted('select "prod|", "state"\nfrom orders_2025', "product group")).toBe(
      'select "product group"|, "state"\nfrom orders_2025',
    );
  });
});

it("offers names alone in quotes, words too without them, and nothing where nothing is typed", async () => {
  expect(await labels('select "s|" from orders_2025')).not.toContain("select");
  expect(await labels("s|")).toContain("select");
  for (const text of ["select | from orders_2025", 'select "|" from orders_2025', "select 'sta|' from orders_2025"])
    expect(await labels(text), text).toBeUndefined();
});
