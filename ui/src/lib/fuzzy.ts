/** Where a query stands in a text, case aside: the start of the match, or -1. Matches at a word's start rank first. */
export function find(text: string, query: string): { at: number; rank: number } | null {
  const at = text.toLowerCase().indexOf(query.toLowerCase());
  if (at < 0) return null;
  const wordStart = at === 0 || /[^\p{L}\p{N}]/u.test(text[at - 1] ?? "");
  return { at, rank: at === 0 ? 0 : wordStart ? 1 : 2 };
}
