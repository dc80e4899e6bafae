import { useCallback, useState } from "react";

const NARROWEST = 56;

/**
 * Widths of a result's columns. Those that nobody has set share what is left of
 * `room`; what the person has set stays for the same list of columns.
 */
export function useColumnWidths(natural: number[], room: number) {
  const [chosen, setChosen] = useState<Record<number, number>>({});
  const resize = useCallback(
    (index: number, width: number) => setChosen((old) => ({ ...old, [index]: Math.max(NARROWEST, Math.round(width)) })),
    [],
  );
  const spare = room - natural.reduce((sum, width, index) => sum + (chosen[index] ?? width), 0);
  const free = natural.filter((_, index) => chosen[index] === undefined).reduce((sum, width) => sum + width, 0);
  const stretch = spare > 0 && free > 0 ? Math.min(2, 1 + spare / free) : 1;
  return { widths: natural.map((width, index) => chosen[index] ?? Math.floor(width * stretch)), resize };
}
