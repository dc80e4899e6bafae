import advances from "./advances.json";

type Table = { words: number[]; figures: Record<string, number> };
/** Tabular figures and what stands beside them have their own widths. */
const table = ({ words, figures }: Table) => ({
  ascii: words.map((width, i) => figures[String.fromCharCode(32 + i)] ?? width),
  figures,
});
const tables = { 400: table(advances["400"]), 600: table(advances["600"]) };

/** Width in px of a label set in Inter with tabular figures; characters outside ASCII count as 0.62 em. */
export function textWidth(text: string, size = 11, weight: 400 | 600 = 400): number {
  const { ascii, figures } = tables[weight];
  let sum = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    // The second half of a character outside the basic plane takes no room of its own.
    if (code < 0xdc00 || code > 0xdfff) sum += ascii[code - 32] ?? figures[text.charAt(i)] ?? 620;
  }
  return (sum * size) / 1000;
}
/** Shortens to a width, with an ellipsis at a word's end where there is one. */
export function fit(text: string, width: number, size = 11): string {
  if (textWidth(text, size) <= width) return text;
  let end = text.length;
  while (end > 1 && textWidth(`${text.slice(0, end)}…`, size) > width) end--;
  return `${text.slice(0, end).trimEnd()}…`;
}
