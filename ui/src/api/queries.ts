import { queryOptions } from "@tanstack/react-query";
import { sqlName } from "@/lib/sql-text";
import { callJson } from "./client";
import type {
  ApiToken,
  Approval,
  Budget,
  CatalogSummary,
  Connection,
  CostBy,
  CostReport,
  Dashboard,
  DashboardData,
  DatabaseSummary,
  Execution,
  FilterValues,
  Group,
  Me,
  Page,
  ResultCache,
  ResultPage,
  SavedQuery,
  Table,
  TableSummary,
  User,
} from "./types";
import { whole } from "./whole";

const part = encodeURIComponent;

/** Every read the UI makes: its key and its call. The server seeds some of these before first paint. */
export const me = () =>
  queryOptions({
    queryKey: ["me"],
    queryFn: ({ signal }) => callJson<Me>("/auth/me", { signal }),
    staleTime: Infinity,
    retry: false,
  });

export const authState = () =>
  queryOptions({
    queryKey: ["auth-state"],
    queryFn: ({ signal }) => callJson<{ setup_required: boolean }>("/auth/state", { signal }),
  });

export const dashboards = () =>
  queryOptions({
    queryKey: ["dashboards"],
    queryFn: async ({ signal }) => {
      const page = await callJson<Page<Dashboard>>("/dashboards", { signal, query: { limit: 200 } });
      return { ...page, items: page.items.map(whole) };
    },
  });

/** Under these keys the server leaves its lists, which are shown until the whole ones are there. */
export const listed = { dashboards: ["listed", "dashboards"], queries: ["listed", "queries"] } as const;

/** Under this key the server leaves why there is no such dashboard, until the browser has asked for itself. */
export const missingDashboard = (slug: string) => ["missing", "dashboards", slug] as const;

export const dashboardBySlug = (slug: string) =>
  queryOptions({
    queryKey: ["dashboards", "by-slug", slug],
    queryFn: async ({ signal }) => whole(await callJson<Dashboard>(`/dashboards/by-slug/${part(slug)}`, { signal })),
  });

/** Every tile's data in one request. `tab` narrows it to the queries that tab draws. */
export const dashboardData = (id: string, filters: FilterValues, tab?: string) =>
  queryOptions({
    queryKey: ["dashboards", id, "data", { filters, tab: tab ?? null }],
    queryFn: ({ signal }) =>
      callJson<DashboardData>(`/dashboards/${part(id)}/data`, {
        signal,
        method: "POST",
        body: tab ? { filters, tab } : { filters },
      }),
  });

export const savedQueries = () =>
  queryOptions({
    queryKey: ["queries"],
    queryFn: ({ signal }) => callJson<Page<SavedQuery>>("/queries", { signal, query: { limit: 200 } }),
  });

export const savedQuery = (id: string) =>
  queryOptions({
    queryKey: ["queries", id],
    queryFn: ({ signal }) => callJson<SavedQuery>(`/queries/${part(id)}`, { signal }),
  });

export const catalogs = () =>
  queryOptions({
    queryKey: ["catalogs"],
    queryFn: ({ signal }) => callJson<Page<CatalogSummary>>("/catalogs", { signal }),
  });

/** The catalog to begin with: the first that can be read, if there is one. */
export const firstCatalog = (list: readonly CatalogSummary[]): CatalogSummary | undefined =>
  list.find((each) => !each.error || each.listed_at !== null) ?? list[0];

export const databases = (catalog: string) =>
  queryOptions({
    queryKey: ["catalogs", catalog, "databases"],
    queryFn: ({ signal }) => callJson<Page<DatabaseSummary>>(`/catalogs/${part(catalog)}/databases`, { signal }),
  });

export const tables = (catalog: string, database: string, search = "") =>
  queryOptions({
    queryKey: ["catalogs", catalog, "databases", database, "tables", { search }],
    queryFn: ({ signal }) =>
      callJson<Page<TableSummary>>(`/catalogs/${part(catalog)}/databases/${part(database)}/tables`, {
        signal,
        query: { search, limit: 200 },
      }),
  });

const tablePath = (catalog: string, database: string, name: string) =>
  `/catalogs/${part(catalog)}/databases/${part(database)}/tables/${part(name)}`;

export const table = (catalog: string, database: string, name: string) =>
  queryOptions({
    queryKey: ["table", catalog, database, name],
    queryFn: ({ signal }) => callJson<Table>(tablePath(catalog, database, name), { signal }),
  });

