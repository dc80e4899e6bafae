import { Download, Ellipsis, Link2, Maximize2, Minimize2, Sheet, SquareTerminal, Table2, X } from "lucide-react";
import { useState } from "react";
import { resultUrl } from "@/api/result-url";
import { cx } from "@/lib/cx";
import { dateTime } from "@/lib/format";
import { useHydrating } from "@/lib/hydrating";
import { stringifySearch } from "@/lib/search";
import { IconButton, iconButtonClass } from "@/ui/button";
import { iconHtml } from "@/ui/icon";
import { Menu, type MenuEntry } from "@/ui/menu";
import { fillIn, ignoredFilters, type DashboardQueryData, type Tile } from "./definition";
import { TileBody, TileLegend, toWorkbench, type TileContext } from "./tile-body";

/** One tile: title, unit, legend, three quiet actions, its body, and what its data is of. */
export function TileFrame(
  props: TileContext & {
    tile: Tile;
    data: DashboardQueryData | undefined;
    divided: boolean;
    busy: boolean;
    full: boolean;
    onFull: (full: boolean) => void;
  },
) {
  const { tile, data, definition, search, divided, busy, full, onFull, stranger } = props;
  const asked = search.search["table"] === tile.id;
  const [table, setTable] = useState(asked);
  const type = tile.chart.type;
  const small = type === "number";
  const hydrating = useHydrating();
  const ignored = ignoredFilters(definition, tile, search.values);
  const note = ignored.length > 0 && `Not narrowed by ${listed(ignored)}`;
  const there = data?.state === "SUCCEEDED" && data.rows.length > 0;
  const link = (): void =>
    void navigator.clipboard.writeText(`${window.location.origin}${search.href(search.search)}#${tile.id}`);
  const download = (safe: boolean): void =>
    void window.open(resultUrl(data?.execution_id ?? "", "csv", { name: tile.title, safe }), "_self");
  const entries = (): MenuEntry[] => [
    ...(stranger
      ? []
      : [
          {
            label: "Explore in SQL",
            icon: SquareTerminal,
            // Written when the menu opens: it holds the whole statement.
            get href() {
              return `/sql${stringifySearch(toWorkbench(definition, tile).search)}`;
            },
          },
        ]),
    { label: table ? "Show as chart" : "Show as table", icon: Table2, onSelect: () => setTable(!table) },
    ...(data?.execution_id
      ? [
          {
            label: "Download CSV",
            icon: Download,
            onSelect: () => download(false),
          },
          {
            label: "CSV for a spreadsheet",
            icon: Sheet,
            onSelect: () => download(true),
          },
        ]
      : []),
    { label: "Copy link to this tile", icon: Link2, onSelect: link },
    "separator" as const,
    { label: full ? "Leave full screen" : "Full screen", icon: Maximize2, keys: "V", onSelect: () => onFull(!full) },
  ];
  return (
    <section
      id={tile.id}
      aria-labelledby={`h-${tile.id}`}
      aria-busy={busy}
      className={cx(
        "ld-tile",
        `ld-x${tile.x}`,
        `ld-w${tile.w}`,
        `ld-y${tile.y}`,
        `ld-h${tile.h}`,
        `ld-tile--${type}`,
        divided && "ld-divided",
        full && "ld-full",
        busy && "ld-busy",
      )}
    >
      <header className="ld-th">
        <div className="ld-ti">
          <h2 id={`h-${tile.id}`}>{tile.title}</h2>
          {tile.unit && <span className="ld-un">{fillIn(tile.unit, data)}</span>}
        </div>
        <div className="ld-te">
          {there && !table && !small && type !== "table" && type !== "ranked" && <TileLegend {...props} data={data} />}
          <span className="ld-tt">
            {!small && type !== "table" && (
              <a
                href={search.href(search.change({ table: table ? undefined : tile.id }))}
                className={iconButtonClass("sm")}
                aria-label={table ? `Show ${tile.title} as chart` : `Show ${tile.title} as table`}
                title={table ? "Show as chart" : "Show as table"}
                onClick={(event) => {
                  if (event.metaKey || event.ctrlKey) return;
                  event.preventDefault();
                  setTable(!table);
                }}
                dangerouslySetInnerHTML={{ __html: iconHtml(Table2) }}
              />
            )}
            {hydrating ? (
              // Their place: nobody reaches them yet, and buttons are dear to lay out.
              <span className={small ? "w-6" : "w-12"} />
            ) : (
              <>
                {!small && (
                  <IconButton
                    icon={full ? Minimize2 : Maximize2}
                    size="sm"
                    label={full ? "Leave full screen" : "Full screen"}
                    keys="V"
                    onClick={() => onFull(!full)}
                  />
                )}
                <Menu
                  label={`${tile.title} menu`}
                  align="end"
                  entries={entries()}
                  trigger={<IconButton icon={Ellipsis} size="sm" label={`${tile.title} menu`} />}
                />
              </>
            )}
          </span>
        </div>
        {full && <IconButton icon={X} label="Close" onClick={() => onFull(false)} />}
      </header>
      <div className={cx("ld-tb", table && "ld-tb--scroll")}>
        <TileBody {...props} asTable={table} />
      </div>
      <footer className="ld-tf">
        {note && <span title={note}>{note}</span>}
        {data?.as_of && <time dateTime={data.as_of}>Data as of {dateTime(data.as_of)}</time>}
      </footer>
    </section>
  );
}

const listed = (names: readonly string[]): string =>
  names.length < 2 ? names.join() : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
