import { dashboardReady, expect, test, workbenchReady } from "../support";

const SIZES = [
  { width: 1440, height: 900 },
  { width: 1024, height: 768 },
  { width: 390, height: 844 },
];

/** By name: the address, and words that are there when the page is filled. */
const PAGES: [string, string, RegExp][] = [
  ["home", "/", /demo\.forecast/],
  ["dashboards", "/dashboards", /Demand forecast/],
  ["dashboard", "/d/demand-forecast", /Demand by day/],
  ["sql", "/sql", /./],
  ["catalog", "/data", /restaurant/],
  ["table", "/data/local/demo/forecast", /state=CA/],
  ["settings", "/settings", /New token/],
  ["connections", "/admin/connections", /looked at/],
  ["people", "/admin/people", /Everyone who can sign in/],
  ["groups", "/admin/groups", /There is no group yet|People/],
];

for (const size of SIZES) {
  for (const [name, path, filled] of PAGES) {
    test(`${name} at ${size.width} does not move while it loads, nor overflow`, async ({ page }) => {
      await page.setViewportSize(size);
      await page.goto(path);
      if (name === "dashboard") await dashboardReady(page);
      if (name === "sql" && size.width > 860) await workbenchReady(page);
      await expect(page.locator("main")).toContainText(filled);
      await page.waitForLoadState("networkidle");
      const { shift, shifts } = await page.evaluate(() => ({ shift: window.lfShift, shifts: window.lfShifts }));
      expect(shift, shifts.join("\n")).toBeLessThan(name === "dashboard" ? 0.0005 : 0.001);
      expect(
        await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
      ).toBeLessThanOrEqual(0);
    });
  }
}

test("a dashboard needs at most 150 kB of script before someone uses it", async ({ page }) => {
  await page.goto("/d/demand-forecast");
  await dashboardReady(page);
  await page.waitForLoadState("networkidle");
  const sizes = await page.evaluate(() =>
    (performance.getEntriesByType("resource") as PerformanceResourceTiming[])
      .filter(({ name }) => new URL(name).pathname.endsWith(".js"))
      .map(({ encodedBodySize }) => encodedBodySize),
  );
  expect(Math.min(...sizes)).toBeGreaterThan(0);
  expect(sizes.reduce((a, b) => a + b, 0)).toBeLessThan(150_000);
});
