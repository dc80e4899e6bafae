import { Copy, Download, ListEnd, Search, X } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { resultUrl } from "@/api/result-url";
import { useModKey } from "@/lib/hotkeys";
import { sqlName } from "@/lib/sql-text";
import { RESULT_FORMATS } from "../api";
import { bytes, count, plural } from "../format";
import { compareCells, exactText } from "../result/cells";
import { CellViewer } from "../result/cell-viewer";
import { delimited, NO_CLIPBOARD, toClipboard } from "../result/clipboard";
import type { Sort } from "../result/column-head";
import type { ResultPages } from "../result/pages";
import { ResultGrid, selectionBounds, type Cell, type Selection } from "../result/result-grid";
import { naturalWidth, summarize, type ColumnSummary } from "../result/summary";
import type { Run } from "../use-executions";
import { FindBar } from "./find-bar";
import { ProblemMessage } from "./problem";
import { RunningPane } from "./running";

/** Rows that one copy may hold; more belongs in a download. */
const COPY_ROWS = 50_000;

interface Props {
  run: Run | undefined;
  /** What a file of the rows is called. */
  name: string;
  onStop: () => void;
  onReveal: (offset: number) => void;
  /** Opens a statement in a new tab. */
  onOpen: (sql: string) => void;
}

export function ResultsPane({ run, name, onStop, onReveal, onOpen }: Props) {
  const mod = useModKey();
  if (run === undefined)
    return (
      <p className="wb-nores">
        Nothing has run yet. <kbd>{mod}↵</kbd> runs the statement under the cursor.
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
  return <Rows key={run.status.id} run={run} name={name} pages={run.pages} onOpen={onOpen} />;
}

const empty = (value: unknown) => value === null || value === undefined;

/** The rows of the result in the order of one of its columns; nulls last. */
function sortedOrder(pages: ResultPages, summaries: ColumnSummary[], sort: Sort): Uint32Array {
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

function Rows({
  run,
  name,
  pages,
  onOpen,
}: {
  run: Run;
  name: string;
  pages: ResultPages;
  onOpen: (sql: string) => void;
}) {
  const status = run.status as NonNullable<Run["status"]>;
  // What is said of the rows changes as pages arrive, or fail to.
  useSyncExternalStore(pages.subscribe, pages.snapshot, pages.snapshot);
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
    // What did not come is told above the rows; an order of the others would be none of the result.
    if (next && !pages.complete) return;
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
              {RESULT_FORMATS.map(({ format, label, safe }) => (
                <DropdownMenu.Item key={label} asChild className="wb-item">
                  <a href={resultUrl(status.id, format, { name, safe })} download={`${name}.${format}`}>
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
  return `select *\nfrom (\n${sql.replace(/^/gm, "  ")}\n)\norder by ${sqlName(column)}${descending ? " desc" : ""}`;
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
