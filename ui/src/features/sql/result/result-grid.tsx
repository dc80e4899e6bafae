import { useVirtualizer } from "@tanstack/react-virtual";
import {
  useEffect,
  useEffectEvent,
  useMemo,
  useRef,
  useSyncExternalStore,
  type KeyboardEvent,
  type MouseEvent,
} from "react";
import type { Column } from "@/api/types";
import { count } from "../format";
import { cellText, exactText, isNumeric, oneLine, position } from "./cells";
import { ColumnHead, type Sort } from "./column-head";
import type { ResultPages } from "./pages";
import type { ColumnSummary } from "./summary";
import { useColumnWidths } from "./use-columns";
import { useRowWindow } from "./use-row-window";

export const ROW = 28;
const HEAD = 80;
/** The column of row numbers grows with their length. */
const indexWidth = (rows: number) => Math.max(52, count(rows).length * 8 + 18);

export interface Cell {
  row: number;
  column: number;
}

/** A rectangle of cells, in rows as they are shown. */
export interface Selection {
  anchor: Cell;
  focus: Cell;
}

export function selectionBounds({ anchor, focus }: Selection) {
  return {
    top: Math.min(anchor.row, focus.row),
    bottom: Math.max(anchor.row, focus.row),
    left: Math.min(anchor.column, focus.column),
    right: Math.max(anchor.column, focus.column),
  };
}

interface Props {
  pages: ResultPages;
  columns: Column[];
  summaries: ColumnSummary[];
  naturalWidths: number[];
  /** Rows of the result in the order shown, when sorted here. */
  order: Uint32Array | null;
  sort: Sort | null;
  selection: Selection | null;
  /** Lower-case text that is marked where it occurs. */
  find: string;
  onSelect: (selection: Selection) => void;
  onSort: (column: number) => void;
  onCopy: () => void;
  onOpen: (cell: Cell) => void;
}

