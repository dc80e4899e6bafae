import type { Column, Row } from "./spec";

/** A ringed point under the crosshair, in per cent of the plot. */
export interface Point {
  x: number;
  y: number;
  c: string;
}
export interface TipRow {
  key?: string;
  name: string;
  value: string;
  strong?: boolean;
}
export interface Tip {
  title: string;
  unit?: string;
  rows: TipRow[];
  /** One comparison: words and figure. */
  against?: [string, string];
}
/** What the pointer and the arrow keys can reach; positions in per cent of the plot, from its top left. */
export interface Interact {
  count: number;
  /** Columns of a grid of marks: then up and down move by this many. */
  columns?: number;
  /** The mark nearest to a place in the plot (fractions), or -1. */
  at: (x: number, y: number) => number;
  place: (i: number) => { x: number; y: number; crosshair: boolean; points: Point[]; tag?: string };
  tip: (i: number) => Tip;
  /** The row behind a mark, or -1. */
  row: (i: number) => number;
}
export interface Drawing {
  html: string;
  /** Markup of the legend for the tile's head; empty where the marks are named in place. */
  legend: string;
  /** The legend below a tile too narrow for names in place; `legend` when absent. */
  below?: string;
  /** One sentence that says what the picture shows. */
  text: string;
  interact?: Interact;
}
export interface View {
  sort?: { column: string; descending: boolean };
  all?: boolean;
}
export interface DrawOptions {
  id: string;
  /** Px the plot is expected to get; decides tick counts and the distance of labels, never sizes. */
  width: number;
  height: number;
  unit?: string;
  view?: View;
  /** Where a mark leads without a script; with one, the click is taken over. */
  href?: (row: number) => string | undefined;
}
export interface Source {
  columns: readonly Column[];
  rows: readonly Row[];
}
