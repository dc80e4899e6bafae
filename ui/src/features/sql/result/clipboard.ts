import { exactText } from "./cells";
import type { Page } from "./arrow";

export const NO_CLIPBOARD = "The browser did not allow copying. It does on HTTPS and on this machine.";

/** Answers whether the browser let us; over plain HTTP it has no clipboard to offer. */
export async function toClipboard(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** Tab-separated text pastes into spreadsheets as cells; what holds a tab, a line break or a quote is quoted. */
function quoteFor(separator: string, text: string | null): string {
  if (text === null) return "";
  if (text === "") return '""';
  return text.includes(separator) || /["\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export interface CopyOptions {
  separator: "\t" | ",";
  header: boolean;
  /** Columns by index, in the order they stand. */
  columns: number[];
}

/**
 * Rows as delimited text. Null is nothing at all, an empty string is `""`, so
 * that the two survive the way through a file.
 */
export function delimited(page: Page, rows: Iterable<number>, options: CopyOptions): string {
  const columns = options.columns.map((index) => page.columns[index]).filter((column) => column !== undefined);
  const lines: string[] = [];
  if (options.header)
    lines.push(columns.map((column) => quoteFor(options.separator, column.name)).join(options.separator));
  for (const row of rows) {
    lines.push(
      columns
        .map((column) => quoteFor(options.separator, exactText(column.at(row), column.type)))
        .join(options.separator),
    );
  }
  return lines.join("\n");
}
