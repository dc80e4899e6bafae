import { ChevronDown, ChevronUp, Search, X } from "lucide-react";
import { useEffect, useMemo, useRef } from "react";
import { count, plural } from "../format";
import { exactText } from "../result/cells";
import type { ResultPages } from "../result/pages";
import type { Cell, Selection } from "../result/result-grid";
import type { ColumnSummary } from "../result/summary";

interface FindProps {
  pages: ResultPages;
  order: Uint32Array | null;
  needle: string;
  find: string;
  onFind: (text: string) => void;
  selection: Selection | null;
  onSelect: (selection: Selection) => void;
  onClose: () => void;
  summaries: ColumnSummary[];
}

/** Looks through the rows that are loaded, and says how many those are. */
export function FindBar({ pages, order, needle, find, onFind, selection, onSelect, onClose, summaries }: FindProps) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const loaded = pages.loadedRows;
  const hits = useMemo(() => {
    const found: Cell[] = [];
    if (needle === "" || loaded === 0) return found;
    const place = order ? new Map([...order].map((source, shown) => [source, shown])) : null;
    for (const source of pages.loaded()) {
      summaries.forEach((summary, column) => {
        if (exactText(pages.cell(source, column), summary.type)?.toLowerCase().includes(needle))
          found.push({ row: place?.get(source) ?? source, column });
      });
    }
    return found.sort((a, b) => a.row - b.row || a.column - b.column);
  }, [needle, order, pages, loaded, summaries]);
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
          : `${plural(hits.length, "cell", "cells")} in ${pages.complete ? `all ${count(loaded)}` : `the ${count(loaded)} loaded of ${count(pages.rows)}`} rows`}
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
