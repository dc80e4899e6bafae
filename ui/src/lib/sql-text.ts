const RESERVED = new Set(
  "all alter and as between by case cast create cross delete distinct drop else end exists for from full group having in inner insert into is join left like limit natural not null offset on or order outer right select table then union user using values when where with".split(
    " ",
  ),
);

/** A name as SQL takes it: quoted where it must be. */
export const sqlName = (name: string): string =>
  /^[a-z_][a-z0-9_]*$/.test(name) && !RESERVED.has(name) ? name : `"${name.replaceAll('"', '""')}"`;

/** What the workbench takes from its address to show a first look at a table. */
export const firstLook = ({ catalog, database, table }: { catalog: string; database: string; table: string }) => ({
  sql: `select *\nfrom ${sqlName(table)}\nlimit 100`,
  catalog,
  database,
});

/** A text as a pattern that matches nothing else. */
export const literally = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

const pattern = (name: string) => `"?${literally(name)}"?`;

/** Whether a statement reads a table, told from its text: `from` or `join`, and the name with or without what it lies in. */
export function mentionsTable(sql: string, { database, table }: { database: string; table: string }): boolean {
  return new RegExp(
    `\\b(?:from|join)\\s+(?:(?:"?\\w+"?\\s*\\.\\s*)?${pattern(database)}\\s*\\.\\s*)?${pattern(table)}(?![\\w."])`,
    "i",
  ).test(sql);
}

/** The statement of what a filter can be set to, from a column of a table. A filter sets texts. */
export function choicesOf(type: "list" | "date_range", column: { name: string; type: string }, from: string): string {
  const name = sqlName(column.name);
  if (type === "list") {
    const value = column.type.startsWith("varchar") ? name : `cast(${name} as varchar)`;
    return `select ${value} as value, count(*) as n\nfrom ${from}\nwhere ${name} is not null\ngroup by ${name}\norder by ${name}\nlimit 1000`;
  }
  const day = column.type === "date" ? name : `cast(${name} as date)`;
  return `select min(${day}) as first, max(${day}) as last\nfrom ${from}`;
}
