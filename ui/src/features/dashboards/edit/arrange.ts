/** A tile's place on the 12-column grid, in columns and rows. */
export interface Place {
  id: string;
  x: number;
  y: number;
  w: number;
  h: number;
}
export const COLUMNS = 12;

const across = (a: Place, b: Place): boolean => a.x < b.x + b.w && b.x < a.x + a.w;
const clamp = (v: number, low: number, high: number): number => Math.max(low, Math.min(high, v));

/** Keeps a tile on the grid and no smaller than can be read. */
export function fitted<P extends Place>(p: P): P {
  const w = clamp(Math.round(p.w), 2, COLUMNS);
  return {
    ...p,
    w,
    h: clamp(Math.round(p.h), 3, 40),
    x: clamp(Math.round(p.x), 0, COLUMNS - w),
    y: Math.max(0, Math.round(p.y)),
  };
}

/**
 * Lets every tile fall upwards until it meets another. Tiles keep their order from top to bottom; the moved one goes before
 * a tile whose upper half it covers, so what it is dropped on makes room below.
 */
export function arrange<P extends Place>(tiles: readonly P[], moved?: string): P[] {
  const tile = tiles.find((t) => t.id === moved);
  const order = tiles.filter((t) => t !== tile).sort((a, b) => a.y - b.y || a.x - b.x);
  if (tile) {
    const before = order.findIndex((t) => across(t, tile) && tile.y < t.y + t.h / 2);
    order.splice(before < 0 ? order.length : before, 0, tile);
  }
  const placed: P[] = [];
  for (const next of order) {
    const floor = Math.max(0, ...placed.filter((p) => across(p, next)).map((p) => p.y + p.h));
    placed.push({ ...next, y: floor });
  }
  return tiles.map((t) => placed.find((p) => p.id === t.id) ?? t);
}

/** A tile at another place or of another size, and the others arranged around it. */
export function place<P extends Place>(tiles: readonly P[], id: string, change: Partial<Omit<Place, "id">>): P[] {
  return arrange(
    tiles.map((t) => (t.id === id ? fitted({ ...t, ...change }) : t)),
    id,
  );
}

/** One step by key: columns by one; up and down past the next tile in the way. */
export function step<P extends Place>(
  tiles: readonly P[],
  id: string,
  direction: "left" | "right" | "up" | "down",
): P[] {
  const tile = tiles.find((t) => t.id === id);
  if (!tile) return [...tiles];
  if (direction === "left" || direction === "right")
    return place(tiles, id, { x: tile.x + (direction === "left" ? -1 : 1) });
  const others = tiles.filter((t) => t.id !== id && across(t, tile));
  if (direction === "up") {
    const above = others.filter((t) => t.y < tile.y).sort((a, b) => b.y - a.y)[0];
    return above ? place(tiles, id, { y: above.y }) : [...tiles];
  }
  const below = others.filter((t) => t.y >= tile.y).sort((a, b) => a.y - b.y)[0];
  return below ? place(tiles, id, { y: below.y + below.h }) : [...tiles];
}
