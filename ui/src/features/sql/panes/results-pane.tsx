import { ChevronDown, ChevronUp, Copy, Download, ListEnd, Search, Square, X } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { useEffect, useMemo, useRef, useState } from "react";
import { RESULT_FORMATS, resultUrl } from "../api";
import { bytes, count, plural } from "../format";
import { compareCells, exactText } from "../result/cells";
import { CellViewer } from "../result/cell-viewer";
import { delimited, NO_CLIPBOARD, toClipboard } from "../result/clipboard";
import type { Sort } from "../result/column-head";
import type { ResultPages } from "../result/pages";
import { ResultGrid, selectionBounds, type Cell, type Selection } from "../result/result-grid";
import { naturalWidth, summarize } from "../result/summary";
import { useElapsed } from "../status-line";
import { quoteName } from "../text/tables";
import type { Run } from "../use-executions";
import { ProblemMessage } from "./problem";

/** Rows that one copy may hold; more belongs in a download. */
const COPY_ROWS = 50_000;

interface Props {
  run: Run | undefined;
  onStop: () => void;
  onReveal: (offset: number) => void;
  /** Opens a statement in a new tab. */
  onOpen: (sql: string) => void;
}

export function ResultsPane({ run, onStop, onReveal, onOpen }: Props) {
  if (run === undefined)
    return (
      <p className="wb-nores">
        Nothing has run yet. <kbd>Ctrl</kbd> <kbd>Enter</kbd> runs the statement under the cursor.
      </p>
    );
  if (run.phase === "running") return <RunningPane run={run} onStop={onStop} />;
  if (run.error)
    return (
      <ProblemMessage
        error={run.error}
        sql={run.statement.sql}
        onReveal={(offset) => onReveal(run.statement.from + offset)}
      />
    );
  if (run.status?.state === "CANCELLED")
    return (
      <p className="wb-nores">
        Stopped.{" "}
        {run.status.statistics.scanned_bytes
          ? `${bytes(run.status.statistics.scanned_bytes)} had been read.`
          : "Nothing had been read."}
      </p>
    );
  if (!run.pages || !run.status) return null;
  return <Rows key={run.status.id} run={run} pages={run.pages} onOpen={onOpen} />;
}

function RunningPane({ run, onStop }: { run: Run; onStop: () => void }) {
  const elapsed = useElapsed(run.startedAt);
  const { progress, status } = run;
  return (
    <div className="wb-running" aria-busy="true">
      <div className="wb-skel" aria-hidden="true">
        {Array.from({ length: 8 }, (_, row) => (
          <span key={row}>
            {Array.from({ length: 5 }, (_, column) => (
              <s key={column} />
            ))}
          </span>
        ))}
      </div>
      <div className="wb-runline">
        <span>
          {progress
            ? `Read ${bytes(progress.scanned_bytes)}${status?.estimate ? ` of ${bytes(status.estimate.bytes)}` : ""}`
            : status?.estimate
              ? `Reading ${bytes(status.estimate.bytes)}`
              : "Planning"}
        </span>
        <progress aria-label="Progress" max={1} value={progress?.fraction ?? 0} />
        <span>{(elapsed / 1000).toFixed(1)} s</span>
        <button type="button" className="wb-ctl sm" onClick={onStop}>
          <Square size={12} />
          Stop
        </button>
      </div>
    </div>
  );
}

const empty = (value: unknown) => value === null || value === undefined;

/** The rows of the result in the order of one of its columns; nulls last. */
function sortedOrder(pages: ResultPages, summaries: ReturnType<typeof summarize>, sort: Sort): Uint32Array {
  const type = summaries[sort.column]?.type;
  const order = Uint32Array.from({ length: pages.rows }, (_, row) => row);
  if (!type) return order;
  const direction = sort.descending ? -1 : 1;
  return order.sort((a, b) => {
    const [x, y] = [pages.cell(a, sort.column), pages.cell(b, sort.column)];
    if (empty(x) || empty(y)) return Number(empty(x)) - Number(empty(y)) || a - b;
    return direction * compareCells(x, y, type) || a - b;
  });
}

