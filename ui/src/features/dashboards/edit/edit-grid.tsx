/* oxlint-disable jsx-a11y/no-noninteractive-element-interactions, jsx-a11y/no-noninteractive-tabindex -- a tile is moved and sized by keys, as its label says */
import { Copy, GripVertical, Trash2 } from "lucide-react";
import { useRef, useState, type KeyboardEvent, type PointerEvent, type ReactNode } from "react";
import { cx } from "@/lib/cx";
import { IconButton } from "@/ui/button";
import { Icon } from "@/ui/icon";
import { inOrder, ROW, type Tile } from "../definition";
import { COLUMNS, place, step } from "./arrange";

const GAP = 16;
const HANDLES = ["e", "se", "s", "sw", "w"] as const;
type Handle = (typeof HANDLES)[number];

interface Drag {
  id: string;
  handle: Handle | null;
  /** The pointer and the tile where the drag began. */
  x: number;
  y: number;
  from: Tile;
  box: { left: number; top: number; width: number; height: number };
  dx: number;
  dy: number;
  tiles: Tile[];
}

/** The tiles as objects on a grid: dragged and sized by pointer, or by arrow keys on the chosen one. */
export function EditGrid(props: {
  tiles: readonly Tile[];
  chosen: string | null;
  onChoose: (id: string | null) => void;
  onPlace: (tiles: Tile[]) => void;
  onDuplicate: (id: string) => void;
  onRemove: (id: string) => void;
  children: (tile: Tile) => ReactNode;
}) {
  const { tiles, chosen, onChoose, onPlace, onDuplicate, onRemove, children } = props;
  const grid = useRef<HTMLDivElement>(null);
  const [drag, setDrag] = useState<Drag | null>(null);
  const [said, setSaid] = useState("");
  const shown = drag?.tiles ?? tiles;

  const start = (event: PointerEvent, tile: Tile, handle: Handle | null): void => {
    if (event.button !== 0) return;
    onChoose(tile.id);
    const box = grid.current?.querySelector(`[data-tile="${CSS.escape(tile.id)}"]`)?.getBoundingClientRect();
    if (!box) return;
    event.preventDefault();
    event.stopPropagation();
    grid.current?.setPointerCapture(event.pointerId);
    setDrag({
      id: tile.id,
      handle,
      x: event.clientX,
      y: event.clientY,
      from: tile,
      box,
      dx: 0,
      dy: 0,
      tiles: [...tiles],
    });
  };
  const move = (event: PointerEvent): void => {
    if (!drag || !grid.current) return;
    const column = (grid.current.clientWidth + GAP) / COLUMNS;
    const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
    const [cx, cy] = [Math.round(dx / column), Math.round(dy / ROW)];
    const { from, handle } = drag;
    const west = handle === "w" || handle === "sw" ? Math.max(-from.x, Math.min(from.w - 2, cx)) : 0;
    const change = !handle
      ? { x: from.x + cx, y: from.y + cy }
      : {
          x: from.x + west,
          w: Math.min(COLUMNS - from.x - west, handle.includes("e") ? from.w + cx : from.w - west),
          h: handle.includes("s") ? from.h + cy : from.h,
        };
    setDrag({ ...drag, dx, dy, tiles: place(tiles, drag.id, change) });
  };
  const end = (): void => {
    if (!drag) return;
    const changed = drag.tiles.some(
      (t, i) => t.x !== tiles[i]?.x || t.y !== tiles[i]?.y || t.w !== tiles[i]?.w || t.h !== tiles[i]?.h,
    );
    if (changed) onPlace(drag.tiles);
    setDrag(null);
  };
  const onKeyDown = (event: KeyboardEvent, tile: Tile): void => {
    if (event.target !== event.currentTarget) return;
    const arrow = { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down" }[event.key] as
      "left" | "right" | "up" | "down" | undefined;
    if (event.key === "Enter" || event.key === " ") onChoose(tile.id);
    else if (event.key === "Delete" || event.key === "Backspace") onRemove(tile.id);
    else if (event.key === "d" && (event.metaKey || event.ctrlKey)) onDuplicate(tile.id);
    else if (event.key === "Escape") onChoose(null);
    else if (arrow) {
      const by = arrow === "left" || arrow === "up" ? -1 : 1;
      const next = event.shiftKey
        ? place(
            tiles,
            tile.id,
            arrow === "left" || arrow === "right" ? { w: Math.min(COLUMNS - tile.x, tile.w + by) } : { h: tile.h + by },
          )
        : step(tiles, tile.id, arrow);
      const now = next.find((t) => t.id === tile.id);
      onChoose(tile.id);
      onPlace(next);
      if (now) setSaid(`${tile.title}: column ${now.x + 1}, row ${now.y + 1}, ${now.w} by ${now.h}`);
    } else return;
    event.preventDefault();
  };
  const ghost = drag && !drag.handle ? shown.find((t) => t.id === drag.id) : undefined;
  return (
    <div
      ref={grid}
      className={cx("le-grid", drag && "le-grid--busy")}
      onPointerMove={move}
      onPointerUp={end}
      onPointerCancel={() => setDrag(null)}
      onPointerDown={(event) => {
        if (event.target === event.currentTarget) onChoose(null);
      }}
    >
      <div className="le-cols" aria-hidden="true">
        {Array.from({ length: COLUMNS }, (_, i) => (
          <i key={i} />
        ))}
      </div>
      {ghost && <div className={`le-drop ld-x${ghost.x} ld-w${ghost.w} ld-y${ghost.y} ld-h${ghost.h}`} />}
      {inOrder(shown).map((tile) => {
        const on = tile.id === chosen;
        const lifted = ghost?.id === tile.id && drag;
        return (
          <div
            key={tile.id}
            data-tile={tile.id}
            className={cx(
              "le-cell",
              `ld-x${tile.x} ld-w${tile.w} ld-y${tile.y} ld-h${tile.h}`,
              on && "on",
              lifted && "le-ghost",
            )}
            style={
              lifted
                ? {
                    left: lifted.box.left + lifted.dx,
                    top: lifted.box.top + lifted.dy,
                    width: lifted.box.width,
                    height: lifted.box.height,
                  }
                : undefined
            }
          >
            <div
              className={`le-tile ld-tile--${tile.chart.type}`}
              tabIndex={0}
              role="group"
              aria-roledescription="tile"
              aria-label={`${tile.title}, ${tile.w} by ${tile.h}. Arrow keys move it, with Shift they change its size.`}
              onKeyDown={(event) => onKeyDown(event, tile)}
              onFocus={(event) => event.target === event.currentTarget && !on && onChoose(tile.id)}
            >
              <div className="le-grip" title="Drag to move" onPointerDown={(event) => start(event, tile, null)}>
                <Icon as={GripVertical} size={14} />
              </div>
              {children(tile)}
            </div>
            {on && (
              <>
                <div className="le-tools" role="toolbar" aria-label={tile.title}>
                  <IconButton icon={Copy} size="sm" label="Duplicate" onClick={() => onDuplicate(tile.id)} />
                  <IconButton icon={Trash2} size="sm" label="Remove" onClick={() => onRemove(tile.id)} />
                </div>
                {HANDLES.map((h) => (
                  <i key={h} className={`le-handle ${h}`} onPointerDown={(event) => start(event, tile, h)} />
                ))}
                <span className="le-size">
                  {tile.w} × {tile.h}
                </span>
              </>
            )}
          </div>
        );
      })}
      <span role="status" className="sr-only">
        {said}
      </span>
    </div>
  );
}
