/**
 * A small tokenizer for the SQL people type: Trino's quoting rules plus our
 * `{{name}}` parameters and `[[ … ]]` optional clauses. It never fails: text
 * that is unfinished (an open string, an open comment) ends with the input,
 * because most of the time someone is in the middle of typing.
 */
export type TokenKind =
  "word" | "quoted" | "string" | "number" | "comment" | "parameter" | "open" | "close" | "punctuation";

export interface Token {
  kind: TokenKind;
  /** Offsets in the text, end exclusive. */
  from: number;
  to: number;
  text: string;
}

const WORD = /[\p{L}_$][\p{L}\p{N}_$]*/uy;
const NUMBER = /(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?/y;
const PARAMETER = /\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}/y;
const SPACE = /\s+/y;

function matchAt(pattern: RegExp, text: string, at: number): string | null {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? null;
}

/** Where a quoted run that starts at `at` ends; a doubled quote stays inside. */
function quotedEnd(text: string, at: number, quote: string): number {
  let i = at + 1;
  while (i < text.length) {
    if (text[i] === quote) {
      if (text[i + 1] !== quote) return i + 1;
      i += 1;
    }
    i += 1;
  }
  return text.length;
}

function endAfter(text: string, needle: string, at: number): number {
  const found = text.indexOf(needle, at);
  return found < 0 ? text.length : found + needle.length;
}

function tokenAt(text: string, at: number): [TokenKind, number] {
  const two = text.slice(at, at + 2);
  const one = two[0] as string;
  if (two === "--") {
    const end = text.indexOf("\n", at);
    return ["comment", end < 0 ? text.length : end];
  }
  if (two === "/*") return ["comment", endAfter(text, "*/", at + 2)];
  if (two === "[[") return ["open", at + 2];
  if (two === "]]") return ["close", at + 2];
  if (one === "'") return ["string", quotedEnd(text, at, "'")];
  if (one === '"' || one === "`") return ["quoted", quotedEnd(text, at, one)];
  const parameter = matchAt(PARAMETER, text, at);
  if (parameter !== null) return ["parameter", at + parameter.length];
  const number = matchAt(NUMBER, text, at);
  if (number !== null) return ["number", at + number.length];
  const word = matchAt(WORD, text, at);
  if (word !== null) return ["word", at + word.length];
  return ["punctuation", at + 1];
}

export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const space = matchAt(SPACE, text, at);
    if (space !== null) {
      at += space.length;
      continue;
    }
    const [kind, to] = tokenAt(text, at);
    tokens.push({ kind, from: at, to, text: text.slice(at, to) });
    at = to;
  }
  return tokens;
}

/** The name inside a `parameter` token. */
export function parameterName(token: Token): string {
  return token.text.slice(2, -2).trim();
}
