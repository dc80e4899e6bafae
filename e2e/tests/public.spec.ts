import type { Browser, Page } from "@playwright/test";
import {
  api,
  broken,
  brokenInAnyTheme,
  copyOfDemo,
  dashboardReady,
  expect,
  picture,
  server,
  showFirstState,
  test,
  themes,
  type Saved,
} from "../support";

/** Does something as the administrator, in a browser beside the story's own. */
async function asEditor<T>(browser: Browser, act: (page: Page) => Promise<T>): Promise<T> {
  const context = await browser.newContext({ storageState: "results/session.json", baseURL: server().base });
  try {
    return await act(await context.newPage());
  } finally {
    await context.close();
  }
}

const share = (page: Page, { id }: Saved, open: boolean) =>
  api(page, "PATCH", `/dashboards/${id}`, { body: { public: open } });

const publicCopy = (browser: Browser, title: string): Promise<Saved> =>
  asEditor(browser, async (page) => {
    const made = await copyOfDemo(page, title);
    expect((await share(page, made, true)).status).toBe(200);
    return made;
  });

/** Of the public page in light and dark. */
async function pictures(page: Page): Promise<void> {
  for (const colorScheme of themes) {
    await page.emulateMedia({ colorScheme });
    await picture(page, `public.${page.viewportSize()?.width}.${colorScheme}`);
  }
  await page.emulateMedia({ colorScheme: "light" });
}

test("an editor makes a dashboard public, reads what that means, and takes it back", async ({ page }) => {
  const made = await copyOfDemo(page, "Shared with everyone");
  await page.goto(`/d/${made.slug}`);
  await dashboardReady(page);
  const head = page.locator("main header").first();
  await expect(head).not.toContainText("Public");

  await page.getByRole("button", { name: "Share", exact: true }).click();
  const panel = page.getByRole("dialog", { name: "Share" });
  const open = panel.getByRole("checkbox", { name: "Anyone with the address can read this dashboard" });
  await expect(open).not.toBeChecked();
  await open.check();
  await expect(panel.getByLabel("Public address", { exact: true })).toHaveValue(`${server().base}/d/${made.slug}`);
  await expect(panel).toContainText("see everything on it");
  await expect(panel).toContainText("charged to “Public”");
  await expect(panel).toContainText("up to 11 minutes");
  await expect(head).toContainText("Public");
  expect(await broken(page, { within: "[role=dialog]" })).toEqual([]);
  await picture(page, "dashboard-share");
  await page.keyboard.press("Escape");

  await page.goto("/dashboards");
  const row = page.getByRole("row").filter({ hasText: "Shared with everyone" });
  await expect(row).toContainText("Public");

  await page.goto(`/d/${made.slug}`);
  await dashboardReady(page);
  await page.getByRole("button", { name: "Share", exact: true }).click();
  await expect(open).toBeChecked();
  await open.uncheck();
  await expect(head).not.toContainText("Public");
});

