import { useLayoutEffect, useState, type RefObject } from "react";

/**
 * Browsers cap the height of an element (Firefox at 17.8 million pixels). A
 * longer result scrolls in a shorter strip in which each pixel stands for more
 * than one; rows keep their height.
 */
const TALLEST = 12_000_000;
const OVERSCAN = 6;

export interface RowWindow {
  /** First and last row to draw, inclusive; last < first when there are none. */
  first: number;
  last: number;
  /** Height of the strip that scrolls. */
  height: number;
  /** Where in the strip the first drawn row stands. */
  offset: number;
  scrollTo(row: number): void;
  /** Pixels of the scroller's inside. */
  width: number;
  /** Whole rows that fit. */
  page: number;
}

/** The rows of a scroller in view, for rows of one height. */
export function useRowWindow(
  scroller: RefObject<HTMLElement | null>,
  rows: number,
  rowHeight: number,
  headHeight: number,
): RowWindow {
  const [view, setView] = useState({ top: 0, height: 0, width: 0 });
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const read = () => setView({ top: element.scrollTop, height: element.clientHeight, width: element.clientWidth });
    const observer = new ResizeObserver(read);
    observer.observe(element);
    element.addEventListener("scroll", read, { passive: true });
    read();
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", read);
    };
  }, [scroller]);

  const full = rows * rowHeight;
  const height = Math.min(full, TALLEST);
  const body = Math.max(0, view.height - headHeight);
  // The end of the strip must show the last row, so the ratio is that of what can be scrolled.
  const ratio = height > body && full > height ? (full - body) / (height - body) : 1;
  const position = view.top * ratio;
  const visible = Math.floor(position / rowHeight);
  const first = Math.max(0, visible - OVERSCAN);
  const last = Math.min(rows - 1, visible + Math.ceil(body / rowHeight) + OVERSCAN);
  return {
    first,
    last,
    height,
    offset: view.top - (position - first * rowHeight),
    width: view.width,
    page: Math.max(1, Math.floor(body / rowHeight)),
    scrollTo: (row) => {
      const top = row * rowHeight;
      if (top < position) scroller.current?.scrollTo({ top: top / ratio });
      else if (top + rowHeight > position + body) scroller.current?.scrollTo({ top: (top + rowHeight - body) / ratio });
    },
  };
}
