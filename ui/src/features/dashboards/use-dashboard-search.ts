import { useLocation, useNavigate } from "@tanstack/react-router";
import { filtersFromSearch, parametersOf, rangeNames, strayNames, tabFromSearch, type Search } from "@/api/filters";
import type { FilterValues } from "@/api/types";
import { stringifySearch } from "@/lib/search";
import type { DashboardDefinition, Filter, Tile } from "./definition";
import { chosen, chosenRange } from "./options";

type Row = readonly unknown[];

/** The filter state of the page: it lives in the URL and nowhere else. */
export function useDashboardSearch(definition: DashboardDefinition) {
  const location = useLocation();
  const navigate = useNavigate();
  const search = location.search as Search;
  const values = filtersFromSearch(definition, search);
  const tab = tabFromSearch(definition, search);
  const href = (next: Search): string => location.pathname + stringifySearch(next);
  const go = (next: Search): void =>
    void navigate({ to: location.pathname, search: next as never, resetScroll: false });
  /** The search with some parameters changed; an empty value takes one away. */
  const change = (patch: Record<string, string | string[] | undefined>): Search => {
    const next: Search = { ...search, ...patch };
    for (const [name, value] of Object.entries(next)) if (value === undefined || value.length === 0) delete next[name];
    return next;
  };
  const without = (names: readonly string[]): Search =>
    change(Object.fromEntries(names.map((name) => [name, undefined])));
  const stray = strayNames(definition, search);
  const cleared = (): Search => without([...definition.filters.flatMap(parametersOf), ...stray]);
  return {
    search,
    values,
    tab,
    stray,
    href,
    go,
    change,
    without,
    cleared,
    path: location.pathname,
    text: stringifySearch(search),
  };
}
export type DashboardSearch = ReturnType<typeof useDashboardSearch>;

/** What choosing a mark makes of the search: its value alone, or without it when it is all that is chosen. */
export function picked(
  tile: Tile,
  filters: readonly Filter[],
  columns: readonly { name: string }[],
  row: Row,
  values: FilterValues,
): Record<string, string | string[] | undefined> | undefined {
  const filter = filters.find((f) => f.id === tile.click?.filter);
  const at = columns.findIndex((c) => c.name === tile.click?.column);
  const raw = row[at];
  if (!filter || raw === null || raw === undefined) return undefined;
  const value = String(raw);
  if (filter.type === "date_range") {
    const [from, to] = rangeNames(filter);
    const day = value.slice(0, 10);
    const now = chosenRange(filter, values);
    return now.from === day && now.to === day ? { [from]: undefined, [to]: undefined } : { [from]: day, [to]: day };
  }
  const now = chosen(filter, values);
  return { [filter.id]: now.length === 1 && now[0] === value ? undefined : [value] };
}
