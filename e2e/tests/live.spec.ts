import { readdirSync, utimesSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { api, dashboardReady, expect, run, server, test, workbenchReady } from "../support";

const dataOf = (page: Page) =>
  page.waitForResponse((response) => response.request().method() === "POST" && /\/data$/.test(response.url()));

/** Makes a state's file look newer by some minutes than now, and has it looked for. */
async function renew(page: Page, state: string, minutes: number) {
  const folder = join(server().lake, "demo", "forecast", `state=${state}`);
  const file = readdirSync(folder).find((name) => name.endsWith(".parquet"));
  if (!file) throw new Error(`the sample has no file for ${state}`);
  const later = new Date(Date.now() + minutes * 60_000);
  utimesSync(join(folder, file), later, later);
  expect((await api(page, "POST", "/catalogs/local/refresh")).status).toBe(200);
}

test("a dashboard follows its data in place, and is read again by a key", async ({ page }) => {
  const events = page.waitForRequest(/\/events\?since=/);
  await page.goto("/d/demand-forecast?state=TX");
  await dashboardReady(page);
  await events;
  const before = await page.locator(".ld-live").innerText();
  await page.evaluate(() => document.body.setAttribute("data-same-page", ""));

  const again = dataOf(page);
  await page.keyboard.press("r");
  expect((await again).status()).toBe(200);

  const followed = dataOf(page);
  await renew(page, "TX", 2);
  expect((await followed).status()).toBe(200);
  await expect.poll(() => page.locator(".ld-live").innerText()).not.toBe(before);
  await expect(page.locator("body")).toHaveAttribute("data-same-page", "");
  await expect(page).toHaveURL(/state=TX/);
});

test("a dashboard that connects late reads what it missed", async ({ page, complaints }) => {
  complaints.expect(/ERR_FAILED/);
  const events = /\/events\?since=/;
  await page.route(events, (route) => route.abort());
  await page.goto("/d/demand-forecast?state=FL");
  await dashboardReady(page);
  const before = await page.locator(".ld-live").innerText();
  await renew(page, "FL", 9);
  const missed = dataOf(page);
  await page.unroute(events);
  expect((await missed).status()).toBe(200);
  await expect.poll(() => page.locator(".ld-live").innerText()).not.toBe(before);
});

test("a table asks for a partition predicate, and the workbench says which", async ({ page, complaints }) => {
  complaints.expect(/status of 400/);
  await page.goto("/data/local/demo/forecast");
  const rule = page.getByRole("group", { name: "Queries must narrow" });
  await rule.getByLabel("state").check();
  await expect(rule.getByLabel("state")).toBeChecked();
  try {
    await page.goto("/sql");
    await workbenchReady(page);
    await run(page, "select count(*) as n\nfrom forecast where y_50 > 1");
    const problem = page.getByRole("alert");
    await expect(problem).toContainText("only with a condition on `state`");
    await expect(problem).toContainText(/Add the condition `state = '[A-Z]{2}'`/);
  } finally {
    await api(page, "PATCH", "/catalogs/local/databases/demo/tables/forecast", { body: { require_partition: [] } });
  }
});
