import { expect, picture, test } from "../support";

test.use({ javaScriptEnabled: false });

test("a dashboard can be read and filtered without JavaScript", async ({ page }) => {
  await page.goto("/d/demand-forecast");
  await expect(page.getByRole("heading", { level: 1, name: "Demand forecast" })).toBeVisible();
  expect(await page.locator("[data-chart][data-drawn]").count()).toBeGreaterThanOrEqual(8);
  await expect(page.locator("#fan [data-drawn]")).toBeVisible();
  await expect(page.locator("#median")).toContainText(/\d/);
  await picture(page, "no-script");

  const before = await page.locator("#median").innerText();
  const state = page.locator("details").filter({ hasText: "State" }).first();
  await state.locator("summary").click();
  await state.getByRole("checkbox").first().check();
  const value = await state.getByRole("checkbox").first().inputValue();
  await state.getByRole("button", { name: /Apply/ }).click();

  await expect(page).toHaveURL(new RegExp(`[?&]state=${value}`));
  await expect(page.locator("#median")).toBeVisible();
  expect(await page.locator("#median").innerText()).not.toBe(before);

  // A mark that filters is a link.
  await page.locator("#top a[href*='restaurant=']").first().click();
  await expect(page).toHaveURL(/restaurant=/);
});

test("a misspelt filter is named without JavaScript", async ({ page }) => {
  await page.goto("/d/demand-forecast?stete=CA&state=TX");
  await page.getByRole("status").filter({ hasText: "stete" }).getByRole("link", { name: "Leave stete out" }).click();
  await expect(page).toHaveURL(/\/d\/demand-forecast\?state=TX$/);
  await expect(page.getByText("stete")).toHaveCount(0);
});

test("tabs are links without JavaScript", async ({ page }) => {
  await page.goto("/d/demand-forecast");
  await page.getByRole("navigation", { name: "Dashboard tabs" }).getByRole("link", { name: "Items" }).click();
  await expect(page).toHaveURL(/tab=items/);
  await expect(page.locator("#items-total [data-drawn]")).toBeVisible();
});

test("pages that need JavaScript say so", async ({ page }) => {
  await page.goto("/sql");
  await expect(page.getByText(/needs JavaScript/).first()).toBeVisible();
  await expect(page.getByRole("textbox", { name: "SQL" })).toBeVisible();
  for (const path of ["/data", "/costs", "/admin/people", "/admin/groups"]) {
    await page.goto(path);
    await expect(page.getByRole("main").getByText(/Reading .* needs JavaScript/).first()).toBeVisible();
  }
});

test("dashboards are listed without JavaScript", async ({ page }) => {
  // What was changed last, which other stories decide.
  await page.goto("/");
  await expect(page.getByRole("main").getByRole("listitem").getByRole("link").first()).toBeVisible();
  await page.goto("/dashboards");
  await page.locator('main a[href="/d/demand-forecast"]').click();
  await expect(page).toHaveURL(/\/d\/demand-forecast$/);
});

test("an address without a dashboard says so without JavaScript", async ({ page, complaints }) => {
  complaints.expect(/status of 404/);
  for (const [path, said] of [
    ["/d/not-there", "This dashboard is not there"],
    ["/d/100%25", "This dashboard is not there"],
    ["/d/100%", "There is nothing at this address"],
    ["/not-there", "There is nothing at this address"],
  ] as const) {
    const answer = await page.goto(path);
    expect(answer?.status()).toBe(404);
    await expect(page.getByText(said).first()).toBeVisible();
  }
});
