import type { DashboardDefinition, DashboardFilter, FilterValues } from "./types";

/** Search parameters as the router keeps them: text, or a list where a name repeats. */
export type Search = Record<string, string | string[] | undefined>;

/**
 * The filter values a link carries, by SQL parameter name. Server and browser both derive their query key
 * from this, so the order of names is that of the definition.
 */
export function filtersFromSearch(definition: Pick<DashboardDefinition, "filters">, search: Search): FilterValues {
  const values: FilterValues = {};
  for (const filter of definition.filters) {
    if (filter.type === "list") {
      const chosen = many(search[filter.id]);
      if (chosen.length) values[filter.id] = chosen;
    } else {
      for (const name of parametersOf(filter)) {
        const value = many(search[name])[0];
        if (value !== undefined) values[name] = value;
      }
    }
  }
  return values;
}

/** The two parameters of a range of days. */
export const rangeNames = (filter: DashboardFilter): [string, string] => [
  filter.from ?? `${filter.id}_from`,
  filter.to ?? `${filter.id}_to`,
];

/** The parameters that a filter sets. */
export const parametersOf = (filter: DashboardFilter): string[] =>
  filter.type === "date_range" ? rangeNames(filter) : [filter.id];

/** Names that a page's address has for itself. */
export const PAGE_NAMES: ReadonlySet<string> = new Set(["tab", "table", "signin", "edit"]);

/** The address that opens a dashboard with these values of a statement, as far as its filters can be set to them. */
export function searchOf({ filters }: Pick<DashboardDefinition, "filters">, values: Record<string, unknown>): Search {
  const search: Search = {};
  for (const filter of filters)
    for (const name of parametersOf(filter)) {
      const value = values[name] ?? null;
      const texts = (Array.isArray(value) ? value : [value]).map(String);
      if (value !== null && (filter.type === "list" || texts.length === 1)) search[name] = texts;
    }
  return search;
}

/** What mails and advertisements add to every link. */
const TRACKING = /^(utm_.*|[a-z]*clid|mc_[ce]id)$/;

/** Names in an address that are meant to filter this dashboard, and do not. */
export function strayNames({ filters }: Pick<DashboardDefinition, "filters">, search: Search): string[] {
  const known = new Set(filters.flatMap(parametersOf));
  return Object.keys(search).filter((name) => !known.has(name) && !PAGE_NAMES.has(name) && !TRACKING.test(name));
}

const many = (value: string | string[] | undefined): string[] =>
  (Array.isArray(value) ? value : value === undefined ? [] : [value]).filter((each) => each !== "");

/** The tab a link opens: the one it names, else the first. */
export function tabFromSearch(definition: Pick<DashboardDefinition, "tabs">, search: Search): string | undefined {
  const wanted = many(search["tab"])[0];
  return (definition.tabs.find((tab) => tab.id === wanted) ?? definition.tabs[0])?.id;
}
