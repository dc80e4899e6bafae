import type { Column, ChartSpec, Row } from "./spec";

export interface ChartProps {
  spec: ChartSpec | unknown;
  columns: readonly Column[];
  rows: readonly Row[];
  /** Names the picture for those who do not see it. */
  title?: string;
  /** Px; without it the chart fills its container. */
  height?: number;
  /** Stable id for references inside the drawing. */
  id?: string;
  /** A click or Enter on a mark: the row behind it. */
  onPick?: (row: Row, index: number) => void;
  /** What a click does, said in the tooltip. */
  pickHint?: string;
  /** Shows the data as a table instead of the drawing. */
  asTable?: boolean;
}

export function Chart(props: ChartProps) {
  return <figure data-chart={String((props.spec as { type?: unknown }).type)} />;
}
