import type { Completion, CompletionContext, CompletionResult, CompletionSource } from "@codemirror/autocomplete";
import { snippetCompletion } from "@codemirror/autocomplete";
import { sqlName } from "@/lib/sql-text";
import { statementAt } from "../text/statements";
import { tablesIn, type TableUse } from "../text/tables";
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

/** The name before the dot the cursor stands behind: `f.` or `demo.fore`. */
function qualifierBefore(context: CompletionContext): { name: string; from: number } | null {
  const match = context.matchBefore(/(?:[\p{L}_][\p{L}\p{N}_]*|"[^"]*")\.[\p{L}\p{N}_]*/u);
  if (!match) return null;
  const dot = match.text.lastIndexOf(".");
  return { name: match.text.slice(0, dot).replaceAll('"', ""), from: match.from + dot + 1 };
}

const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();

/** After a dot: columns of that table or alias, else tables of that database. */
async function afterDot(schema: Schema, uses: TableUse[], name: string): Promise<Completion[]> {
  const use = uses.find((each) => same(each.alias, name));
  if (use) return (await schema.columns(use)).map((column) => named("property", 0, column.type)(column.name));
  if ((await schema.databases()).some((database) => same(database, name)))
    return (await schema.tables(name)).map(named("class", 0));
  return [];
}

async function anywhere(schema: Schema, uses: TableUse[]): Promise<Completion[]> {
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
  return [
    ...seen.values(),
    ...tables.map(named("class", 10)),
    ...databases.map(named("namespace", -5)),
    ...words[schema.dialect],
  ];
}

export function completeSql(schema: () => Schema): CompletionSource {
  return async (context): Promise<CompletionResult | null> => {
    const text = context.state.doc.toString();
    const uses = tablesIn(statementAt(text, context.pos)?.text ?? text);
    const dotted = qualifierBefore(context);
    if (dotted) {
      const options = await afterDot(schema(), uses, dotted.name);
      return options.length === 0 ? null : { from: dotted.from, options, validFor: /^[\p{L}\p{N}_]*$/u };
    }
    const word = context.matchBefore(/[\p{L}_][\p{L}\p{N}_]*/u);
    if (!word && !context.explicit) return null;
    return { from: word?.from ?? context.pos, options: await anywhere(schema(), uses), validFor: /^[\p{L}\p{N}_]*$/u };
  };
}
