import { PAGE_NAMES, parametersOf, rangeNames } from "@/api/filters";
import { freshName } from "@/lib/fresh-name";
import { mention, tileSql, uses, type DashboardDefinition, type Filter, type Tile } from "../definition";
import { prune, type Content } from "./draft";

export const filterTypes: Record<Filter["type"], string> = {
  list: "Choices from a list",
  date_range: "From one day to another",
  date: "One day",
  number: "A number",
  text: "A text",
};

export const filtersOf = (definition: DashboardDefinition): Filter[] => definition.filters as Filter[];

const withFilters = (content: Content, filters: readonly Filter[]): Content => ({
  ...content,
  definition: { ...content.definition, filters: [...filters] },
});

/** A new filter behind the others; answers its id too. */
export function addFilter(content: Content): { content: Content; id: string } {
  const filters = filtersOf(content.definition);
  const used = new Set(filters.flatMap((filter) => [filter.id, ...parametersOf(filter)]));
  let number = filters.length + 1;
  while (used.has(`filter_${number}`)) number += 1;
  const id = `filter_${number}`;
  return { content: withFilters(content, [...filters, { id, label: `Filter ${number}`, type: "list" }]), id };
}

export const withFilter = (content: Content, id: string, change: Partial<Filter>): Content =>
  prune(
    withFilters(
      content,
      filtersOf(content.definition).map((filter) => {
        if (filter.id !== id) return filter;
        const next = Object.assign({}, filter, change);
        for (const [key, value] of Object.entries(next)) if (value === undefined) delete next[key as keyof Filter];
        return next;
      }),
    ),
  );

export function removeFilter(content: Content, id: string): Content {
  const left = withFilters(
    content,
    filtersOf(content.definition).filter((filter) => filter.id !== id),
  );
  return prune(withClicks(left, id, () => undefined));
}

export function moveFilter(content: Content, id: string, by: 1 | -1): Content {
  const filters = [...filtersOf(content.definition)];
  const at = filters.findIndex((filter) => filter.id === id);
  const [one, other] = [filters[at], filters[at + by]];
  if (!one || !other) return content;
  filters[at] = other;
  filters[at + by] = one;
  return withFilters(content, filters);
}

/** A filter of another type keeps what both have. */
export const retypeFilter = (content: Content, id: string, type: Filter["type"]): Content =>
  withFilter(content, id, {
    type,
    ...(type === "list" ? {} : { options_query: undefined, cascade: undefined, plural: undefined }),
    ...(type === "date_range" ? {} : { from: undefined, to: undefined, bounds_query: undefined }),
  });

/** Gives one of a filter's parameters another name, also in the statements that use it. */
export function renameParameter(content: Content, id: string, key: "id" | "from" | "to", name: string): Content {
  const filter = filtersOf(content.definition).find((each) => each.id === id);
  if (!filter) return content;
  const [from, to] = rangeNames(filter);
  const before = key === "id" ? filter.id : key === "from" ? from : to;
  const renamed = withFilter(content, id, { [key]: name });
  return inStatements(key === "id" ? withClicks(renamed, id, () => name) : renamed, before, name);
}

/** Where a click on a tile sets the filter. */
function withClicks(content: Content, id: string, to: () => string | undefined): Content {
  const tabs = content.definition.tabs.map((tab) => ({
    ...tab,
    tiles: (tab.tiles as Tile[]).map((tile) => {
      if (tile.click?.filter !== id) return tile;
      const filter = to();
      const { click, ...rest } = tile;
      return filter === undefined ? rest : Object.assign(rest, { click: { ...click, filter } });
    }),
  }));
  return { ...content, definition: { ...content.definition, tabs } };
}

function inStatements(content: Content, before: string, after: string): Content {
  const renamed = (sql: string): string => sql.replace(mention(before), () => `{{${after}}}`);
  const { definition } = content;
  const queries = Object.fromEntries(
    Object.entries(definition.queries).map(([name, query]) => [name, { ...query, sql: renamed(query.sql) }]),
  );
  const tabs = definition.tabs.map((tab) => ({
    ...tab,
    tiles: tab.tiles.map((tile) => (tile.sql === undefined ? tile : { ...tile, sql: renamed(tile.sql) })),
  }));
  return { ...content, definition: { ...definition, queries, tabs } };
}

/** Titles of the tiles whose rows a filter narrows. */
export function narrowed(definition: DashboardDefinition, filter: Filter): string[] {
  const parameters = parametersOf(filter);
  return definition.tabs.flatMap((tab) =>
    tab.tiles.filter((tile) => uses(tileSql(definition, tile), parameters)).map((tile) => tile.title || "Untitled"),
  );
}

/** What is wrong with a new name of one of a filter's parameters; nothing where it may be. */
export function nameProblem(
  definition: DashboardDefinition,
  filter: Filter,
  before: string,
  name: string,
): string | undefined {
  if (name === before) return undefined;
  if (!/^[a-z_][a-z0-9_]*$/i.test(name)) return "Letters, digits and _, with a letter first.";
  if (PAGE_NAMES.has(name)) return `An address has ${name} for itself. Choose another.`;
  const others = filtersOf(definition).filter((each) => each.id !== filter.id);
  if (others.some((each) => each.id === name || parametersOf(each).includes(name)))
    return `Another filter has ${name} already. Choose another.`;
  if (parametersOf(filter).includes(name)) return `The other day is ${name} already. Choose another.`;
  return undefined;
}

/** Clauses that narrow a statement while the filter is set, by what its choices are made of. */
export function clausesOf(definition: DashboardDefinition, filter: Filter): string {
  const [from, to] = rangeNames(filter);
  const choices = definition.queries[filter.options_query ?? filter.bounds_query ?? ""]?.sql ?? "";
  const of = (pattern: RegExp, other: string): string => pattern.exec(choices)?.[1] ?? other;
  switch (filter.type) {
    case "list":
      return `[[ and ${of(/^select\s+(?:distinct\s+)?(.+?)\s+as\s+value\b/i, filter.id)} in ({{${filter.id}}}) ]]`;
    case "date_range": {
      const day = of(/^select\s+min\((.+?)\)\s+as\s+first\b/i, "day");
      return `[[ and ${day} >= cast({{${from}}} as date) ]]\n[[ and ${day} <= cast({{${to}}} as date) ]]`;
    }
    case "date":
      return `[[ and day = cast({{${filter.id}}} as date) ]]`;
    case "number":
      return `[[ and amount >= {{${filter.id}}} ]]`;
    case "text":
      return `[[ and name like {{${filter.id}}} || '%' ]]`;
  }
}

/** The statement of what a filter can be set to becomes a query of the dashboard. */
export function withChoices(content: Content, id: string, sql: string): Content {
  const { definition } = content;
  const filter = filtersOf(definition).find((each) => each.id === id);
  if (!filter) return content;
  const key = filter.type === "date_range" ? "bounds_query" : "options_query";
  const name = filter[key] ?? freshName(`opt_${id}`, (each) => each in definition.queries);
  const queries = { ...definition.queries, [name]: { ...definition.queries[name], sql } };
  return withFilter({ ...content, definition: { ...definition, queries } }, id, { [key]: name });
}
