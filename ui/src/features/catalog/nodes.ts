import { useQueries, useQuery } from "@tanstack/react-query";
import { databases, table, tables } from "@/api/queries";
import { bytes, compact, full } from "@/lib/format";

/** One visible row of the catalog tree. */
export interface Node {
  id: string;
  level: 1 | 2 | 3;
  kind: "database" | "table" | "column" | "note";
  label: string;
  /** Quiet text at the right edge. */
  aside?: string;
  /** Undefined for what cannot be opened. */
  open?: boolean;
  database: string;
  table?: string;
  type?: string;
  partition?: boolean;
}

export const databaseId = (name: string) => `database/${name}`;
export const tableId = (database: string, name: string) => `table/${database}/${name}`;

/** `2,750`, `1.25M`. */
const rowCount = (rows: number) => (rows < 10_000 ? full(rows) : compact(rows));

/**
 * The rows a catalog's tree shows. `chosen` says of parts by id whether they are open; besides, a lone database is,
 * and a search opens all.
 */
export function useNodes(catalog: string | undefined, chosen: ReadonlyMap<string, boolean>, search: string) {
  const found = useQuery({ ...databases(catalog ?? ""), enabled: catalog !== undefined });
  const names = found.data?.items ?? [];
  const isOpen = (name: string) => search !== "" || (chosen.get(databaseId(name)) ?? names.length === 1);
  const openDatabases = names.filter(({ name }) => isOpen(name));
  const lists = useQueries({ queries: openDatabases.map(({ name }) => tables(catalog ?? "", name, search)) });
  const openTables = openDatabases.flatMap(({ name }, i) =>
    (lists[i]?.data?.items ?? [])
      .filter((each) => chosen.get(tableId(name, each.name)))
      .map((each) => [name, each.name] as const),
  );
  const details = useQueries({ queries: openTables.map(([database, name]) => table(catalog ?? "", database, name)) });

  const nodes: Node[] = [];
  for (const { name: database, tables: tableCount } of names) {
    const list = lists[openDatabases.findIndex(({ name }) => name === database)];
    if (search && list?.data?.items.length === 0) continue;
    nodes.push({
      id: databaseId(database),
      level: 1,
      kind: "database",
      label: database,
      aside: full(tableCount),
      open: isOpen(database),
      database,
    });
    if (!list) continue;
    if (list.isError) nodes.push(note(`${databaseId(database)}/failed`, 2, "Its tables could not be read", database));
    if (list.data?.items.length === 0) nodes.push(note(`${databaseId(database)}/empty`, 2, "No tables", database));
    for (const { name, rows, bytes: size, problems } of list.data?.items ?? []) {
      const id = tableId(database, name);
      const extent = rows !== null ? rowCount(rows) : size === null ? undefined : bytes(size);
      const detail = details[openTables.findIndex(([d, t]) => d === database && t === name)];
      // The list may be of before the first look into its files.
      const isBroken = (detail?.data?.problems ?? problems).some(({ fatal }) => fatal);
      nodes.push({
        id,
        level: 2,
        kind: "table",
        label: name,
        aside: isBroken ? "unreadable" : extent,
        open: chosen.get(id) ?? false,
        database,
        table: name,
      });
      if (isBroken && chosen.get(id)) nodes.push(note(`${id}/broken`, 3, "Its page says why", database));
      if (detail?.isError) nodes.push(note(`${id}/failed`, 3, "Its columns could not be read", database));
      const keys = new Set(detail?.data?.partition_keys.map((key) => key.name));
      for (const { name: column, type } of detail?.data ? allColumns(detail.data) : []) {
        nodes.push({
          id: `${id}/${column}`,
          level: 3,
          kind: "column",
          label: column,
          aside: type,
          database,
          table: name,
          type,
          partition: keys.has(column),
        });
      }
    }
  }
  // Tables and columns that come after what stands below them would push it.
  const isPending = found.isPending || [...lists, ...details].some((each) => each.isPending);
  return { nodes, isPending, error: found.error, refetch: found.refetch };
}

const note = (id: string, level: 2 | 3, label: string, database: string): Node => ({
  id,
  level,
  kind: "note",
  label,
  database,
});

/** File columns, then partition keys, each once whichever list the server put them in. */
export function allColumns<C extends { name: string }>(from: {
  columns: readonly C[];
  partition_keys: readonly C[];
}): C[] {
  const keys = new Set(from.partition_keys.map((key) => key.name));
  return [...from.columns.filter((column) => !keys.has(column.name)), ...from.partition_keys];
}
