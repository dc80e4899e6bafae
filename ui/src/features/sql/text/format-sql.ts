/**
 * Lays a statement out. Parameters and optional clauses are no SQL: they are
 * handed to the formatter as parameters of its own, so that they come out as they went in.
 */
export async function formatSql(text: string, dialect: "trino" | "postgres" = "trino"): Promise<string> {
  const { formatDialect, postgresql, trino } = await import("sql-formatter");
  const laidOut = formatDialect(text, {
    dialect: dialect === "postgres" ? postgresql : trino,
    keywordCase: "lower",
    dataTypeCase: "lower",
    functionCase: "lower",
    tabWidth: 2,
    expressionWidth: 90,
    linesBetweenQueries: 1,
    paramTypes: { custom: [{ regex: String.raw`\{\{\s*[A-Za-z_]\w*\s*\}\}` }, { regex: String.raw`\[\[|\]\]` }] },
  });
  // An optional clause begins its own line.
  return laidOut.replace(/ \[\[\n(\s*)/g, "\n$1[[ ");
}
