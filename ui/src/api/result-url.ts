/**
 * Where the rows of an execution are, as a file. `name` is what a browser saves it as; `safe` keeps texts that a
 * spreadsheet would run as formulas.
 */
export function resultUrl(id: string, format: string, { name, safe }: { name: string; safe: boolean }): string {
  const query = new URLSearchParams({ format, name, ...(safe ? { safe: "1" } : {}) });
  return `/api/v1/executions/${encodeURIComponent(id)}/result?${query}`;
}
