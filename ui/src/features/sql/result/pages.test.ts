import { describe, expect, it } from "vitest";
import type { Page } from "./arrow";
import { ResultPages } from "./pages";

const number = { kind: "integer", scale: 0, zone: null, children: [] } as const;

/** A result whose cells say their own row. */
function numbers(rows: number, options: { keep?: number; hold?: boolean } = {}) {
  const calls: { offset: number; limit: number; signal: AbortSignal; finish: () => void }[] = [];
  const load = (offset: number, limit: number, signal: AbortSignal) =>
    new Promise<Page>((resolve) => {
      const size = Math.min(limit, rows - offset);
      const finish = () =>
        resolve({ rows: size, columns: [{ name: "n", type: { ...number, children: [] }, at: (row) => offset + row }] });
      calls.push({ offset, limit, signal, finish });
      if (!options.hold) finish();
    });
  return { calls, pages: new ResultPages(load, rows, { pageRows: 100, keep: options.keep ?? 5 }) };
}

const arrived = () => new Promise((resolve) => setTimeout(resolve, 0));

describe("the pages of a result", () => {
  it("fetches what is in view and answers cells by their row in the result", async () => {
    const { calls, pages } = numbers(1000);
    expect(pages.cell(250, 0)).toBeUndefined();
    pages.want(190, 210);
    await arrived();
    expect(calls.map((call) => call.offset)).toEqual([100, 200]);
    expect(pages.cell(250, 0)).toBe(250);
    expect(pages.has(350)).toBe(false);
  });

  it("tells its listeners when rows arrive", async () => {
    const { pages } = numbers(1000);
    let told = 0;
    const stop = pages.subscribe(() => (told += 1));
    const before = pages.snapshot();
    pages.want(0, 10);
    await arrived();
    expect(told).toBe(1);
    expect(pages.snapshot()).not.toBe(before);
    stop();
    pages.want(500, 510);
    await arrived();
    expect(told).toBe(1);
  });

  it("keeps a bounded number of pages over a million rows, the latest seen", async () => {
    const { pages } = numbers(1_000_000, { keep: 5 });
    for (let row = 0; row < 1_000_000; row += 20_000) {
      pages.want(row, row + 40);
      await arrived();
      expect(pages.loadedRows).toBeLessThanOrEqual(500);
    }
    expect(pages.has(980_000)).toBe(true);
    expect(pages.has(0)).toBe(false);
    expect(pages.canComplete).toBe(false);
    await expect(pages.loadAll()).rejects.toThrow();
  });

  it("drops the page that was seen longest ago, not the one fetched first", async () => {
    const { pages } = numbers(1000, { keep: 2 });
    pages.want(0, 0);
    await arrived();
    pages.want(100, 100);
    await arrived();
    pages.want(0, 0);
    pages.want(200, 200);
    await arrived();
    expect([pages.has(0), pages.has(100), pages.has(200)]).toEqual([true, false, true]);
  });

  it("gives up requests that scrolled out of view", async () => {
    const { calls, pages } = numbers(1000, { hold: true });
    pages.want(0, 10);
    pages.want(500, 510);
    expect(calls.map((call) => call.signal.aborted)).toEqual([true, false]);
    calls.forEach((call) => call.finish());
    await arrived();
    expect([pages.has(0), pages.has(500)]).toEqual([false, true]);
  });

  it("says when all rows are here", async () => {
    const { pages } = numbers(250);
    expect(pages.complete).toBe(false);
    await pages.loadAll();
    expect(pages.complete).toBe(true);
    expect([...pages.loaded()]).toHaveLength(250);
    expect(pages.view().columns[0]?.at(249)).toBe(249);
  });

  it("fetches all rows even while someone scrolls", async () => {
    const { calls, pages } = numbers(300, { hold: true });
    const all = pages.loadAll();
    for (const row of [250, 0, 150]) {
      pages.want(row, row);
      calls.forEach((call) => call.finish());
      await arrived();
    }
    await all;
    expect(calls.some((call) => call.signal.aborted)).toBe(false);
    expect(pages.complete).toBe(true);
  });

  it("keeps a failure until it is asked to try again", async () => {
    let broken = true;
    const pages = new ResultPages(async () => {
      if (broken) throw new Error("the connection is down");
      return { rows: 10, columns: [] };
    }, 10);
    pages.want(0, 5);
    await arrived();
    expect(pages.error?.message).toBe("the connection is down");
    broken = false;
    pages.retry();
    pages.want(0, 5);
    await arrived();
    expect(pages.error).toBeNull();
    expect(pages.has(5)).toBe(true);
  });
});
