import { parametersOf } from "@/api/filters";
import { full } from "@/lib/format";
import { literally } from "@/lib/sql-text";
import type {
  Dashboard,
  DashboardData,
  DashboardDefinition,
  DashboardFilter,
  DashboardQueryData,
  DashboardTile,
  FilterValues,
} from "@/api/types";

/** What a click on a mark does: the value of `column` becomes the value of `filter`. */
export interface TileClick {
  filter: string;
  column: string;
}
export type Tile = DashboardTile & { click?: TileClick };
export type Filter = DashboardFilter & { plural?: string };
export type { Dashboard, DashboardData, DashboardDefinition, DashboardQueryData };

/** The key of a tile's rows in the data answer. */
export const dataKey = (tile: Tile): string => tile.query ?? `tile:${tile.id}`;

export const tileSql = (definition: DashboardDefinition, tile: Tile): string =>
  tile.sql ?? (tile.query ? (definition.queries[tile.query]?.sql ?? "") : "");

/** Where a statement uses a parameter. */
export const mention = (parameter: string): RegExp => new RegExp(`\\{\\{\\s*${literally(parameter)}\\s*\\}\\}`, "g");

export const uses = (sql: string, parameters: readonly string[]): boolean =>
  parameters.some((parameter) => sql.search(mention(parameter)) >= 0);

/** Whether one `[[ … ]]` has all of the parameters, so that it is dropped while one of them has no value. */
export const joins = (sql: string, parameters: readonly string[]): boolean =>
  sql
    .split("[[")
    .slice(1)
    .map((rest) => rest.split("]]", 1)[0] ?? "")
    .some((clause) => parameters.every((parameter) => uses(clause, [parameter])));

/**
 * Labels of the filters that are set to something and that a tile's statement does not ask for. Who does not get the
 * statement, as a stranger, is told of none.
 */
export function ignoredFilters(definition: DashboardDefinition, tile: Tile, values: FilterValues): string[] {
  const sql = tileSql(definition, tile);
  if (sql === "") return [];
  return definition.filters.flatMap((filter) => {
    const set = parametersOf(filter).filter((parameter) => values[parameter] !== undefined);
    return set.length > 0 && !uses(sql, set) ? [filter.label] : [];
  });
}

/** Px of one grid row; a tile's last 36 px are the space below it. */
export const ROW = 32;
export const ROW_GAP = 36;

/** The size a tile's body is expected to have on a laptop: decides tick counts, not sizes. */
export function expectedSize(tile: Tile): { width: number; height: number } {
  const column = (1376 - 11 * 32) / 12;
  return {
    width: Math.round(tile.w * column + (tile.w - 1) * 32) - 60,
    height: Math.max(80, tile.h * ROW - ROW_GAP - 34 - 46),
  };
}

/** `{rows}` in titles and units stands for the number of rows. */
export const fillIn = (text: string | undefined, data: DashboardQueryData | undefined): string =>
  (text ?? "").replace("{rows}", data?.columns ? full(data.rows.length) : "–");

/**
 * The order of reading, of phones and of the Tab key: bands from top to bottom, in each the columns from left to right.
 * A band is a run of tiles that overlap in height, as three numbers beside one chart.
 */
export function inOrder<T extends { x: number; y: number; h: number }>(tiles: readonly T[]): T[] {
  const sorted = [...tiles].sort((a, b) => a.y - b.y || a.x - b.x);
  const bands: { end: number; tiles: T[] }[] = [];
  for (const tile of sorted) {
    const band = bands.at(-1);
    if (band && tile.y < band.end) {
      band.tiles.push(tile);
      band.end = Math.max(band.end, tile.y + tile.h);
    } else bands.push({ end: tile.y + tile.h, tiles: [tile] });
  }
  return bands.flatMap((band) => band.tiles.sort((a, b) => a.x - b.x || a.y - b.y));
}
