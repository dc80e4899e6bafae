import type { Page, Raw } from "./arrow";

export type LoadPage = (offset: number, limit: number, signal: AbortSignal) => Promise<Page>;

export interface PagesOptions {
  pageRows?: number;
  /** Pages kept; the least recently seen goes first. */
  keep?: number;
}

/**
 * The rows of a result, fetched page by page as they come into view. However
 * long the result, at most `keep` pages are in memory; what scrolled out of
 * sight before it arrived is not fetched to its end.
 */
export class ResultPages {
  readonly rows: number;
  readonly pageRows: number;
  private readonly keep: number;
  private readonly load: LoadPage;
  /** In order of last use, oldest first. */
  private readonly pages = new Map<number, Page>();
  private readonly pending = new Map<number, AbortController>();
  private readonly failed = new Map<number, Error>();
  private readonly listeners = new Set<() => void>();
  private version = 0;
  /** All pages are being fetched, whatever is in view. */
  private whole = false;

  constructor(load: LoadPage, rows: number, options: PagesOptions = {}) {
    this.load = load;
    this.rows = rows;
    this.pageRows = options.pageRows ?? 500;
    this.keep = options.keep ?? 60;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Grows with every page that arrives; made for `useSyncExternalStore`. */
  readonly snapshot = (): number => this.version;

  /** True when the whole result fits and is here, so that sorting in the browser is honest. */
  get complete(): boolean {
    return this.pages.size === Math.ceil(this.rows / this.pageRows);
  }

  get canComplete(): boolean {
    return Math.ceil(this.rows / this.pageRows) <= this.keep;
  }

  get loadedRows(): number {
    let rows = 0;
    for (const page of this.pages.values()) rows += page.rows;
    return rows;
  }

  get error(): Error | null {
    return this.failed.values().next().value ?? null;
  }

  /** A cell, or undefined while its page is not here. */
  cell(row: number, column: number): Raw | undefined {
    const page = this.pages.get(Math.floor(row / this.pageRows));
    return page?.columns[column]?.at(row % this.pageRows);
  }

  has(row: number): boolean {
    return this.pages.has(Math.floor(row / this.pageRows));
  }

  /** The page that came with the answer, while it is kept. */
  first(): Page | null {
    return this.pages.get(0) ?? null;
  }

  /** All rows as one page; only what is loaded has values. */
  view(): Page {
    const columns = this.first()?.columns ?? [];
    return {
      rows: this.rows,
      columns: columns.map(({ name, type }, index) => ({ name, type, at: (row) => this.cell(row, index) })),
    };
  }

  /** The rows that are here, in order of their place in the result. */
  *loaded(): Generator<number> {
    for (const index of [...this.pages.keys()].sort((a, b) => a - b)) {
      const rows = this.pages.get(index)?.rows ?? 0;
      for (let row = 0; row < rows; row += 1) yield index * this.pageRows + row;
    }
  }

  /** Says which rows are in view: fetches their pages and drops requests for pages that no longer are. */
  want(first: number, last: number): void {
    const from = Math.max(0, Math.floor(first / this.pageRows));
    const to = Math.floor(Math.min(last, this.rows - 1) / this.pageRows);
    for (const [index, controller] of this.pending) {
      if (!this.whole && (index < from || index > to)) {
        controller.abort();
        this.pending.delete(index);
      }
    }
    for (let index = from; index <= to; index += 1) {
      const page = this.pages.get(index);
      if (page) {
        this.pages.delete(index);
        this.pages.set(index, page);
      } else if (!this.pending.has(index) && !this.failed.has(index)) {
        void this.fetch(index);
      }
    }
  }

  retry(): void {
    this.failed.clear();
    this.changed();
  }

  /** Fetches all pages in turn; only for results that fit. `complete` says afterwards whether all came. */
  async loadAll(): Promise<void> {
    if (!this.canComplete) throw new Error("the result is larger than the page cache");
    this.whole = true;
    try {
      for (let index = 0; index < Math.ceil(this.rows / this.pageRows); index += 1) {
        if (!this.pages.has(index)) await this.fetch(index);
      }
    } finally {
      this.whole = false;
    }
  }

  /** Rows straight from the server, beside the cache: for copying and charts. */
  read(offset: number, limit: number, signal: AbortSignal = new AbortController().signal): Promise<Page> {
    return this.load(offset, limit, signal);
  }

  /** Puts a page that came with the answer itself into the cache. */
  put(index: number, page: Page): void {
    this.pages.delete(index);
    this.pages.set(index, page);
    this.failed.delete(index);
    while (this.pages.size > this.keep) this.pages.delete(this.pages.keys().next().value as number);
    this.changed();
  }

  dispose(): void {
    for (const controller of this.pending.values()) controller.abort();
    this.pending.clear();
    this.pages.clear();
    this.listeners.clear();
  }

  private async fetch(index: number): Promise<void> {
    const controller = new AbortController();
    this.pending.set(index, controller);
    try {
      const page = await this.load(index * this.pageRows, this.pageRows, controller.signal);
      if (!controller.signal.aborted) this.put(index, page);
    } catch (error) {
      if (!controller.signal.aborted) {
        this.failed.set(index, error instanceof Error ? error : new Error(String(error)));
        this.changed();
      }
    } finally {
      if (this.pending.get(index) === controller) this.pending.delete(index);
    }
  }

  private changed(): void {
    this.version += 1;
    for (const listener of this.listeners) listener();
  }
}
