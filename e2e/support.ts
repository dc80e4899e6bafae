import { readFileSync } from "node:fs";
import AxeBuilder from "@axe-core/playwright";
import { expect, test as base, type Page } from "@playwright/test";
import { SERVER_FILE, type Server } from "./server";

export const server = (): Server => JSON.parse(readFileSync(SERVER_FILE, "utf8")) as Server;

declare global {
  interface Window {
    lfShift: number;
    lfShifts: string[];
  }
}

/** What went wrong in a page: console errors and warnings, exceptions, refused content, failed requests. */
export interface Complaints {
  list: string[];
  /** Forgets those that a story provokes on purpose. */
  expect(pattern: RegExp): void;
}

/** Every test fails on what its pages complain about, unless the test expected it. */
export const test = base.extend<{ complaints: Complaints }>({
  baseURL: async ({}, use) => use(server().base),
  complaints: [
    async ({ page }, use) => {
      const list: string[] = [];
      const expected: RegExp[] = [];
      await page.addInitScript(() => {
        window.lfShift = 0;
        window.lfShifts = [];
        document.addEventListener("securitypolicyviolation", (event) =>
          console.error(`content policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`),
        );
        new PerformanceObserver((entries) => {
          for (const entry of entries.getEntries() as (PerformanceEntry & {
            value: number;
            hadRecentInput: boolean;
            sources: { node?: Element; previousRect: DOMRectReadOnly; currentRect: DOMRectReadOnly }[];
          })[]) {
            if (entry.hadRecentInput) continue;
            window.lfShift += entry.value;
            for (const { node, previousRect: a, currentRect: b } of entry.sources)
              window.lfShifts.push(
                `${node?.nodeName ?? "?"}.${node?.className ?? ""} ${a.x},${a.y} ${a.width}×${a.height} → ${b.x},${b.y} ${b.width}×${b.height}`,
              );
          }
        }).observe({ type: "layout-shift", buffered: true });
      });
      page.on("console", (message) => {
        if (message.type() === "error" || message.type() === "warning")
          list.push(`${message.type()}: ${message.text()}`);
      });
      page.on("pageerror", (error) => list.push(`exception: ${error.message}`));
      page.on("response", (response) => {
        if (response.status() >= 500) list.push(`${response.status()} from ${response.url()}`);
      });
      await use({ list, expect: (pattern) => void expected.push(pattern) });
      expect(list.filter((line) => !expected.some((pattern) => pattern.test(line)))).toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };

/** Accessibility rules that the page breaks, with the elements that break them; `within` narrows it to a part. */
export async function broken(page: Page, { within, rules }: { within?: string; rules?: string[] } = {}) {
  const axe = new AxeBuilder({ page });
  if (within) axe.include(within);
  if (rules) axe.withRules(rules);
  const { violations } = await axe.analyze();
  return violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.target.join(" ")} ${node.html.slice(0, 120)}`),
  );
}

/** As `broken`, also in dark: only colours differ there. */
export async function brokenInAnyTheme(page: Page): Promise<string[]> {
  const light = await broken(page);
  await page.emulateMedia({ colorScheme: "dark" });
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  // Colours that are still on their way are neither light nor dark.
  await page.waitForFunction(() => !document.getAnimations().some((animation) => animation instanceof CSSTransition));
  const dark = await broken(page, { rules: ["color-contrast"] });
  await page.emulateMedia({ colorScheme: "light" });
  await expect(page.locator("html")).toHaveAttribute("data-theme", "light");
  return [...light, ...dark.map((line) => `dark: ${line}`)];
}

/** Calls the API as the page does. */
export async function api<T = unknown>(
  page: Page,
  method: string,
  path: string,
  { body, headers }: { body?: unknown; headers?: Record<string, string> } = {},
): Promise<{ status: number; body: T }> {
  return page.evaluate(
    async ([m, p, b, h]) => {
      const response = await fetch(`/api/v1${p}`, {
        method: m,
        headers: { accept: "application/json", ...(b ? { "content-type": "application/json" } : {}), ...h },
        ...(b ? { body: b } : {}),
      });
      const text = await response.text();
      return { status: response.status, body: (text ? JSON.parse(text) : undefined) as T };
    },
    [method, path, body === undefined ? null : JSON.stringify(body), headers ?? {}] as const,
  );
}

export interface Saved {
  id: string;
  slug: string;
  title: string;
  version: number;
  definition: { tabs: { id: string; title: string; tiles: { id: string; title: string; h: number }[] }[] };
}

/** A copy of the demo dashboard that a story may change. */
export async function copyOfDemo(page: Page, title: string): Promise<Saved> {
  await page.goto("/settings");
  const { body: demo } = await api<Saved>(page, "GET", "/dashboards/by-slug/demand-forecast");
  const { status, body } = await api<Saved>(page, "POST", "/dashboards", {
    body: { title, definition: demo.definition },
  });
  expect(status).toBe(201);
  return body;
}

/** Waits until the dashboard is drawn and alive. */
export async function dashboardReady(page: Page): Promise<void> {
  await expect(page.locator("[data-chart][data-drawn]").first()).toBeVisible();
  await expect(page.locator("form[data-live]")).toBeAttached();
}

export async function workbenchReady(page: Page): Promise<void> {
  await expect(page.locator("[data-editor=ready] .cm-content")).toBeVisible();
  await expect(page.getByRole("treeitem", { name: /forecast/ })).toBeVisible();
}

/** Puts a statement into the open tab of the workbench. */
export async function write(page: Page, sql: string): Promise<void> {
  await page.locator(".cm-content").click();
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.press("Delete");
  await page.keyboard.insertText(sql);
  await page.keyboard.press("Escape");
}

/** Writes a statement, runs it and waits for its end. */
export async function run(page: Page, sql: string): Promise<void> {
  await write(page, sql);
  await page.keyboard.press("ControlOrMeta+Enter");
  await expect(page.locator(".wb-stt")).toContainText(/Done|Failed|Stopped/, { timeout: 30_000 });
}

export const statusLine = (page: Page) => page.locator(".wb-stt");

/** Shows one state only, and waits until the address says so; `opened` looks at the open list before. */
export async function showFirstState(page: Page, opened = async (): Promise<void> => {}): Promise<void> {
  const state = page
    .locator("details")
    .filter({ has: page.locator("summary", { hasText: "State" }) })
    .first();
  await state.locator("summary").click();
  await opened();
  const box = state.getByRole("checkbox").first();
  const value = await box.inputValue();
  await box.check();
  await state.getByRole("button", { name: /Apply/ }).click();
  await expect(page).toHaveURL(new RegExp(`[?&]state=${value}`));
}

/** A picture to be looked at, when asked for with PICTURES=1; no test compares it. */
export async function picture(page: Page, name: string): Promise<void> {
  if (process.env["PICTURES"])
    await page.screenshot({ path: `results/pictures/${name}.png`, fullPage: !name.startsWith("sql") });
}

export const themes = ["light", "dark"] as const;
