import { api, dashboardReady, expect, picture, showFirstState, test, type Saved } from "../support";

test("the first answer already holds the charts, and the browser keeps them", async ({ page, request }) => {
  const first = await (await request.get("/d/demand-forecast")).text();
  expect(first.match(/data-drawn/g)?.length ?? 0).toBeGreaterThanOrEqual(8);

  const calls: string[] = [];
  page.on("request", (sent) => calls.push(`${sent.method()} ${new URL(sent.url()).pathname}`));
  await page.goto("/d/demand-forecast");
  await dashboardReady(page);
  await page.waitForLoadState("networkidle");
  // Hydration reads nothing that came with the page.
  expect(calls.filter((call) => /\/data$|by-slug/.test(call))).toEqual([]);
  await picture(page, "dashboard");
});

test("filters are in the address, and back and forward walk through them", async ({ page }) => {
  await page.goto("/d/demand-forecast");
  await dashboardReady(page);
  const median = page.locator("#median");
  const all = await median.innerText();

  await showFirstState(page, () => picture(page, "dashboard-filter"));
  await expect.poll(() => median.innerText()).not.toBe(all);
  const one = await median.innerText();

  await page.goBack();
  await expect(page).not.toHaveURL(/state=/);
  await expect.poll(() => median.innerText()).toBe(all);
  await page.goForward();
  await expect.poll(() => median.innerText()).toBe(one);

  // A link shows what its sender saw.
  await page.goto(page.url());
  await dashboardReady(page);
  await expect.poll(() => median.innerText()).toBe(one);
});

test("each level of the cascade narrows the next", async ({ page }) => {
  await page.goto("/d/demand-forecast");
  await dashboardReady(page);
  const choices = async (label: string) => {
    const filter = page
      .locator("details")
      .filter({ has: page.locator("summary", { hasText: label }) })
      .first();
    return filter.locator("input[type=checkbox]").count();
  };
  const dmas = await choices("DMA");
  const state = page
    .locator("details")
    .filter({ has: page.locator("summary", { hasText: "State" }) })
    .first();
  await state.locator("summary").click();
  await state.getByRole("checkbox").first().check();
  await state.getByRole("button", { name: /Apply/ }).click();
  await expect(page).toHaveURL(/state=/);
  await expect.poll(() => choices("DMA")).toBeLessThan(dmas);
  expect(await choices("DMA")).toBeGreaterThan(0);
});

test("a click on a mark filters the others", async ({ page }) => {
  await page.goto("/d/demand-forecast");
  await dashboardReady(page);
  const before = await page.locator("#median").innerText();
  const ranked = page.locator("#top [data-row]").first();
  await ranked.scrollIntoViewIfNeeded();
  await ranked.click();
  await expect(page).toHaveURL(/[?&]restaurant=\d+/);
  await expect.poll(() => page.locator("#median").innerText()).not.toBe(before);
});

test("a click on a state of the map filters the others, and the same again takes it back", async ({ page }) => {
  await page.goto("/d/demand-forecast");
  await dashboardReady(page);
  const before = await page.locator("#median").innerText();
  const texas = page.locator("#states").locator("a[data-row]").nth(1);
  await texas.click();
  await expect(page).toHaveURL(/[?&]state=TX/);
  await expect.poll(() => page.locator("#median").innerText()).not.toBe(before);
  await page.locator("#states a[data-row]").first().click();
  await expect(page).not.toHaveURL(/state=/);
  await expect.poll(() => page.locator("#median").innerText()).toBe(before);
});

test("dates narrow the days that are drawn", async ({ page }) => {
  await page.goto("/d/demand-forecast?from=2025-02-01&to=2025-02-14");
  await dashboardReady(page);
  await expect(page.getByRole("search", { name: "Filters" })).toContainText("14 days");
});

test("tabs load their own tiles and keep the filters", async ({ page }) => {
  await page.goto("/d/demand-forecast?state=CA");
  await dashboardReady(page);
  await page.getByRole("navigation", { name: "Dashboard tabs" }).getByRole("link", { name: "Items" }).click();
  await expect(page).toHaveURL(/tab=items/);
  await expect(page).toHaveURL(/state=CA/);
  await expect(page.locator("#items-total [data-drawn]")).toBeVisible();
  await picture(page, "dashboard-items");
});

