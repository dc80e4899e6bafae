import { freshTileId, nextRow } from "@/api/dashboards";
import type { Column } from "@/api/types";
import type { DashboardDefinition, Tile } from "../definition";
import { arrange } from "./arrange";
import { complete, isComplete } from "./columns";

/** What is being edited. */
export interface Content {
  title: string;
  definition: DashboardDefinition;
}
/** Content with everything that undo and redo need. */
export interface Draft {
  past: Content[];
  now: Content;
  future: Content[];
}
export type DraftAction =
  | { do: "change"; make: (now: Content) => Content }
  | { do: "undo" }
  | { do: "redo" }
  | { do: "load"; content: Content };

const DEPTH = 100;

export function draftReducer(draft: Draft, action: DraftAction): Draft {
  switch (action.do) {
    case "change": {
      const next = action.make(draft.now);
      return next === draft.now ? draft : { past: [...draft.past.slice(1 - DEPTH), draft.now], now: next, future: [] };
    }
    case "undo": {
      const before = draft.past.at(-1);
      return before ? { past: draft.past.slice(0, -1), now: before, future: [draft.now, ...draft.future] } : draft;
    }
    case "redo": {
      const [next, ...future] = draft.future;
      return next ? { past: [...draft.past, draft.now], now: next, future } : draft;
    }
    case "load":
      return { past: [...draft.past, draft.now], now: action.content, future: [] };
  }
}

export const tilesOf = (definition: DashboardDefinition, tab: string | undefined): Tile[] =>
  (definition.tabs.find((t) => t.id === tab)?.tiles ?? []) as Tile[];

export function withTiles(content: Content, tab: string, tiles: readonly Tile[]): Content {
  const tabs = content.definition.tabs.map((t) => (t.id === tab ? Object.assign({}, t, { tiles: [...tiles] }) : t));
  return { ...content, definition: { ...content.definition, tabs } };
}

export function withTile(content: Content, tab: string, id: string, change: Partial<Tile>): Content {
  const tiles = tilesOf(content.definition, tab);
  return withTiles(
    content,
    tab,
    tiles.map((t) => (t.id === id ? Object.assign({}, t, change) : t)),
  );
}

/** A new tile at the end of a tab; answers its id too. */
export function addTile(
  content: Content,
  tab: string,
  tile: Omit<Tile, "id" | "x" | "y" | "w" | "h">,
): { content: Content; id: string } {
  const id = freshTileId(content.definition, tile.chart.type);
  const tiles = tilesOf(content.definition, tab);
  const size = tile.chart.type === "number" ? { w: 3, h: 4 } : { w: 6, h: 11 };
  return { content: withTiles(content, tab, [...tiles, { ...tile, id, x: 0, y: nextRow(tiles), ...size }]), id };
}

export function duplicateTile(content: Content, tab: string, id: string): { content: Content; id: string } | null {
  const tiles = tilesOf(content.definition, tab);
  const tile = tiles.find((t) => t.id === id);
  if (!tile) return null;
  const copy: Tile = {
    ...tile,
    id: freshTileId(content.definition, tile.chart.type),
    title: `${tile.title} copy`,
    y: tile.y + tile.h,
  };
  return { content: withTiles(content, tab, arrange([...tiles, copy], copy.id)), id: copy.id };
}

/** Without a tile; a shared query that nothing draws any more goes with it. */
export function removeTile(content: Content, tab: string, id: string): Content {
  return prune(withTiles(content, tab, arrange(tilesOf(content.definition, tab).filter((t) => t.id !== id))));
}

export function prune(content: Content): Content {
  const { definition } = content;
  const used = new Set([
    ...definition.tabs.flatMap((t) => t.tiles.map((tile) => tile.query)),
    ...definition.filters.flatMap((f) => [f.options_query, f.bounds_query]),
  ]);
  const queries = Object.fromEntries(Object.entries(definition.queries).filter(([name]) => used.has(name)));
  return { ...content, definition: { ...definition, queries } };
}

/** A definition whose charts are complete, as far as the columns of those that aren't can be had. */
export async function finished(
  definition: DashboardDefinition,
  columnsOf: (tile: Tile) => Promise<readonly Column[]>,
): Promise<DashboardDefinition> {
  const chart = async (tile: Tile) =>
    isComplete(tile.chart) ? tile.chart : complete(tile.chart, await columnsOf(tile).catch(() => []));
  const tabs = definition.tabs.map(async (tab) => ({
    ...tab,
    tiles: await Promise.all(tab.tiles.map(async (tile) => ({ ...tile, chart: await chart(tile) }))),
  }));
  return { ...definition, tabs: await Promise.all(tabs) };
}

/** How many tiles draw a shared query. */
export const sharedBy = (definition: DashboardDefinition, query: string): number =>
  definition.tabs.reduce((n, t) => n + t.tiles.filter((tile) => tile.query === query).length, 0);

interface Kept {
  version: number;
  content: Content;
}
const KEY = "lakefront.dashboard.draft.";

/** The draft survives a reload in this browser. Storage may be full or forbidden: then it does not. */
export function keep(id: string, kept: Kept | null): void {
  try {
    if (kept) localStorage.setItem(KEY + id, JSON.stringify(kept));
    else localStorage.removeItem(KEY + id);
  } catch {
    // Editing goes on without a kept draft.
  }
}
export function kept(id: string): Kept | null {
  try {
    const text = localStorage.getItem(KEY + id);
    return text ? (JSON.parse(text) as Kept) : null;
  } catch {
    return null;
  }
}