export const tablePreview = (catalog: string, database: string, name: string) =>
  queryOptions({
    queryKey: ["table", catalog, database, name, "preview"],
    queryFn: ({ signal }) => callJson<ResultPage>(`${tablePath(catalog, database, name)}/preview`, { signal }),
  });

/** Rows by partition, greatest first. Parquet files tell it in their footers, so that next to nothing is read. */
export const partitionRows = (
  of: Pick<Table, "catalog" | "database" | "name" | "version" | "partition_keys">,
  most: number,
) =>
  queryOptions({
    queryKey: ["table", of.catalog, of.database, of.name, "partitions", of.version],
    staleTime: Infinity,
    queryFn: ({ signal }) => {
      const keys = of.partition_keys.map((key) => sqlName(key.name)).join(", ");
      const sql = `select ${keys}, count(*) as n from ${sqlName(of.name)} group by ${keys} order by n desc limit ${most}`;
      return callJson<ResultPage>("/executions", {
        signal,
        method: "POST",
        query: { wait_s: 20, result: "json" },
        body: { sql, catalog: of.catalog, database: of.database },
      });
    },
  });

export const executions = (filter: { mine?: boolean; q?: string; state?: string } = {}) =>
  queryOptions({
    queryKey: ["executions", filter],
    queryFn: ({ signal }) => callJson<Page<Execution>>("/executions", { signal, query: filter }),
  });

export const apiTokens = () =>
  queryOptions({ queryKey: ["tokens"], queryFn: ({ signal }) => callJson<Page<ApiToken>>("/tokens", { signal }) });

export const connections = () =>
  queryOptions({
    queryKey: ["connections"],
    queryFn: ({ signal }) => callJson<Page<Connection>>("/connections", { signal, query: { limit: 200 } }),
  });

export const costs = (from: string, to: string, by: CostBy) =>
  queryOptions({
    queryKey: ["costs", from, to, by],
    staleTime: 10_000,
    queryFn: ({ signal }) => callJson<CostReport>("/costs", { signal, query: { from, to, by } }),
  });

export const resultCache = () =>
  queryOptions({
    queryKey: ["result-cache"],
    staleTime: 10_000,
    queryFn: ({ signal }) => callJson<ResultCache>("/result-cache", { signal }),
  });

export const budgets = () =>
  queryOptions({ queryKey: ["budgets"], queryFn: ({ signal }) => callJson<Page<Budget>>("/budgets", { signal }) });

/** Looked at again while the page is open: others ask meanwhile. */
export const approvals = () =>
  queryOptions({
    queryKey: ["approvals"],
    refetchInterval: 10_000,
    queryFn: ({ signal }) => callJson<Page<Approval>>("/approvals", { signal }),
  });

/** Everyone, however many pages that takes. */
export const users = () =>
  queryOptions({
    queryKey: ["users"],
    queryFn: async ({ signal }): Promise<{ items: User[] }> => {
      const items: User[] = [];
      for (let cursor: string | null = ""; cursor !== null;) {
        const page: Page<User> = await callJson("/users", { signal, query: { limit: 200, ...(cursor && { cursor }) } });
        items.push(...page.items);
        cursor = page.next_cursor;
      }
      return { items };
    },
  });

export const groups = () =>
  queryOptions({ queryKey: ["groups"], queryFn: ({ signal }) => callJson<Page<Group>>("/groups", { signal }) });

export interface TableName {
  catalog: string;
  database: string;
  name: string;
  bytes: number | null;
  updated_at: string | null;
}

/** The tables of every catalog, for finding one by name. */
export const everyTable = () =>
  queryOptions({
    queryKey: ["every-table"],
    staleTime: 60_000,
    queryFn: async ({ client }): Promise<TableName[]> => {
      const all = await client.fetchQuery(catalogs());
      const lists = await Promise.all(
        all.items.map(async ({ name: catalog }) => {
          const found = await client.fetchQuery(databases(catalog));
          return Promise.all(
            found.items.map(async ({ name: database }) =>
              (await client.fetchQuery(tables(catalog, database))).items.map(({ name, bytes, updated_at }) => ({
                catalog,
                database,
                name,
                bytes,
                updated_at,
              })),
            ),
          );
        }),
      );
      return lists.flat(2);
    },
  });
