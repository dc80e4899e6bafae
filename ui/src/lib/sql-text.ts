/** What Trino or PostgreSQL keeps for itself. */
const RESERVED = new Set(
  "all alter analyse analyze and any array as asc asymmetric between both by case cast check collate column constraint create cross cube current_catalog current_date current_role current_time current_timestamp current_user deallocate default deferrable delete desc describe distinct do drop else end escape except execute exists extract false fetch for foreign from full grant group grouping having in initially inner insert intersect into is join lateral leading left like limit listagg localtime localtimestamp natural normalize not null offset on only or order outer placing prepare primary recursive references returning right rollup select session_user skip some symmetric system_user table then to trailing trim true uescape union unique unnest user using values variadic when where window with".split(
    " ",
  ),
);

export const quotedName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** A name as SQL takes it: quoted where it must be. */
export const sqlName = (name: string): string =>
  /^[a-z_][a-z0-9_]*$/.test(name) && !RESERVED.has(name) ? name : quotedName(name);

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
