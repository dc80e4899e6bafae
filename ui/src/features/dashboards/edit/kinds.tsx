import type { ChartDefinition } from "@/api/types";
import type { ChartType } from "@/viz";

/** A small picture of each chart type. */
const GLYPHS: Record<ChartType, string> = {
  line: '<path class="gl" d="M3 22l9-8 8 5 9-11 8 4"/>',
  area: '<path class="ga" d="M3 25V18l9-6 8 4 9-9 8 5v13z"/><path class="gl" d="M3 18l9-6 8 4 9-9 8 5"/>',
  bar: '<path class="gb" d="M5 25v-9h5v9zM14 25V8h5v17zM23 25V13h5v12zM32 25V5h5v20z"/>',
  fan: '<path class="ga" d="M3 18L37 3v24z"/><path class="gl" d="M3 18L37 13"/>',
  scatter: '<path class="gp" d="M8 20h0M15 15h0M20 19h0M25 10h0M32 7h0M30 15h0"/>',
  heatmap:
    '<path class="gm" d="M4 5h7v6H4zM22 12h7v6h-7zM13 19h7v6h-7zM31 5h6v6h-6z"/><path class="gb" d="M13 5h7v6h-7zM4 12h7v6H4zM31 19h6v6h-6z"/><path class="ga" d="M22 5h7v6h-7zM13 12h7v6h-7zM31 12h6v6h-6zM4 19h7v6H4zM22 19h7v6h-7z"/>',
  map: '<path class="ga" d="M4 7l10-3 8 4 14-3v17l-12 4-9-4-11 3z"/><path class="gb" d="M14 4l8 4-1 9-7 1z"/>',
  number: '<text x="20" y="21" text-anchor="middle" class="gt">42</text>',
  table: '<path class="gm" d="M4 5h32v4H4z"/><path class="gr" d="M4 14h32M4 19h32M4 24h32"/>',
  ranked:
    '<path class="gm" d="M4 5h10v4H4zM4 13h10v4H4zM4 21h10v4H4z"/><path class="gb" d="M17 5h19v4H17zM17 13h13v4H17zM17 21h8v4h-8z"/>',
  capacity:
    '<path class="gb" d="M5 25V10h5v15zM14 25V12h5v13zM23 25V15h5v10zM32 25V19h5v6z"/><path class="gr" d="M3 8h34"/>',
};

export const Glyph = ({ type }: { type: ChartType }) => (
  <svg
    width="40"
    height="30"
    viewBox="0 0 40 30"
    aria-hidden="true"
    dangerouslySetInnerHTML={{ __html: GLYPHS[type] }}
  />
);

export interface Field {
  key: string;
  label: string;
  /** A list of columns. */
  many?: boolean;
  optional?: boolean;
  /** Not needed beside this setting. */
  unless?: string;
  /** Which columns come first in the choice. */
  wants: "number" | "time" | "word" | "any";
}

/** The encodings a person chooses, by type; the rest of a specification is in its JSON. */
export const FIELDS: Record<ChartType, Field[]> = {
  line: [
    { key: "x", label: "Across", wants: "time" },
    { key: "y", label: "Values", wants: "number", many: true },
    { key: "series", label: "One line per", wants: "word", optional: true },
  ],
  area: [
    { key: "x", label: "Across", wants: "time" },
    { key: "y", label: "Values", wants: "number", many: true },
    { key: "series", label: "One area per", wants: "word", optional: true },
  ],
  bar: [
    { key: "x", label: "Bars for", wants: "word" },
    { key: "y", label: "Values", wants: "number", many: true },
    { key: "series", label: "Split by", wants: "word", optional: true },
  ],
  fan: [
    { key: "x", label: "Across", wants: "time" },
    { key: "low", label: "Low quantile", wants: "number" },
    { key: "median", label: "Median", wants: "number" },
    { key: "high", label: "High quantile", wants: "number" },
  ],
  scatter: [
    { key: "x", label: "Across", wants: "number" },
    { key: "y", label: "Up", wants: "number" },
    { key: "series", label: "Colour", wants: "word", optional: true },
    { key: "label", label: "Name", wants: "word", optional: true },
  ],
  heatmap: [
    { key: "y", label: "Rows", wants: "word" },
    { key: "x", label: "Columns", wants: "word", unless: "columns" },
    { key: "value", label: "Value", wants: "number", unless: "columns" },
    { key: "group", label: "Group rows by", wants: "word", optional: true },
  ],
  map: [
    { key: "state", label: "State", wants: "word" },
    { key: "value", label: "Value", wants: "number" },
  ],
  number: [
    { key: "value", label: "Value", wants: "number" },
    { key: "low", label: "Range from", wants: "number", optional: true },
    { key: "high", label: "Range to", wants: "number", optional: true },
  ],
  table: [],
  ranked: [
    { key: "label", label: "Name", wants: "word" },
    { key: "value", label: "Value", wants: "number" },
    { key: "detail", label: "Details", wants: "any", many: true, optional: true },
  ],
  capacity: [
    { key: "label", label: "Name", wants: "word" },
    { key: "load", label: "Load, 1 is the limit", wants: "number" },
  ],
};

/** The fields of a stored chart; none where its type is not known. */
export const fieldsOf = ({ type }: ChartDefinition): Field[] => (FIELDS as Record<string, Field[]>)[type] ?? [];

/** Whether a chart can't be drawn without a column for the field. */
export const isNeeded = ({ optional, unless }: Field, chart: ChartDefinition): boolean =>
  !optional && (unless === undefined || chart[unless] === undefined);
