import { tokenize } from "./lexer";

export interface Statement {
  /** Offsets of the statement in the text, without surrounding space and without its semicolon. */
  from: number;
  to: number;
  text: string;
}

/** The statements of a text, split at semicolons that are not in strings or comments. Comments alone are no statement. */
export function splitStatements(text: string): Statement[] {
  const statements: Statement[] = [];
  let from: number | null = null;
  let to = 0;
  let hasCode = false;
  const finish = () => {
    if (from !== null && hasCode) statements.push({ from, to, text: text.slice(from, to) });
    from = null;
    hasCode = false;
  };
  for (const token of tokenize(text)) {
    if (token.kind === "punctuation" && token.text === ";") {
      finish();
      continue;
    }
    from ??= token.from;
    to = token.to;
    hasCode ||= token.kind !== "comment";
  }
  finish();
  return statements;
}

/** The statement the cursor is in, or the last one that ends before it, or the first. */
export function statementAt(text: string, position: number): Statement | null {
  const statements = splitStatements(text);
  const inside = statements.find((s) => position >= s.from && position <= s.to);
  if (inside) return inside;
  return statements.findLast((s) => s.to < position) ?? statements[0] ?? null;
}

/** What *Run* means: the selection if it holds anything, else the statement under the cursor. */
export function statementToRun(text: string, selection: { from: number; to: number }): Statement | null {
  const selected = text.slice(selection.from, selection.to);
  if (selected.trim() === "") return statementAt(text, selection.from);
  const inner = splitStatements(selected);
  const [only] = inner;
  if (inner.length === 1 && only) return { ...only, from: only.from + selection.from, to: only.to + selection.from };
  return { from: selection.from, to: selection.to, text: selected };
}

/** Offset of a 1-based line and column in a statement that starts at `from` of `text`. */
export function offsetOf(text: string, from: number, line: number, column: number): number {
  let at = from;
  for (let i = 1; i < line; i += 1) {
    const next = text.indexOf("\n", at);
    if (next < 0) break;
    at = next + 1;
  }
  return Math.min(at + Math.max(0, column - 1), text.length);
}
