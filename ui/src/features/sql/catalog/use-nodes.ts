import { useQueries, useQuery } from "@tanstack/react-query";
import { databases, table, tables } from "@/api/queries";
import type { Table, TableSummary } from "@/api/types";
import { sqlName } from "@/lib/sql-text";
import { count } from "../format";
import { compact } from "../result/summary";

/** One line of the tree. */
export interface Node {
  id: string;
  level: 1 | 2 | 3;
  label: string;
  /** What a click writes into the editor. */
  text: string;
  kind: "database" | "table" | "column" | "partition" | "note";
  type?: string;
  note?: string;
  /** Absent where there is nothing to open. */
  open?: boolean;
}

interface Wanted {
  catalog: string | null;
  /** Its tables need no qualifier, and it is open at first. */
  database: string | null;
  opened: Readonly<Record<string, boolean>>;
  search: string;
}

/** A search looks into the columns of this many tables; names of tables are found in all. */
const SEARCHED_TABLES = 80;

const holds = (name: string, search: string) => name.toLowerCase().includes(search.toLowerCase());

const note = (id: string, level: 2 | 3, label: string): Node => ({ id, level, label, text: "", kind: "note" });

/** The lines of the tree, read as they are opened. While something is searched, only what matches, opened as far as it takes. */
export function useNodes({ catalog, database, opened, search }: Wanted): { nodes: Node[]; problem: string | null } {
  const searching = search.length > 1;
  const databaseQuery = useQuery({ ...databases(catalog ?? ""), enabled: catalog !== null });
  const known = databaseQuery.data?.items ?? [];
  const shown = known.filter((each) => searching || (opened[each.name] ?? each.name === database));
  const tableQueries = useQueries({ queries: shown.map((each) => tables(catalog ?? "", each.name)) });
  const all = shown.flatMap((each, index) =>
    (tableQueries[index]?.data?.items ?? []).map((one) => ({ database: each.name, name: one.name })),
  );
  const looked = searching
    ? all.slice(0, SEARCHED_TABLES)
    : all.filter((one) => opened[`${one.database}.${one.name}`] ?? false);
  const details = useQueries({ queries: looked.map((one) => table(catalog ?? "", one.database, one.name)) });
  const detailOf = new Map(looked.map((one, index) => [`${one.database}.${one.name}`, details[index]]));

  // At first the tables of the default database come after its name: what would stand below them waits, and does not move.
  const first =
    !searching && Object.keys(opened).length === 0 ? tableQueries.findIndex((query) => query.isPending) : -1;
  const until = first < 0 ? known.length : known.findIndex((each) => each.name === shown[first]?.name) + 1;

  const nodes = known.slice(0, until).flatMap(({ name, tables: size }) => {
    const index = shown.findIndex((each) => each.name === name);
    const query = tableQueries[index];
    const found = (query?.data?.items ?? []).flatMap((one) => {
      const id = `${name}.${one.name}`;
      const detail = detailOf.get(id);
      const columns = detail?.data ? columnNodes(id, detail.data) : [];
      // The list may be of before the first look into its files.
      const broken = (detail?.data ?? one).problems.find(({ fatal }) => fatal);
      if (!searching) {
        const open = opened[id] ?? false;
        const line = tableNode(id, one, name === database ? null : name, open, broken !== undefined);
        if (!open) return [line];
        if (broken) return [line, note(`${id}/broken`, 3, broken.message)];
        if (detail?.isError) return [line, note(`${id}/error`, 3, "Could not be read")];
        return [line].concat(detail?.data ? columns : note(`${id}/loading`, 3, "Loading…"));
      }
      const matching = columns.filter((column) => holds(column.label, search));
      if (!holds(one.name, search) && matching.length === 0) return [];
      const open = opened[id] ?? matching.length > 0;
      const line = tableNode(id, one, name === database ? null : name, open, broken !== undefined);
      return open ? [line].concat(matching.length > 0 ? matching : columns) : [line];
    });
    const head: Node = { id: name, level: 1, label: name, text: sqlName(name), kind: "database", open: index >= 0 };
    if (size !== null) head.note = count(size);
    if (query?.isPending) return [head, note(`${name}/loading`, 2, "Loading…")];
    if (query?.isError) return [head, note(`${name}/error`, 2, "Could not be read")];
    return [head].concat(found);
  });

  return { nodes, problem: problemOf() };

  function problemOf(): string | null {
    if (databaseQuery.isError) return "The catalog could not be read. Try the refresh button above.";
    if (databaseQuery.isSuccess && known.length === 0) return "This catalog holds no databases.";
    const waiting = [...tableQueries, ...details].some((query) => query.isPending);
    if (searching && !waiting && !nodes.some((node) => node.level > 1))
      return `No table or column is called “${search}”.`;
    return null;
  }
}

function tableNode(id: string, one: TableSummary, qualifier: string | null, open: boolean, isBroken: boolean): Node {
  const name = sqlName(one.name);
  const node: Node = {
    id,
    level: 2,
    label: one.name,
    text: qualifier === null ? name : `${sqlName(qualifier)}.${name}`,
    kind: "table",
    open,
  };
  if (isBroken) node.note = "unreadable";
  else if (typeof one.rows === "number") node.note = one.rows >= 1e5 ? compact(one.rows) : count(one.rows);
  return node;
}

/** Columns as they stand, then the partition keys that are not among them. */
function columnNodes(id: string, detail: Table): Node[] {
  const keys = new Set(detail.partition_keys.map((key) => key.name));
  const listed = new Set(detail.columns.map((column) => column.name));
  return [...detail.columns, ...detail.partition_keys.filter((key) => !listed.has(key.name))].map((column) => ({
    id: `${id}.${column.name}`,
    level: 3,
    label: column.name,
    text: sqlName(column.name),
    kind: column.partition || keys.has(column.name) ? "partition" : "column",
    type: column.type,
    note: column.type,
  }));
}
