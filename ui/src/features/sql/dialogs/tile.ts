import { PAGE_NAMES, parametersOf } from "@/api/filters";
import type { DashboardDefinition, DashboardTile } from "@/api/types";
import { freshName } from "@/lib/fresh-name";
import { choicesOf, sqlName } from "@/lib/sql-text";
import { comparedWith, type Parameter } from "../text/parameters";
import { tablesIn } from "../text/tables";

interface Addition {
  title: string;
  chart: DashboardTile["chart"];
  statement: { sql: string; catalog: string; database: string };
  parameters: readonly Parameter[];
}

/**
 * The dashboard with one tile more, below everything that is there and half the page wide, and with the filters it needs.
 * Statements of a tile itself read the dashboard's own place: one of another becomes a query, which says its place.
 */
export function withTile(definition: DashboardDefinition, tabId: string, addition: Addition): DashboardDefinition {
  const { title, chart, statement, parameters } = addition;
  const { sql, ...place } = statement;
  const isElsewhere = place.catalog !== definition.catalog || place.database !== definition.database;
  const more = newFilters(definition, sql, parameters);
  const queries = { ...definition.queries };
  for (const [name, query] of Object.entries(more.queries))
    queries[name] = isElsewhere ? { ...query, ...place } : query;
  const ids = new Set(definition.tabs.flatMap((tab) => tab.tiles.map((each) => each.id)));
  const words = title.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  const base = words.replace(/^-|-$/g, "") || "tile";
  const id = freshName(base, (each) => ids.has(each), "-");
  let source: Pick<DashboardTile, "sql" | "query"> = { sql };
  if (isElsewhere) {
    const query = freshName(id.replaceAll("-", "_"), (each) => each in queries);
    queries[query] = statement;
    source = { query };
  }
  const added = (tiles: readonly DashboardTile[]): DashboardTile => ({
    id,
    title,
    x: 0,
    y: Math.max(0, ...tiles.map((each) => each.y + each.h)),
    w: 6,
    h: 9,
    ...source,
    chart,
  });
  return {
    ...definition,
    queries,
    filters: [...definition.filters, ...more.filters],
    tabs: definition.tabs.map((tab) => (tab.id === tabId ? { ...tab, tiles: [...tab.tiles, added(tab.tiles)] } : tab)),
  };
}

type Grown = Pick<DashboardDefinition, "filters" | "queries">;

/**
 * The filters, and the queries of their choices, that a dashboard lacks for the parameters of a statement. Two dates that
 * begin and end something are one range; a list has its choices from the column it is compared with.
 */
export function newFilters(definition: Grown, sql: string, parameters: readonly Parameter[]): Grown {
  const taken = new Set([
    ...PAGE_NAMES,
    ...definition.filters.flatMap((filter) => [filter.id, ...parametersOf(filter)]),
  ]);
  const missing = parameters.filter(({ name }) => !taken.has(name));
  for (const { name } of missing) taken.add(name);
  const dates = new Set(missing.filter(({ inferred }) => inferred === "date").map(({ name }) => name));
  const ends = new Map([...dates].flatMap((name) => (dates.has(endOf(name)) ? [[name, endOf(name)] as const] : [])));
  const within = new Set(ends.values());
  const grown: Grown = { filters: [], queries: {} };
  for (const { name, inferred } of missing) {
    const to = ends.get(name);
    if (within.has(name)) continue;
    if (to !== undefined) {
      const id = freshName(name.replace(START, "") || "dates", (each) => taken.has(each));
      taken.add(id);
      grown.filters.push({ id, label: label(id), type: "date_range", from: name, to });
    } else if (inferred !== "list") grown.filters.push({ id: name, label: label(name), type: inferred });
    else {
      const choices = choicesIn(sql, name);
      if (choices === null) continue;
      const query = freshName(`opt_${name}`, (each) => each in definition.queries);
      grown.filters.push({ id: name, label: label(name), type: "list", options_query: query });
      grown.queries[query] = { sql: choices };
    }
  }
  return grown;
}

/** The statement of what a list can be, where the text says which column of its one table that is. */
function choicesIn(sql: string, name: string): string | null {
  const [table, ...others] = tablesIn(sql);
  const column = comparedWith(sql, name);
  if (!table || others.length > 0 || column === null) return null;
  const from = [table.catalog, table.database, table.table].filter((part) => part !== undefined).map(sqlName);
  return choicesOf("list", { name: column, type: "" }, from.join("."));
}

const START = /_?(from|start)$/i;
/** `day_to` of `day_from`; nothing of a name that begins nothing. */
function endOf(name: string): string {
  const end = name.replace(START, (found) => found.replace(/from/i, "to").replace(/start/i, "end"));
  return end === name ? "" : end;
}

function label(name: string): string {
  const words = name.replaceAll("_", " ").trim() || name;
  return words.charAt(0).toUpperCase() + words.slice(1);
}
