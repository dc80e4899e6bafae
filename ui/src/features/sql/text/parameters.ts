import { parameterName, tokenize, type Token } from "./lexer";

export type ParameterType = "text" | "number" | "date" | "list";

/** A value as it is sent: a list binds to as many placeholders as it has entries. */
export type ParameterValue = string | number | string[] | null;

export interface Parameter {
  name: string;
  /** What the text around its first use suggests. */
  inferred: ParameterType;
  /** True when every use stands inside `[[ … ]]`, so that it may stay empty. */
  optional: boolean;
}

const DATE_NAME =
  /^(from|to|since|until|start|end|day|date)$|(_date|_day|_from|_to|_since|_until|_start|_end)$|^(date|day|start|end|from|to)_/i;
const NUMBER_NAME =
  /^(n|limit|count|top|min|max|threshold|year|month|hour)$|(_id|_count|_n|_min|_max|_limit|_year)$|^(min|max|n|top|num)_/i;
const COMPARISON = new Set(["=", "<", ">", "<>", "!=", "<=", ">="]);

/** The name compared with the parameter at `index`: `f.business_date >= {{from}}` gives `business_date`. */
function comparedColumn(tokens: Token[], index: number): string | null {
  let i = index - 1;
  const text = (at: number) => tokens[at]?.text.toLowerCase() ?? "";
  if (text(i) === "(") i -= 1;
  if (text(i) === "and") {
    // `x between {{a}} and {{b}}`
    if (tokens[i - 1]?.kind !== "parameter" || text(i - 2) !== "between") return null;
    i -= 3;
  } else if (text(i) === "in" || text(i) === "between" || text(i) === "like") {
    i -= 1;
  } else {
    if (!COMPARISON.has(text(i)) && !/^[<>=!]$/.test(text(i))) return null;
    while (/^[<>=!]$/.test(text(i))) i -= 1;
  }
  if (text(i) === "not") i -= 1;
  const token = tokens[i];
  if (token?.kind === "word") return token.text;
  return token?.kind === "quoted" ? token.text.slice(1, -1) : null;
}

function typeOfColumn(columnType: string | undefined): ParameterType | null {
  if (columnType === undefined) return null;
  if (/^(date|timestamp)/.test(columnType)) return "date";
  if (/^(tinyint|smallint|integer|bigint|real|double|decimal)/.test(columnType)) return "number";
  return "text";
}

function inferType(
  tokens: Token[],
  index: number,
  name: string,
  columnTypes: ReadonlyMap<string, string>,
): ParameterType {
  const before = tokens[index - 1]?.text.toLowerCase() ?? "";
  const beforeThat = tokens[index - 2]?.text.toLowerCase() ?? "";
  if (before === "(" && beforeThat === "in") return "list";
  if (before === "date" || before === "timestamp") return "date";
  if (before === "limit" || before === "offset") return "number";
  const column = comparedColumn(tokens, index);
  const known = column === null ? null : typeOfColumn(columnTypes.get(column.toLowerCase()));
  if (known) return known;
  if (DATE_NAME.test(name) || (column !== null && DATE_NAME.test(column))) return "date";
  return NUMBER_NAME.test(name) ? "number" : "text";
}

/**
 * The `{{name}}` parameters of a text, in the order of their first use.
 * Those in comments and string literals are plain text, on the server as here.
 * @param columnTypes Trino type names by lower-case column name, as far as they are known.
 */
export function scanParameters(text: string, columnTypes: ReadonlyMap<string, string> = new Map()): Parameter[] {
  const tokens = tokenize(text).filter((token) => token.kind !== "comment");
  const found = new Map<string, Parameter>();
  let depth = 0;
  tokens.forEach((token, index) => {
    if (token.kind === "open") depth += 1;
    if (token.kind === "close") depth = Math.max(0, depth - 1);
    if (token.kind !== "parameter") return;
    const name = parameterName(token);
    const known = found.get(name);
    if (known) known.optional &&= depth > 0;
    else found.set(name, { name, inferred: inferType(tokens, index, name, columnTypes), optional: depth > 0 });
  });
  return [...found.values()];
}

/** The column that a parameter is first compared with, as far as the text before it tells. */
export function comparedWith(text: string, name: string): string | null {
  const tokens = tokenize(text).filter((token) => token.kind !== "comment");
  const at = tokens.findIndex((token) => token.kind === "parameter" && parameterName(token) === name);
  return at < 0 ? null : comparedColumn(tokens, at);
}

/** A widget's text as the value that is sent; an empty one is null, so that `[[ … ]]` drops its clause. */
export function parseValue(type: ParameterType, raw: string): ParameterValue {
  const text = raw.trim();
  if (text === "") return null;
  if (type === "number") {
    const value = Number(text.replace(/\u2212/g, "-"));
    // A bigint beyond 2^53 would lose digits as a JSON number; the server reads its text.
    return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value)) ? value : text;
  }
  if (type === "list") {
    const entries = text
      .split(",")
      .map((entry) => entry.trim())
      .filter((entry) => entry !== "");
    return entries.length === 0 ? null : entries;
  }
  return text;
}

/** Why a widget's text cannot be sent, or null. */
export function valueProblem(type: ParameterType, raw: string): string | null {
  const text = raw.trim();
  if (text === "") return null;
  if (type === "number" && !Number.isFinite(Number(text.replace(/\u2212/g, "-")))) return `“${text}” is not a number`;
  if (type === "date" && !/^\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2})?)?$/.test(text))
    return `“${text}” is not a date like 2025-01-31`;
  return null;
}
