import advances from "./advances.json";

type Table = { words: number[]; figures: Record<string, number> };
const tables = advances as unknown as Record<"400" | "600", Table>;

/** Width in px of a label set in Inter with tabular figures; characters outside ASCII count as 0.62 em. */
export function textWidth(text: string, size = 11, weight: 400 | 600 = 400): number {
  const { words, figures } = tables[weight];
  let sum = 0;
  for (const c of text) sum += figures[c] ?? words[c.charCodeAt(0) - 32] ?? 620;
  return (sum * size) / 1000;
}
/** Shortens to a width, with an ellipsis at a word's end where there is one. */
export function fit(text: string, width: number, size = 11): string {
  if (textWidth(text, size) <= width) return text;
  let end = text.length;
  while (end > 1 && textWidth(`${text.slice(0, end)}…`, size) > width) end--;
  return `${text.slice(0, end).trimEnd()}…`;
}
