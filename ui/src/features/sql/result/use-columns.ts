import { useCallback, useState } from "react";

const NARROWEST = 56;

/** Widths of a result's columns; what the person has set stays for the same list of columns. */
export function useColumnWidths(natural: number[]) {
  const [chosen, setChosen] = useState<Record<number, number>>({});
  const resize = useCallback(
    (index: number, width: number) => setChosen((old) => ({ ...old, [index]: Math.max(NARROWEST, Math.round(width)) })),
    [],
  );
  return { widths: natural.map((width, index) => chosen[index] ?? width), resize };
}