export function ResultGrid({
  pages,
  columns,
  summaries,
  naturalWidths,
  order,
  sort,
  selection,
  find,
  onSelect,
  onSort,
  onCopy,
  onOpen,
}: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const gutter = indexWidth(pages.rows);
  const version = useSyncExternalStore(pages.subscribe, pages.snapshot, pages.snapshot);
  const rows = useRowWindow(scroller, pages.rows, ROW, HEAD);
  const { widths, resize } = useColumnWidths(naturalWidths, rows.width - gutter);
  // oxlint-disable-next-line react/incompatible-library -- it re-renders on scroll by design; nothing here relies on memoized reads
  const virtual = useVirtualizer({
    horizontal: true,
    count: columns.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => widths[index] ?? 120,
    overscan: 3,
    paddingStart: gutter,
    scrollPaddingStart: gutter,
  });
  const shape = widths.join(",");
  useEffect(() => virtual.measure(), [virtual, shape]);
  const shown = virtual.getVirtualItems();
  const width = gutter + widths.reduce((sum, each) => sum + each, 0);
  const barColumn = useMemo(
    () =>
      summaries.findIndex(
        (summary) =>
          (summary.type.kind === "float" || summary.type.kind === "decimal") &&
          (summary.range?.[0] ?? -1) >= 0 &&
          (summary.range?.[1] ?? 0) > 0,
      ),
    [summaries],
  );

  /** Rows behind the small pictures in the column heads. */
  const pictured = summaries[0]?.rows ?? 0;
  const { first, last } = rows;
  // A new version may be one in which a page that failed is asked for again.
  useEffect(() => {
    if (!order) pages.want(first, last);
  }, [pages, order, first, last, version]);

  const focus = selection?.focus;
  const reveal = useEffectEvent((cell: Cell) => {
    rows.scrollTo(cell.row);
    virtual.scrollToIndex(cell.column, { align: "auto" });
  });
  useEffect(() => {
    if (focus) reveal(focus);
  }, [focus]);

  const move = (row: number, column: number, extend: boolean) => {
    const to = {
      row: Math.max(0, Math.min(pages.rows - 1, row)),
      column: Math.max(0, Math.min(columns.length - 1, column)),
    };
    onSelect({ anchor: extend && selection ? selection.anchor : to, focus: to });
  };
  const onKey = (event: KeyboardEvent<HTMLDivElement>) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "c") {
      event.preventDefault();
      return onCopy();
    }
    if (pages.rows === 0) return;
    const at = selection?.focus ?? { row: 0, column: 0 };
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "a") {
      event.preventDefault();
      return onSelect({ anchor: { row: 0, column: 0 }, focus: { row: pages.rows - 1, column: columns.length - 1 } });
    }
    const far = event.ctrlKey || event.metaKey;
    const steps: Record<string, [number, number]> = {
      ArrowDown: [far ? pages.rows - 1 : at.row + 1, at.column],
      ArrowUp: [far ? 0 : at.row - 1, at.column],
      ArrowRight: [at.row, far ? columns.length - 1 : at.column + 1],
      ArrowLeft: [at.row, far ? 0 : at.column - 1],
      PageDown: [at.row + rows.page, at.column],
      PageUp: [at.row - rows.page, at.column],
      Home: far ? [0, 0] : [at.row, 0],
      End: far ? [pages.rows - 1, columns.length - 1] : [at.row, columns.length - 1],
    };
    const step = steps[event.key];
    if (step) {
      event.preventDefault();
      move(step[0], step[1], event.shiftKey);
    } else if (event.key === "Enter" && selection) {
      event.preventDefault();
      onOpen(at);
    }
  };

  const bounds = selection ? selectionBounds(selection) : null;
  const drawn = Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);

  return (
    <div
      ref={scroller}
      className="wb-grid"
      role="grid"
      aria-label="Result"
      aria-rowcount={pages.rows + 1}
      aria-colcount={columns.length + 1}
      aria-activedescendant={focus ? `wb-cell-${focus.row}-${focus.column}` : undefined}
      tabIndex={0}
      onKeyDown={onKey}
      onPointerDown={(event) => {
        const cell = event.button === 0 ? cellAt(event) : null;
        if (cell) move(cell.row, cell.column, event.shiftKey);
      }}
      onPointerMove={(event) => {
        const cell = event.buttons === 1 ? cellAt(event) : null;
        if (cell && selection && (cell.row !== selection.focus.row || cell.column !== selection.focus.column))
          move(cell.row, cell.column, true);
      }}
      onDoubleClick={(event) => {
        const cell = cellAt(event);
        if (cell) onOpen(cell);
      }}
    >
      <div role="row" aria-rowindex={1} className="wb-thead" style={{ width }}>
        <div role="columnheader" aria-colindex={1} className="wb-ixh" style={{ width: gutter }}>
          <span className="wb-sr">Row</span>
          {pictured < pages.rows ? <span className="wb-of">shapes of first {count(pictured)}</span> : null}
        </div>
        {shown.map((item) => {
          const summary = summaries[item.index];
          return summary ? (
            <ColumnHead
              key={item.key}
              index={item.index}
              summary={summary}
              typeName={columns[item.index]?.type ?? ""}
              width={item.size}
              left={item.start}
              sort={sort}
              partial={pages.rows > summary.rows}
              onSort={() => onSort(item.index)}
              onResize={(next) => resize(item.index, next)}
            />
          ) : null;
        })}
      </div>
      <div className="wb-rows" role="rowgroup" style={{ height: rows.height, width }}>
        {drawn.map((row) => {
          const source = order ? (order[row] ?? row) : row;
          const here = pages.has(source);
          return (
            <div
              key={row}
              role="row"
              aria-rowindex={row + 2}
              data-row={row}
              className="wb-row"
              style={{ transform: `translateY(${rows.offset + (row - first) * ROW}px)` }}
            >
              <div role="rowheader" aria-colindex={1} className="wb-ix" style={{ width: gutter }}>
                {count(row + 1)}
              </div>
              {shown.map((item) => {
                const summary = summaries[item.index];
                if (!summary) return null;
                const inside =
                  bounds &&
                  row >= bounds.top &&
                  row <= bounds.bottom &&
                  item.index >= bounds.left &&
                  item.index <= bounds.right;
                const focused = focus?.row === row && focus.column === item.index;
                const raw = here ? pages.cell(source, item.index) : undefined;
                const text = here ? cellText(raw, summary.type, summary.format) : "";
                const found =
                  find !== "" &&
                  text !== null &&
                  here &&
                  (exactText(raw, summary.type)?.toLowerCase().includes(find) || text.toLowerCase().includes(find));
                return (
                  <div
                    key={item.key}
                    role="gridcell"
                    aria-colindex={item.index + 2}
                    aria-selected={inside ?? false}
                    id={focused ? `wb-cell-${row}-${item.index}` : undefined}
                    data-column={item.index}
                    className={`wb-td${isNumeric(summary.type) ? " r" : ""}${inside ? " in" : ""}${focused ? " sel" : ""}${found ? " hit" : ""}`}
                    style={{ width: item.size, transform: `translateX(${item.start}px)` }}
                  >
                    {item.index === barColumn ? (
                      <Bar value={position(raw, summary.type)} most={summary.range?.[1] ?? 1} />
                    ) : null}
                    {!here ? (
                      <span className="wb-wait" />
                    ) : text === null ? (
                      <span className="null">null</span>
                    ) : (
                      <Line text={text} />
                    )}
                  </div>
                );
              })}
            </div>
          );
        })}
      </div>
    </div>
  );
}

function cellAt(event: MouseEvent<HTMLElement>): Cell | null {
  const element = (event.target as HTMLElement).closest<HTMLElement>("[data-column]");
  return element
    ? { row: Number(element.parentElement?.dataset["row"]), column: Number(element.dataset["column"]) }
    : null;
}

function Line({ text }: { text: string }) {
  const line = oneLine(text);
  return (
    <span className="v" title={line === text ? undefined : text}>
      {line}
    </span>
  );
}

/** A bar left of the number, on a track of its own. */
function Bar({ value, most }: { value: number | null; most: number }) {
  const share = value === null ? 0 : Math.max(0, Math.min(1, value / most));
  return (
    <span className="wb-track" aria-hidden="true">
      <s style={{ width: `${share * 100}%` }} />
    </span>
  );
}
