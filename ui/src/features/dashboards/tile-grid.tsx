import { useState } from "react";
import { useHotkey } from "@/lib/hotkeys";
import { tabClass, tabsClass } from "@/ui/tabs";
import { dataKey, type DashboardData, type DashboardDefinition, type Tile } from "./definition";
import type { TileContext } from "./tile-body";
import { TileFrame } from "./tile-frame";
import { SearchLink } from "./search-link";
import type { DashboardSearch } from "./use-dashboard-search";

/** The tabs, as links; keys 1 to 3 lead to the first. */
export function DashboardTabs({ definition, search }: { definition: DashboardDefinition; search: DashboardSearch }) {
  const { tabs } = definition;
  const toTab = (id: string) => search.change({ tab: id === tabs[0]?.id ? undefined : id, table: undefined });
  useHotkey("1", () => tabs[0] && search.go(toTab(tabs[0].id)));
  useHotkey("2", () => tabs[1] && search.go(toTab(tabs[1].id)));
  useHotkey("3", () => tabs[2] && search.go(toTab(tabs[2].id)));
  return (
    <nav className={`${tabsClass} ld-tabs`} aria-label="Dashboard tabs">
      {tabs.map((t) => (
        <SearchLink
          key={t.id}
          search={search}
          to={toTab(t.id)}
          aria-current={t.id === search.tab ? "page" : undefined}
          className={tabClass(t.id === search.tab)}
        >
          {t.title}
        </SearchLink>
      ))}
    </nav>
  );
}

/** The tiles of a tab, one of which may fill the screen. */
export function TileGrid(
  props: TileContext & { tiles: readonly Tile[]; data: DashboardData | undefined; busy: boolean },
) {
  const { tiles, data, ...rest } = props;
  const [full, setFull] = useState<string | null>(null);
  useHotkey("v", () =>
    setFull(
      full
        ? null
        : ((document.querySelector(".ld-tile:hover") ?? document.querySelector(".ld-tile:focus-within"))?.id ?? null),
    ),
  );
  useHotkey("Escape", () => setFull(null), full !== null);
  return (
    <div className="ld-grid">
      {tiles.map((tile) => (
        <TileFrame
          key={tile.id}
          {...rest}
          tile={tile}
          data={data?.queries[dataKey(tile)]}
          divided={underNumber(tile, tiles)}
          full={full === tile.id}
          onFull={(on) => setFull(on ? tile.id : null)}
        />
      ))}
    </div>
  );
}

/** Big numbers in one column are divided by hairlines instead of space. */
const underNumber = (tile: Tile, tiles: readonly Tile[]): boolean =>
  tile.chart.type === "number" &&
  tiles.some(
    (t) => t !== tile && t.chart.type === "number" && t.x === tile.x && t.w === tile.w && t.y + t.h === tile.y,
  );
