import { useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { catalogs, databases, firstCatalog, table, tables } from "@/api/queries";
import type { Schema } from "../editor/completion";
import type { Dialect } from "../editor/dialect";
import type { TableUse } from "../text/tables";

/** Where unqualified names of a tab resolve. */
export interface Place {
  catalog: string | null;
  database: string | null;
}

/** The place of a tab: its own choice, else the first there is. */
export function usePlace(chosen: Place): Place & { kind: string | null; catalogs: string[]; databases: string[] } {
  const catalogList = useQuery(catalogs()).data?.items ?? [];
  const catalog = chosen.catalog ?? firstCatalog(catalogList)?.name ?? null;
  const databaseList = useQuery({ ...databases(catalog ?? ""), enabled: catalog !== null }).data?.items ?? [];
  const kind = catalogList.find((each) => each.name === catalog)?.kind ?? null;
  const first = databaseList.find((each) => kind === "postgres" && each.name === "public") ?? databaseList[0];
  return {
    catalog,
    kind,
    database: chosen.database ?? first?.name ?? null,
    catalogs: catalogList.map((each) => each.name),
    databases: databaseList.map((each) => each.name),
  };
}

/** The catalog as the editor's completion asks for it; answers come from the cache where they can. */
export function useSchema({ catalog, database, kind }: Place & { kind: string | null }): Schema {
  const client = useQueryClient();
  const dialect: Dialect = kind === "postgres" ? "postgres" : "trino";
  return useMemo(() => {
    const none = () => [];
    const tablesOf = async (of: string | undefined) => {
      const name = of ?? database;
      if (catalog === null || name === null) return [];
      return (await client.ensureQueryData(tables(catalog, name)).catch(() => ({ items: [] }))).items.map(
        (each) => each.name,
      );
    };
    return {
      dialect,
      databases: async () =>
        catalog === null
          ? []
          : await client.ensureQueryData(databases(catalog)).then((list) => list.items.map((each) => each.name), none),
      tables: tablesOf,
      columns: async (use: TableUse) => {
        const [inCatalog, inDatabase] = [use.catalog ?? catalog, use.database ?? database];
        if (inCatalog === null || inDatabase === null) return [];
        // Half-typed names are not asked for.
        const known = await tablesOf(use.database);
        const name = known.find((each) => each.toLowerCase() === use.table.toLowerCase());
        if (name === undefined) return [];
        return await client.ensureQueryData(table(inCatalog, inDatabase, name)).then((detail) => detail.columns, none);
      },
    };
  }, [client, catalog, database, dialect]);
}

/** Trino types by lower-case column name, for the tables a statement names. */
export function useColumnTypes({ catalog, database }: Place, uses: TableUse[]): ReadonlyMap<string, string> {
  const { data: here } = useQuery({
    ...tables(catalog ?? "", database ?? ""),
    enabled: catalog !== null && database !== null,
  });
  const known = new Set(here?.items.map((each) => each.name));
  const names = [...new Set(uses.filter((use) => known.has(use.table)).map((use) => use.table))];
  return useQueries({
    queries: names.map((name) => table(catalog ?? "", database ?? "", name)),
    combine: (results) =>
      new Map(
        results.flatMap(({ data }) =>
          (data?.columns ?? []).map((column) => [column.name.toLowerCase(), column.type] as const),
        ),
      ),
  });
}
