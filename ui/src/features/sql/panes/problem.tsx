import { CircleAlert, Lock } from "lucide-react";
import type { ApiError } from "@/api/error";
import { offsetOf } from "../text/statements";

interface Props {
  error: ApiError;
  sql: string;
  onReveal: ((offset: number) => void) | null;
}

/** Where the error is, as a range of the statement: to the end of the word that stands there. */
export function errorRange(sql: string, position: { line: number; column: number }): { from: number; to: number } {
  const from = Math.min(offsetOf(sql, 0, position.line, position.column), Math.max(0, sql.length - 1));
  const word = /^(?:\{\{[^}]*\}\}|"[^"]*"|'[^']*'|[\p{L}\p{N}_$]+|.)/u.exec(sql.slice(from))?.[0].length ?? 1;
  return { from, to: from + word };
}

/** A failed statement: what is wrong, where, and one thing to do. */
export function ProblemMessage({ error, sql, onReveal }: Props) {
  const forbidden = error.status === 403;
  const { position } = error;
  const range = position ? errorRange(sql, position) : null;
  const lineStart = range ? sql.lastIndexOf("\n", range.from - 1) + 1 : 0;
  const lineEnd = range ? (sql.indexOf("\n", range.from) < 0 ? sql.length : sql.indexOf("\n", range.from)) : 0;
  return (
    <div className={forbidden ? "wb-msg" : "wb-msg err"} role="alert">
      <h2>
        {forbidden ? <Lock size={16} /> : <CircleAlert size={16} />}
        {error.problem.title}
      </h2>
      <p>{error.message}</p>
      {error.hint ? <p>{error.hint}</p> : null}
      {range && position ? (
        <pre>
          <span className="wb-mut">{position.line} </span>
          {sql.slice(lineStart, range.from)}
          <u>{sql.slice(range.from, Math.min(range.to, lineEnd))}</u>
          {sql.slice(Math.min(range.to, lineEnd), lineEnd)}
        </pre>
      ) : null}
      <p className="wb-mut code">{error.code}</p>
      {range && onReveal ? (
        <div className="acts">
          <button type="button" className="wb-ctl" onClick={() => onReveal(range.from)}>
            Go to the place
          </button>
        </div>
      ) : null}
    </div>
  );
}