function Rows({ run, pages, onOpen }: { run: Run; pages: ResultPages; onOpen: (sql: string) => void }) {
  const status = run.status as NonNullable<Run["status"]>;
  const [summaries, widths, columns] = useMemo(() => {
    const page = pages.first();
    const summaries = page ? summarize(page) : [];
    const columns = status.columns ?? summaries.map((summary) => ({ name: summary.name, type: summary.type.kind }));
    return [
      summaries,
      summaries.map((summary, index) => (page ? naturalWidth(summary, page, index, columns[index]?.type ?? "") : 120)),
      columns,
    ];
  }, [pages, status.columns]);

  const [sort, setSort] = useState<Sort | null>(null);
  const [order, setOrder] = useState<Uint32Array | null>(null);
  const [refused, setRefused] = useState<Sort | null>(null);
  const [selection, setSelection] = useState<Selection | null>(null);
  const [viewed, setViewed] = useState<Cell | null>(null);
  const [finding, setFinding] = useState(false);
  const [find, setFind] = useState("");
  const [said, setSaid] = useState("");

  useEffect(() => {
    if (said === "") return;
    const timer = setTimeout(() => setSaid(""), 4000);
    return () => clearTimeout(timer);
  }, [said]);

  const changeSort = async (column: number) => {
    const next =
      sort?.column !== column ? { column, descending: false } : sort.descending ? null : { column, descending: true };
    if (next && !pages.canComplete) return setRefused(next);
    if (next) await pages.loadAll();
    setSort(next);
    setOrder(next ? sortedOrder(pages, summaries, next) : null);
  };

  const copy = async (withHeader: boolean) => {
    const bounds = selection
      ? selectionBounds(selection)
      : { top: 0, bottom: pages.rows - 1, left: 0, right: columns.length - 1 };
    const rows = bounds.bottom - bounds.top + 1;
    if (rows > COPY_ROWS) return setSaid(`${count(rows)} rows are too many to copy. Download them instead.`);
    const wanted = Array.from({ length: columns.length }, (_, index) => index).filter(
      (index) => index >= bounds.left && index <= bounds.right,
    );
    const single = rows === 1 && wanted.length === 1 && selection !== null && !withHeader;
    let text: string;
    if (single) {
      const source = order?.[bounds.top] ?? bounds.top;
      const type = summaries[bounds.left]?.type;
      text = (type && exactText(pages.cell(source, bounds.left), type)) ?? "";
    } else if (order) {
      const page = pages.view();
      text = delimited(page, order.subarray(bounds.top, bounds.bottom + 1), {
        separator: "\t",
        header: true,
        columns: wanted,
      });
    } else {
      const page = await pages.read(bounds.top, rows);
      text = delimited(
        page,
        Array.from({ length: page.rows }, (_, row) => row),
        { separator: "\t", header: true, columns: wanted },
      );
    }
    if (!(await toClipboard(text))) return setSaid(NO_CLIPBOARD);
    setSaid(single ? "Copied" : `Copied ${plural(rows, "row", "rows")} with headers`);
  };

  const needle = find.trim().toLowerCase();
  if (pages.rows === 0) return <EmptyResult columns={columns} />;
  const failed = pages.error;
  return (
    <>
      <div className="wb-actions">
        <span className="wb-mut" role="status">
          {said}
        </span>
        <button
          type="button"
          className="wb-ib sm"
          aria-label="Find in the loaded rows"
          title="Find in the loaded rows"
          aria-expanded={finding}
          onClick={() => setFinding(!finding)}
        >
          <Search size={16} strokeWidth={1.75} />
        </button>
        <button
          type="button"
          className="wb-ib sm"
          aria-label="Copy with headers"
          title={selection ? "Copy the selection with headers" : "Copy all rows with headers"}
          onClick={() => void copy(true)}
        >
          <Copy size={16} strokeWidth={1.75} />
        </button>
        <DropdownMenu.Root modal={false}>
          <DropdownMenu.Trigger className="wb-ctl sm">
            <Download size={14} />
            Download
          </DropdownMenu.Trigger>
          <DropdownMenu.Portal>
            <DropdownMenu.Content className="wb-menu" align="end" sideOffset={4}>
              {RESULT_FORMATS.map(({ format, label }) => (
                <DropdownMenu.Item key={format} asChild className="wb-item">
                  <a href={resultUrl(status.id, format)} download={`result.${format}`}>
                    {label}
                    <span className="wb-mut">.{format}</span>
                  </a>
                </DropdownMenu.Item>
              ))}
            </DropdownMenu.Content>
          </DropdownMenu.Portal>
        </DropdownMenu.Root>
      </div>
      {finding ? (
        <FindBar
          pages={pages}
          order={order}
          needle={needle}
          find={find}
          onFind={setFind}
          selection={selection}
          onSelect={setSelection}
          onClose={() => setFinding(false)}
          summaries={summaries}
        />
      ) : null}
      {status.truncated ? (
        <p className="wb-banner">
          <ListEnd size={14} />
          <span>
            Only the first {count(pages.rows)} rows: the server’s limit for one result. Narrow the statement, or
            aggregate.
          </span>
        </p>
      ) : null}
      {refused ? (
        <p className="wb-banner">
          <ListEnd size={14} />
          <span>Sorting needs all {count(pages.rows)} rows here, which is too many for the browser.</span>
          <button
            type="button"
            onClick={() => {
              onOpen(orderedBy(run.statement.sql, columns[refused.column]?.name ?? "", refused.descending));
              setRefused(null);
            }}
          >
            Let the engine sort, in a new tab
          </button>
          <button type="button" aria-label="Dismiss" onClick={() => setRefused(null)}>
            <X size={14} />
          </button>
        </p>
      ) : null}
      {failed ? (
        <p className="wb-banner">
          <span>Some rows did not arrive. {failed.message}</span>
          <button type="button" onClick={() => pages.retry()}>
            Try again
          </button>
        </p>
      ) : null}
      <ResultGrid
        pages={pages}
        columns={columns}
        summaries={summaries}
        naturalWidths={widths}
        order={order}
        sort={sort}
        selection={selection}
        find={finding ? needle : ""}
        onSelect={setSelection}
        onSort={(column) => void changeSort(column)}
        onCopy={() => void copy(false)}
        onOpen={setViewed}
      />
      {viewed ? (
        <CellViewer
          name={columns[viewed.column]?.name ?? ""}
          typeName={columns[viewed.column]?.type ?? ""}
          row={viewed.row}
          raw={pages.cell(order?.[viewed.row] ?? viewed.row, viewed.column)}
          type={summaries[viewed.column]?.type ?? { kind: "text", scale: 0, zone: null, children: [] }}
          onClose={() => setViewed(null)}
        />
      ) : null}
    </>
  );
}

