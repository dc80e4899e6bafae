import { ArrowDown, ArrowUp } from "lucide-react";
import { useRef, type KeyboardEvent, type PointerEvent } from "react";
import { count } from "../format";
import { isNumeric } from "./cells";
import type { ColumnSummary } from "./summary";

export interface Sort {
  column: number;
  descending: boolean;
}

interface Props {
  index: number;
  summary: ColumnSummary;
  typeName: string;
  width: number;
  left: number;
  sort: Sort | null;
  /** Shown counts are of the first rows only. */
  partial: boolean;
  onSort: () => void;
  onResize: (width: number) => void;
}

export function ColumnHead({ index, summary, typeName, width, left, sort, partial, onSort, onResize }: Props) {
  const sorted = sort?.column === index ? sort : null;
  const drag = useRef<{ x: number; width: number } | null>(null);
  const right = isNumeric(summary.type);
  const grip = {
    onPointerDown: (event: PointerEvent<HTMLElement>) => {
      event.preventDefault();
      event.currentTarget.setPointerCapture(event.pointerId);
      drag.current = { x: event.clientX, width };
    },
    onPointerMove: (event: PointerEvent<HTMLElement>) =>
      drag.current && onResize(drag.current.width + event.clientX - drag.current.x),
    onPointerUp: () => {
      drag.current = null;
    },
    onKeyDown: (event: KeyboardEvent<HTMLElement>) => {
      if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
      event.preventDefault();
      event.stopPropagation();
      onResize(width + (event.key === "ArrowRight" ? 16 : -16));
    },
  };
  return (
    <div
      role="columnheader"
      aria-colindex={index + 2}
      aria-sort={sorted ? (sorted.descending ? "descending" : "ascending") : undefined}
      className={right ? "wb-th r" : "wb-th"}
      style={{ width, transform: `translateX(${left}px)` }}
    >
      <button type="button" className="wb-ch" onClick={onSort} title={`Sort by ${summary.name}, ${typeName}`}>
        {sorted ? sorted.descending ? <ArrowDown size={12} /> : <ArrowUp size={12} /> : null}
        <span className="n">{summary.name}</span>
        <span className="t">{typeName}</span>
      </button>
      <Shape summary={summary} width={width - 24} />
      <div className="wb-cm2" title={partial ? `Of the first ${count(summary.rows)} rows` : undefined}>
        {summary.bins ? (
          <>
            <span>{summary.low}</span>
            <span>{summary.nulls > 0 ? `${count(summary.nulls)} null` : summary.high}</span>
          </>
        ) : (
          <>
            <span>{count(summary.distinct)} distinct</span>
            <span>{count(summary.nulls)} null</span>
          </>
        )}
      </div>
      {/* The grip can be reached by keyboard: left and right change the width. */}
      <div
        role="separator"
        aria-orientation="vertical"
        aria-label={`Width of ${summary.name}`}
        aria-valuenow={width}
        aria-valuemin={56}
        aria-valuemax={1200}
        tabIndex={0}
        className="wb-grip"
        {...grip}
      />
    </div>
  );
}

const HEIGHT = 24;

function Shape({ summary, width }: { summary: ColumnSummary; width: number }) {
  const { bins, categories } = summary;
  if (bins) {
    const most = Math.max(...bins);
    const step = width / bins.length;
    return (
      <svg className="wb-shape" width={width} height={HEIGHT} aria-hidden="true">
        {bins.map((value, bin) =>
          value === 0 ? null : (
            <rect
              key={bin}
              x={bin * step}
              width={Math.max(1, step - 1)}
              y={HEIGHT - Math.max(1, (value / most) * HEIGHT)}
              height={Math.max(1, (value / most) * HEIGHT)}
              className="wb-bin"
            />
          ),
        )}
      </svg>
    );
  }
  const total = categories?.reduce((sum, value) => sum + value, 0) ?? 0;
  const before = (rank: number) => (categories ?? []).slice(0, rank).reduce((sum, value) => sum + value, 0);
  return (
    <svg className="wb-shape" width={width} height={HEIGHT} aria-hidden="true">
      {(categories ?? []).map((value, rank) => {
        return (
          <rect
            key={rank}
            x={(before(rank) / total) * width}
            width={Math.max(0.5, (value / total) * width - 1)}
            y={HEIGHT - 10}
            height={10}
            className={`wb-strip o${Math.min(rank, 5)}`}
          />
        );
      })}
    </svg>
  );
}
