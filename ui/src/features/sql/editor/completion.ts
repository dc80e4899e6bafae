import type { Completion, CompletionResult, CompletionSource } from "@codemirror/autocomplete";
import { insertCompletionText, pickedCompletion, snippetCompletion } from "@codemirror/autocomplete";
import { quotedName, sqlName } from "@/lib/sql-text";
import { tokenize } from "../text/lexer";
import { statementAt } from "../text/statements";
import { nameOf, tablesIn, type TableUse } from "../text/tables";
import { WORDS, type Dialect, type Words } from "./dialect";

/** What the editor asks about the data; names resolve as the server resolves them. */
export interface Schema {
  dialect: Dialect;
  databases(): Promise<string[]>;
  /** Tables of a database, or of the default one. */
  tables(database?: string): Promise<string[]>;
  /** Empty when there is no such table. */
  columns(use: TableUse): Promise<{ name: string; type: string }[]>;
}

const offered = ({ keywords, types, functions }: Words): Completion[] => [
  ...keywords.map((label) => ({ label, type: "keyword", boost: -20 })),
  ...types.map((label) => ({ label, type: "type", boost: -30 })),
  ...Object.entries(functions).map(([name, args]) =>
    args === "" && name.startsWith("current_")
      ? { label: name, type: "function", boost: -10 }
      : snippetCompletion(args === "" ? `${name}()` : `${name}(\${})`, {
          label: name,
          type: "function",
          detail: `(${args})`,
          boost: -10,
        }),
  ),
];

const words = { trino: offered(WORDS.trino), postgres: offered(WORDS.postgres) };

const named =
  (type: string, boost: number, detail?: string) =>
  (name: string): Completion => ({
    label: name,
    type,
    boost,
    ...(detail === undefined ? {} : { detail }),
    ...(sqlName(name) === name ? {} : { apply: sqlName(name) }),
  });

/** What is being typed before the cursor: a word, or a name in quotes. */
interface Typed {
  /** Behind the opening quote, if there is one; the cursor's place where nothing is typed. */
  from: number;
  isQuoted: boolean;
  /** The name before a dot that it follows: `f.` or `demo.fore`. */
  qualifier: string | null;
}

function typedIn(before: string): Typed {
  const tokens = tokenize(before);
  const last = tokens.at(-1);
  const isQuoted = last?.kind === "quoted" && last.text.split('"').length % 2 === 0;
  const typed = isQuoted || (last?.kind === "word" && last.to === before.length) ? tokens.pop() : undefined;
  const start = typed?.from ?? before.length;
  const dot = tokens.at(-1);
  return {
    from: isQuoted ? start + 1 : start,
    isQuoted,
    qualifier: dot?.text === "." && dot.to === start ? nameOf(tokens.at(-2)) : null,
  };
}

/** What a name in quotes goes on with behind the cursor. A quote that begins another name of the line does not close it. */
const REST = /^(?:[^"\n]|"")*"(?=(?:[^"\n]|"[^"\n]*")*(?:\n|$))/;

const restOf = (after: string): number => REST.exec(after)?.[0].length ?? 0;

/** Takes the place of a name in quotes up to its end, and closes it. */
const inQuotes = (completion: Completion): Completion => ({
  ...completion,
  apply: (view, { label }, from, to) => {
    const end = to + restOf(view.state.sliceDoc(to));
    view.dispatch({
      ...insertCompletionText(view.state, quotedName(label).slice(1), from, end),
      annotations: pickedCompletion.of(completion),
    });
  },
});

const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();

/** After a dot: columns of that table or alias, else tables of that database. */
async function afterDot(schema: Schema, uses: TableUse[], name: string): Promise<Completion[]> {
  const use = uses.find((each) => same(each.alias, name));
  if (use) return (await schema.columns(use)).map((column) => named("property", 0, column.type)(column.name));
  if ((await schema.databases()).some((database) => same(database, name)))
    return (await schema.tables(name)).map(named("class", 0));
  return [];
}

async function names(schema: Schema, uses: TableUse[]): Promise<Completion[]> {
  const [tables, databases, ...columns] = await Promise.all([
    schema.tables(),
    schema.databases(),
    ...uses.map((use) => schema.columns(use)),
  ]);
  const seen = new Map<string, Completion>();
  columns.forEach((list, index) => {
    for (const column of list) {
      const detail = uses.length > 1 ? `${uses[index]?.alias} ${column.type}` : column.type;
      if (!seen.has(column.name)) seen.set(column.name, named("property", 20, detail)(column.name));
    }
  });
  return [...seen.values(), ...tables.map(named("class", 10)), ...databases.map(named("namespace", -5))];
}

export function completeSql(schema: () => Schema): CompletionSource {
  return async ({ state, pos, explicit }): Promise<CompletionResult | null> => {
    const text = state.doc.toString();
    const { from, isQuoted, qualifier } = typedIn(text.slice(0, pos));
    if (qualifier === null && from === pos && !explicit) return null;
    // A quote that nothing closes yet would take all that follows for a name: the tables are read without it.
    const start = isQuoted ? from - 1 : pos;
    const read = isQuoted ? text.slice(0, start) + text.slice(pos + restOf(text.slice(pos))) : text;
    const uses = tablesIn(statementAt(read, start)?.text ?? read);
    const found = await (qualifier === null ? names(schema(), uses) : afterDot(schema(), uses, qualifier));
    if (isQuoted) return { from, options: found.map(inQuotes), validFor: /^[^"]*$/ };
    const options = qualifier === null ? [...found, ...words[schema().dialect]] : found;
    return options.length === 0 ? null : { from, options, validFor: /^[\p{L}\p{N}_]*$/u };
  };
}
