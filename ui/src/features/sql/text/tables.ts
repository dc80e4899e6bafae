import { tokenize, type Token } from "./lexer";

/** A table named after FROM or JOIN, with what qualifies its columns. */
export interface TableUse {
  catalog?: string;
  database?: string;
  table: string;
  alias: string;
}

const NOT_AN_ALIAS = new Set(
  "where group order having limit offset fetch union intersect except join left right full inner outer cross on using natural window tablesample as select with and or".split(
    " ",
  ),
);

/** The name a token stands for, without its quotes. */
export function nameOf(token: Token | undefined): string | null {
  if (token?.kind === "word") return token.text;
  if (token?.kind === "quoted") return token.text.slice(1, -1).replaceAll('""', '"');
  return null;
}

/** The tables of a statement. Subqueries count too: completion prefers one name too many. */
export function tablesIn(text: string): TableUse[] {
  const tokens = tokenize(text).filter((token) => token.kind !== "comment");
  const uses: TableUse[] = [];
  let i = 0;
  const readOne = () => {
    const parts: string[] = [];
    for (;;) {
      const name = nameOf(tokens[i]);
      if (name === null) return;
      parts.push(name);
      i += 1;
      if (tokens[i]?.text !== ".") break;
      i += 1;
    }
    const table = parts.at(-1) as string;
    if (tokens[i]?.text.toLowerCase() === "as") i += 1;
    const after = nameOf(tokens[i]);
    let alias = table;
    if (after !== null && !NOT_AN_ALIAS.has(after.toLowerCase())) {
      alias = after;
      i += 1;
    }
    const [database, catalog] = [parts.at(-2), parts.at(-3)];
    uses.push({
      table,
      alias,
      ...(database === undefined ? {} : { database }),
      ...(catalog === undefined ? {} : { catalog }),
    });
  };
  while (i < tokens.length) {
    const word = tokens[i]?.text.toLowerCase();
    i += 1;
    if (word === "join") readOne();
    else if (word === "from") {
      readOne();
      while (tokens[i]?.text === ",") {
        i += 1;
        readOne();
      }
    }
  }
  return uses;
}
