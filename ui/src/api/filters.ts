import type { DashboardDefinition, FilterValues } from "./types";

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
      const names =
        filter.type === "date_range"
          ? [filter.from ?? `${filter.id}_from`, filter.to ?? `${filter.id}_to`]
          : [filter.id];
      for (const name of names) {
        const value = many(search[name])[0];
        if (value !== undefined) values[name] = value;
      }
    }
  }
  return values;
}

const many = (value: string | string[] | undefined): string[] =>
  (Array.isArray(value) ? value : value === undefined ? [] : [value]).filter((each) => each !== "");

/** The tab a link opens: the one it names, else the first. */
export function tabFromSearch(definition: Pick<DashboardDefinition, "tabs">, search: Search): string | undefined {
  const wanted = many(search["tab"])[0];
  return (definition.tabs.find((tab) => tab.id === wanted) ?? definition.tabs[0])?.id;
}
