import { tokenize } from "./lexer";

/** Ends in, or begins with, what a name would run together with, or look as if it did. */
const BEFORE = /[\p{L}\p{N}_$"'`)\]}*,;]$/u;
const AFTER = /^[\p{L}\p{N}_$"'`({]/u;

/**
 * Where a name goes in a text, and with which spaces. It takes the place of a word that is selected; more than that stays,
 * and the name goes behind it.
 */
export function insertion(text: string, selection: { from: number; to: number }, name: string) {
  const { from, to } = isWord(text.slice(selection.from, selection.to))
    ? selection
    : { from: selection.to, to: selection.to };
  const around = tokenize(text).find((token) => token.from < from && to < token.to);
  if (around?.kind === "quoted") return { from, to, insert: name.replace(/^"(.*)"$/s, "$1") };
  if (around?.kind === "string") return { from, to, insert: name };
  const before = BEFORE.test(text.slice(0, from)) ? " " : "";
  const after = AFTER.test(text.slice(to)) ? " " : "";
  return { from, to, insert: before + name + after };
}

function isWord(selected: string): boolean {
  const [token, ...more] = tokenize(selected);
  return more.length === 0 && (token?.kind === "word" || token?.kind === "quoted");
}