/** The same rows, ordered by the engine. The statement stays as it was, so that its author sees what was added. */
export function orderedBy(sql: string, column: string, descending: boolean): string {
  return `select *\nfrom (\n${sql.replace(/^/gm, "  ")}\n)\norder by ${quoteName(column)}${descending ? " desc" : ""}`;
}

function EmptyResult({ columns }: { columns: { name: string; type: string }[] }) {
  return (
    <div className="wb-msg">
      <h2>No rows</h2>
      <p>The statement ran and found nothing. A filter may be too narrow, or a date outside the data.</p>
      <p className="wb-mut">Columns: {columns.map((column) => column.name).join(", ")}</p>
    </div>
  );
}

interface FindProps {
  pages: ResultPages;
  order: Uint32Array | null;
  needle: string;
  find: string;
  onFind: (text: string) => void;
  selection: Selection | null;
  onSelect: (selection: Selection) => void;
  onClose: () => void;
  summaries: ReturnType<typeof summarize>;
}

/** Looks through the rows that are loaded, and says how many those are. */
function FindBar({ pages, order, needle, find, onFind, selection, onSelect, onClose, summaries }: FindProps) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const hits = useMemo(() => {
    const found: Cell[] = [];
    if (needle === "") return found;
    const place = order ? new Map([...order].map((source, shown) => [source, shown])) : null;
    for (const source of pages.loaded()) {
      summaries.forEach((summary, column) => {
        if (exactText(pages.cell(source, column), summary.type)?.toLowerCase().includes(needle))
          found.push({ row: place?.get(source) ?? source, column });
      });
    }
    return found.sort((a, b) => a.row - b.row || a.column - b.column);
  }, [needle, order, pages, summaries]);
  const go = (step: 1 | -1) => {
    const at = selection?.focus ?? { row: -1, column: -1 };
    const after = (cell: Cell) => cell.row > at.row || (cell.row === at.row && cell.column > at.column);
    const before = (cell: Cell) => cell.row < at.row || (cell.row === at.row && cell.column < at.column);
    const next = step === 1 ? (hits.find(after) ?? hits[0]) : (hits.findLast(before) ?? hits.at(-1));
    if (next) onSelect({ anchor: next, focus: next });
  };
  return (
    <div className="wb-findbar" role="search">
      <label className="wb-find">
        <Search size={14} />
        <input
          ref={field}
          value={find}
          aria-label="Find in the loaded rows"
          placeholder="Find in the loaded rows"
          onChange={(event) => onFind(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter") go(event.shiftKey ? -1 : 1);
            if (event.key === "Escape") onClose();
          }}
        />
      </label>
      <span className="wb-mut" role="status">
        {needle === ""
          ? ""
          : `${plural(hits.length, "cell", "cells")} in ${pages.complete ? "all" : "the"} ${count(pages.loadedRows)} ${pages.complete ? "" : "loaded of "}${pages.complete ? "" : count(pages.rows)} rows`}
      </span>
      <button
        type="button"
        className="wb-ib sm"
        aria-label="Previous"
        title="Previous, Shift Enter"
        disabled={hits.length === 0}
        onClick={() => go(-1)}
      >
        <ChevronUp size={16} />
      </button>
      <button
        type="button"
        className="wb-ib sm"
        aria-label="Next"
        title="Next, Enter"
        disabled={hits.length === 0}
        onClick={() => go(1)}
      >
        <ChevronDown size={16} />
      </button>
      <button type="button" className="wb-ib sm" aria-label="Close" title="Close" onClick={onClose}>
        <X size={16} />
      </button>
    </div>
  );
}
