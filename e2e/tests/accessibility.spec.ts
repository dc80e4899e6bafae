import { broken, brokenInAnyTheme, dashboardReady, expect, run, test, themes, workbenchReady } from "../support";

const PAGES: [string, string, RegExp][] = [
  ["home", "/", /demo\.forecast/],
  ["dashboards", "/dashboards", /Demand forecast/],
  ["catalog", "/data", /restaurant/],
  ["table", "/data/local/demo/forecast", /state=CA/],
  ["costs", "/costs", /New budget/],
  ["settings", "/settings", /New token/],
  ["connections", "/admin/connections", /New connection/],
  ["people", "/admin/people", /Add a person/],
  ["groups", "/admin/groups", /New group/],
];

for (const [name, path, filled] of PAGES) {
  test(`${name} breaks no accessibility rule`, async ({ page }) => {
    await page.goto(path);
    await expect(page.locator("main")).toContainText(filled);
    await expect(page.locator("main [aria-busy=true]")).toHaveCount(0);
    expect(await brokenInAnyTheme(page)).toEqual([]);
  });
}

test("a table's rows break no accessibility rule on a phone, where they scroll", async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto("/data/local/demo/forecast?tab=preview");
  await expect(page.locator("main")).toContainText("First");
  expect(await broken(page)).toEqual([]);
});

test("the dashboard breaks no accessibility rule", async ({ page }) => {
  await page.goto("/d/demand-forecast");
  await dashboardReady(page);
  expect(await brokenInAnyTheme(page)).toEqual([]);
});

test("an open filter and a tile as a table break no accessibility rule", async ({ page }) => {
  await page.goto("/d/demand-forecast?table=fan");
  await dashboardReady(page);
  expect(await broken(page, { within: "#fan" })).toEqual([]);
  await page.locator("details summary").first().click();
  await expect(page.locator("details[open]")).toHaveCount(1);
  expect(await broken(page, { within: "form[role=search]" })).toEqual([]);
});

test("the workbench breaks no accessibility rule in any of its states", async ({ page, complaints }) => {
  complaints.expect(/status of 400/);
  await page.goto("/sql");
  await workbenchReady(page);
  await run(
    page,
    "select business_date, sum(y_50) as median from forecast where [[ state in ({{states}}) and ]] true group by 1",
  );
  expect(await brokenInAnyTheme(page)).toEqual([]);
  await page.locator(".wb-est").click();
  expect(await broken(page, { within: "[role=dialog]" })).toEqual([]);
  await page.keyboard.press("Escape");
  for (const pane of ["Chart", "History"]) {
    await page.getByRole("tab", { name: pane }).click();
    await expect(page.getByRole("tabpanel")).not.toBeEmpty();
    expect(await broken(page, { within: "[role=tabpanel]" })).toEqual([]);
  }
  await run(page, "select nothing from forecast");
  expect(await broken(page, { within: "[role=tabpanel]" })).toEqual([]);
  await page.keyboard.press("ControlOrMeta+s");
  await expect(page.getByRole("dialog")).toBeVisible();
  expect(await broken(page, { within: "dialog[open]" })).toEqual([]);
});

for (const colorScheme of themes) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme, storageState: { cookies: [], origins: [] } });

    test("the sign-in page breaks no accessibility rule", async ({ page }) => {
      await page.goto("/signin");
      await expect(page.getByRole("button", { name: "Sign in" })).toBeVisible();
      expect(await broken(page)).toEqual([]);
    });
  });
}
