import { PAGE_NAMES, parametersOf } from "@/api/filters";
import type { DashboardDefinition, DashboardFilter, DashboardTile } from "@/api/types";
import type { Parameter, ParameterType } from "../text/parameters";

/** Below everything that is there, half the page wide. */
export function withTile(
  definition: DashboardDefinition,
  tabId: string,
  tile: Omit<DashboardTile, "id" | "x" | "y" | "w" | "h">,
): DashboardDefinition {
  const ids = new Set(definition.tabs.flatMap((tab) => tab.tiles.map((each) => each.id)));
  const base =
    tile.title
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^-|-$/g, "") || "tile";
  let id = base;
  for (let n = 2; ids.has(id); n += 1) id = `${base}-${n}`;
  return {
    ...definition,
    tabs: definition.tabs.map((tab) =>
      tab.id === tabId
        ? {
            ...tab,
            tiles: [
              ...tab.tiles,
              { id, x: 0, y: Math.max(0, ...tab.tiles.map((each) => each.y + each.h)), w: 6, h: 9, ...tile },
            ],
          }
        : tab,
    ),
  };
}

/** A list comes with its choices, which nobody has named yet. */
const TYPES: Record<ParameterType, DashboardFilter["type"]> = {
  text: "text",
  number: "number",
  date: "date",
  list: "text",
};

/** The filters a dashboard lacks for these parameters. Two dates that begin and end something are one range. */
export function newFilters(
  definition: Pick<DashboardDefinition, "filters">,
  parameters: readonly Parameter[],
): DashboardFilter[] {
  const taken = new Set([
    ...PAGE_NAMES,
    ...definition.filters.flatMap((filter) => [filter.id, ...parametersOf(filter)]),
  ]);
  const missing = parameters.filter(({ name }) => !taken.has(name));
  const names = new Set(missing.map(({ name }) => name));
  const dates = new Set(missing.filter(({ inferred }) => inferred === "date").map(({ name }) => name));
  const ends = new Map([...dates].flatMap((name) => (dates.has(endOf(name)) ? [[name, endOf(name)] as const] : [])));
  const within = new Set(ends.values());
  return missing
    .filter(({ name }) => !within.has(name))
    .map(({ name, inferred }): DashboardFilter => {
      const to = ends.get(name);
      if (to === undefined) return { id: name, label: label(name), type: TYPES[inferred] };
      let id = name.replace(START, "") || "dates";
      while (taken.has(id) || names.has(id)) id += "_range";
      return { id, label: label(id), type: "date_range", from: name, to };
    });
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
