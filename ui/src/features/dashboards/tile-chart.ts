import {
  expectedSize,
  fillIn,
  type DashboardDefinition,
  type DashboardQueryData,
  type Filter,
  type Tile,
} from "./definition";
import { picked, type DashboardSearch } from "./use-dashboard-search";

/** What a tile's picture and its legend ask for alike, so that both come from one layout. */
export function tileChart(
  tile: Tile,
  data: DashboardQueryData,
  { definition, search }: { definition: DashboardDefinition; search: DashboardSearch },
) {
  const change = pickOf(tile, data, definition, search);
  return {
    spec: fitted(tile),
    columns: data.columns,
    rows: data.rows,
    unit: fillIn(tile.unit, data),
    id: `t-${tile.id}`,
    expect: expectedSize(tile),
    ...(clickedFilter(tile, definition)
      ? {
          hrefKey: search.text,
          href: (row: readonly unknown[]) => {
            const patch = change(row);
            return patch && search.href(search.change(patch));
          },
        }
      : {}),
  };
}

/** A table that does not say how many rows it shows first shows as many as its tile has room for. */
function fitted(tile: Tile): Tile["chart"] {
  const { chart } = tile;
  if (chart?.type !== "table" || chart.limit !== undefined) return chart;
  const head = 34;
  const row = 34;
  const more = 34;
  return { ...chart, limit: Math.max(5, Math.floor((expectedSize(tile).height - head - more) / row)) };
}

/** What a click on a mark of the tile does, with the words for it. */
export function tileClick(
  tile: Tile,
  data: DashboardQueryData,
  { definition, search }: { definition: DashboardDefinition; search: DashboardSearch },
) {
  const filter = clickedFilter(tile, definition);
  if (!filter) return {};
  const change = pickOf(tile, data, definition, search);
  const label = filter.label === filter.label.toUpperCase() ? filter.label : filter.label.toLowerCase();
  return {
    onPick: (row: readonly unknown[]) => {
      const patch = change(row);
      if (patch) search.go(search.change(patch));
    },
    pickHint: `Click to filter to this ${filter.type === "date_range" ? "day" : label}`,
  };
}

const clickedFilter = (tile: Tile, { filters }: DashboardDefinition): Filter | undefined =>
  tile.click && (filters as Filter[]).find((filter) => filter.id === tile.click?.filter);

const pickOf =
  (tile: Tile, data: DashboardQueryData, { filters }: DashboardDefinition, search: DashboardSearch) =>
  (row: readonly unknown[]) =>
    picked(tile, filters as Filter[], data.columns, row, search.values);
