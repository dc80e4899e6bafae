import { chartNames, type ChartType } from "@/viz";
import type { DashboardDefinition } from "../definition";
import { fieldsOf } from "./kinds";

/** Something of a tile as the server names it, and its words for a column that is not chosen. */
const PLACE =
  /`tabs\[(\d+)\]\.tiles\[(\d+)\]\.(?:chart\.)?([^`]*)`( is (?:empty|an empty list); it has to be (?:the name of a column|a list of columns' names)\.)?/g;

export interface Refusal {
  words: string;
  /** The first tile that is to be mended. */
  at: { tab: string; tile: string } | null;
}

/** Why a definition was not saved: the server names places by their path, a person knows tiles by their titles. */
export function refusal(detail: string, { tabs }: DashboardDefinition): Refusal {
  let at: Refusal["at"] = null;
  const words = detail.replace(PLACE, (found, i: string, j: string, key: string, noColumn?: string) => {
    const tab = tabs[Number(i)];
    const tile = tab?.tiles[Number(j)];
    if (!tab || !tile) return found;
    at ??= { tab: tab.id, tile: tile.id };
    const title = tile.title || chartNames[tile.chart.type as ChartType] || tile.id;
    const part = fieldsOf(tile.chart).find((field) => field.key === key)?.label ?? key;
    return noColumn ? `The tile “${title}” has no column for “${part}” yet.` : `“${part}” of the tile “${title}”`;
  });
  return { words, at };
}
