import { broken, dashboardReady, expect, run, test, themes, workbenchReady } from "../support";

const PAGES: [string, string, RegExp][] = [
  ["home", "/", /./],
  ["dashboards", "/dashboards", /Demand forecast/],
  ["catalog", "/data", /demo/],
  ["table", "/data/local/demo/forecast", /restaurant_id/],
  ["settings", "/settings", /./],
];

for (const colorScheme of themes) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });

    for (const [name, path, there] of PAGES) {
      test(`${name} breaks no accessibility rule`, async ({ page }) => {
        await page.goto(path);
        await expect(page.locator("main")).toContainText(there);
        await expect(page.locator("[aria-busy=true]")).toHaveCount(0);
        expect(await broken(page)).toEqual([]);
      });
    }

    test("the dashboard breaks no accessibility rule, also with a filter open and as a table", async ({ page }) => {
      await page.goto("/d/demand-forecast");
      await dashboardReady(page);
      expect(await broken(page)).toEqual([]);
      await page.locator("details summary").first().click();
      expect(await broken(page)).toEqual([]);
      await page.goto("/d/demand-forecast?table=fan");
      await dashboardReady(page);
      expect(await broken(page)).toEqual([]);
    });

    test("the workbench breaks no accessibility rule in any of its states", async ({ page, complaints }) => {
      complaints.expect(/status of 400/);
      await page.goto("/sql");
      await workbenchReady(page);
      expect(await broken(page)).toEqual([]);
      await run(
        page,
        "select business_date, sum(y_50) as median from forecast where [[ state in ({{states}}) and ]] true group by 1",
      );
      expect(await broken(page)).toEqual([]);
      await page.locator(".wb-est").click();
      expect(await broken(page)).toEqual([]);
      await page.keyboard.press("Escape");
      for (const pane of ["Chart", "History"]) {
        await page.getByRole("tab", { name: pane }).click();
        await expect(page.getByRole("tabpanel")).not.toBeEmpty();
        expect(await broken(page)).toEqual([]);
      }
      await run(page, "select nothing from forecast");
      expect(await broken(page)).toEqual([]);
      await page.keyboard.press("ControlOrMeta+s");
      await expect(page.getByRole("dialog")).toBeVisible();
      expect(await broken(page)).toEqual([]);
    });
  });
}

test("the sign-in page breaks no accessibility rule", async ({ browser, baseURL }) => {
  const context = await browser.newContext({ ...(baseURL ? { baseURL } : {}) });
  const page = await context.newPage();
  await page.goto("/signin");
  await expect(page.getByRole("button", { name: "Sign in" })).toBeVisible();
  expect(await broken(page)).toEqual([]);
  await context.close();
});