test.describe("for a stranger", () => {
  test.use({ storageState: { cookies: [], origins: [] } });

  test("a public dashboard is there without signing in, and filters in place", async ({ page, browser }) => {
    const { slug } = await publicCopy(browser, "Read by strangers");
    const calls: string[] = [];
    page.on("request", (sent) => calls.push(`${sent.method()} ${new URL(sent.url()).pathname}`));
    const first = await page.goto(`/d/${slug}`);
    expect(first?.headers()["cache-control"]).toBe("public, max-age=60, stale-while-revalidate=600");
    expect((await first?.text())?.match(/data-drawn/g)?.length ?? 0).toBeGreaterThanOrEqual(8);
    await dashboardReady(page);
    await page.waitForLoadState("networkidle");
    await expect(page.getByRole("heading", { level: 1, name: "Read by strangers" })).toBeVisible();
    await expect(page.locator(".ld-live")).toContainText("Data as of");
    await expect(page.getByRole("navigation", { name: "Main" })).toHaveCount(0);
    await expect(page.getByRole("link", { name: "Sign in" })).toHaveAttribute("href", `/d/${slug}?signin=1`);
    // Hydration reads nothing: all that was asked for is the page and its files.
    expect(calls.filter((call) => !/^GET \/(assets\/|d\/)/.test(call))).toEqual([]);

    const median = page.locator("#median");
    const all = await median.innerText();
    await showFirstState(page);
    await expect.poll(() => median.innerText()).not.toBe(all);
    await page.goBack();
    await expect.poll(() => median.innerText()).toBe(all);

    await page.getByRole("link", { name: "Items" }).click();
    await expect(page.locator("#items-total [data-drawn]")).toBeVisible();
    await page.goBack();
    await dashboardReady(page);

    await page.getByRole("button", { name: "Top restaurants menu" }).click();
    await expect(page.getByRole("menuitem")).toHaveText([/^Show as table/, /^Copy link to this tile/, /^Full screen/]);
    await page.keyboard.press("Escape");
    const others = calls.filter((call) => !/^GET \/(assets\/|d\/)/.test(call));
    expect(new Set(others)).toEqual(new Set([`GET /api/v1/public/dashboards/${slug}/data`]));
  });

  test("the page looks for new data while it is looked at", async ({ page, browser }) => {
    const { slug } = await publicCopy(browser, "Watched by strangers");
    await page.addInitScript(() => {
      Object.defineProperty(document, "visibilityState", {
        get: () => (document.documentElement.hasAttribute("data-away") ? "hidden" : "visible"),
      });
    });
    await page.clock.install();
    const asked: number[] = [];
    page.on("response", (response) => {
      if (/\/public\//.test(response.url())) asked.push(response.status());
    });
    await page.goto(`/d/${slug}`);
    await page.clock.runFor(2_000);
    await dashboardReady(page);
    expect(asked.length).toBe(0);
    await page.clock.runFor(65_000);
    await expect.poll(() => asked.length).toBe(1);
    // Nothing has changed since the page was made: not even the first question reads the data again.
    expect(asked).toEqual([304]);

    const away = (on: boolean) =>
      page.evaluate((hidden) => {
        document.documentElement.toggleAttribute("data-away", hidden);
        document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
      }, on);
    await away(true);
    await page.clock.runFor(300_000);
    expect(asked.length).toBe(1);
    await away(false);
    await expect.poll(() => asked.length).toBe(2);
    expect(asked).toEqual([304, 304]);
    await expect(page.locator("#median")).toContainText(/\d/);
  });

  test("a dashboard that became private says so and keeps what was seen", async ({ page, browser, complaints }) => {
    complaints.expect(/status of 404/);
    const made = await publicCopy(browser, "Public for a while");
    await page.clock.install();
    await page.goto(`/d/${made.slug}`);
    await page.clock.runFor(2_000);
    await dashboardReady(page);
    await asEditor(browser, async (editor) => {
      await editor.goto("/settings");
      expect((await share(editor, made, false)).status).toBe(200);
    });
    await page.clock.runFor(65_000);
    await expect(page.getByText("can no longer be read here")).toBeVisible();
    await expect(page.locator("#median")).toContainText(/\d/);
    await page.goto(`/d/${made.slug}?state=CA`);
    await expect(page).toHaveURL(/\/signin\?next=/);
  });

  test("the public page breaks no accessibility rule", async ({ page, browser }) => {
    const { slug } = await publicCopy(browser, "Open to every reader");
    await page.goto(`/d/${slug}`);
    await dashboardReady(page);
    expect(await brokenInAnyTheme(page)).toEqual([]);
    await pictures(page);
    await page.setViewportSize({ width: 390, height: 844 });
    expect(await broken(page)).toEqual([]);
    await pictures(page);
    const wider = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(wider).toBeLessThanOrEqual(0);
  });

  test.describe("without JavaScript", () => {
    test.use({ javaScriptEnabled: false });

    test("a public dashboard can be read and filtered", async ({ page, browser }) => {
      const { slug } = await publicCopy(browser, "Read without a script");
      await page.goto(`/d/${slug}`);
      await expect(page.getByRole("heading", { level: 1, name: "Read without a script" })).toBeVisible();
      expect(await page.locator("[data-chart][data-drawn]").count()).toBeGreaterThanOrEqual(8);
      const before = await page.locator("#median").innerText();
      const state = page.locator("details").filter({ hasText: "State" }).first();
      await state.locator("summary").click();
      const box = state.getByRole("checkbox").first();
      const value = await box.inputValue();
      await box.check();
      await state.getByRole("button", { name: /Apply/ }).click();
      // Empty fields of the form are gone: everyone who chooses this comes to one address.
      await expect(page).toHaveURL(`${server().base}/d/${slug}?state=${value}`);
      expect(await page.locator("#median").innerText()).not.toBe(before);
      await page.getByRole("navigation", { name: "Dashboard tabs" }).getByRole("link", { name: "Items" }).click();
      await expect(page).toHaveURL(/tab=items/);
      await expect(page.locator("#items-total [data-drawn]")).toBeVisible();
    });
  });
});

test("whoever signs in gets their own page, whatever a cache still has", async ({ page, context }) => {
  const made = await copyOfDemo(page, "Signed in again");
  await share(page, made, true);
  const session = await context.cookies();
  await context.clearCookies();
  await page.goto(`/d/${made.slug}`);
  await expect(page.getByRole("link", { name: "Sign in" })).toBeVisible();
  await context.addCookies(session);
  // The browser's own cache may answer here; the link leads past it.
  await page.goto(`/d/${made.slug}`);
  const signIn = page.getByRole("link", { name: "Sign in" });
  if (await signIn.isVisible()) await signIn.click();
  await expect(page.getByRole("navigation", { name: "Main" })).toBeVisible();
  await dashboardReady(page);
  await expect(page).toHaveURL(`${server().base}/d/${made.slug}`);
});