test("a tile shows its data as a table", async ({ page }) => {
  await page.goto("/d/demand-forecast");
  await dashboardReady(page);
  await page.locator("#fan").hover();
  await page.getByRole("link", { name: "Show Demand by day as table" }).click();
  await expect(page.locator("#fan table")).toBeVisible();
  expect(await page.locator("#fan tbody tr").count()).toBeGreaterThan(50);
});

test("filters that leave nothing say so and offer the way back", async ({ page }) => {
  await page.goto("/d/demand-forecast?state=ZZ");
  await expect(page.getByText("Nothing for these filters").first()).toBeVisible();
  await page.getByRole("link", { name: "Clear filters" }).first().click();
  await expect(page).not.toHaveURL(/state=/);
  await expect(page.locator("#fan [data-drawn]")).toBeVisible();
});

test("an address that sets what is no filter, or no day, says so and offers the way back", async ({ page }) => {
  await page.goto("/d/demand-forecast?stete=CA&from=2025-02-30&utm_source=mail");
  const stray = page.getByRole("status").filter({ hasText: "stete" });
  await expect(stray).toContainText(
    "The address sets stete, which is no filter of this dashboard and changes nothing.",
  );
  const day = page.getByRole("status").filter({ hasText: "2025-02-30" });
  await expect(day).toContainText("which is no day. Days are written like 2025-03-31.");
  await expect(page.getByRole("main")).not.toContainText("NaN");
  await picture(page, "address-notes");
  await stray.getByRole("link", { name: "Leave stete out" }).click();
  await expect(stray).toHaveCount(0);
  await day.getByRole("link", { name: "Leave from out" }).click();
  await expect(page).toHaveURL(/\?utm_source=mail$/);
  await expect(page.locator("#fan [data-drawn]")).toBeVisible();
});

test("a dashboard that is not there answers 404 with a page", async ({ page, complaints }) => {
  complaints.expect(/404/);
  const response = await page.goto("/d/no-such-dashboard");
  expect(response?.status()).toBe(404);
  await expect(page.locator("main")).toContainText(/not|nothing/i);
});

test("on paper a dashboard shows what it is filtered by, all columns, and no buttons", async ({ page }) => {
  await page.goto("/d/demand-forecast?state=CA");
  await dashboardReady(page);
  await page.emulateMedia({ media: "print" });
  // Landscape A4 within its margins.
  await page.setViewportSize({ width: 1032, height: 700 });
  await expect(page.getByRole("search", { name: "Filters" })).toContainText("California");
  await expect(page.getByRole("button", { name: "Edit" })).toBeHidden();
  await expect(page.getByRole("link", { name: "Reset filters" })).toBeHidden();
  const table = page.locator("[data-chart=table] table").last();
  await expect(table).toBeVisible();
  const right = await table.evaluate((element) => element.getBoundingClientRect().right);
  expect(right).toBeLessThanOrEqual(1032);
  await picture(page, "dashboard-print");
  const ink = () => table.evaluate((element) => getComputedStyle(element).color);
  const light = await ink();
  await page.evaluate(() => document.documentElement.setAttribute("data-theme", "dark"));
  expect(await ink()).toBe(light);
});

test("a number tile gives no figure of some of the rows", async ({ page }) => {
  await page.goto("/settings");
  const tile = { id: "rows", title: "Rows", x: 0, y: 0, w: 6, h: 8, sql: "select 1 as n from forecast" };
  const tiles = [{ ...tile, chart: { type: "number", value: "n", reduce: "sum" } }];
  const definition = { catalog: "local", database: "demo", tabs: [{ id: "one", title: "One", tiles }] };
  const body = { title: "More rows than a tile gets", definition };
  const made = await api<Saved>(page, "POST", "/dashboards", { body });
  expect(made.status).toBe(201);
  await page.goto(`/d/${made.body.slug}`);
  const region = page.getByRole("region", { name: "Rows" });
  await expect(region).toContainText("the first 20,000 rows only");
  await expect(region.locator("[data-chart=number]")).toHaveCount(0);
});
