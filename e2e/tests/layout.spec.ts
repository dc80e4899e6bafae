import { dashboardReady, expect, picture, test, themes, workbenchReady } from "../support";

const SIZES = [
  { width: 1440, height: 900 },
  { width: 1024, height: 768 },
  { width: 390, height: 844 },
];

const PAGES: [string, string][] = [
  ["home", "/"],
  ["dashboards", "/dashboards"],
  ["dashboard", "/d/demand-forecast"],
  ["sql", "/sql"],
  ["catalog", "/data"],
  ["table", "/data/local/demo/forecast"],
  ["settings", "/settings"],
];

for (const size of SIZES) {
  for (const [name, path] of PAGES) {
    test(`${name} at ${size.width} does not move while it loads, nor overflow`, async ({ page }) => {
      await page.setViewportSize(size);
      await page.goto(path);
      if (name === "dashboard") await dashboardReady(page);
      else if (name === "sql" && size.width > 860) await workbenchReady(page);
      else await expect(page.locator("main")).not.toBeEmpty();
      await page.waitForLoadState("networkidle");
      await page.waitForTimeout(300);
      const { shift, shifts } = await page.evaluate(() => ({ shift: window.lfShift, shifts: window.lfShifts }));
      expect(shift.toFixed(3), shifts.join("\n")).toBe("0.000");
      expect(
        await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
      ).toBeLessThanOrEqual(0);
    });
  }
}

for (const colorScheme of themes) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });
    for (const size of SIZES) {
      for (const [name, path] of PAGES) {
        test(`picture of ${name} at ${size.width}`, async ({ page }) => {
          await page.setViewportSize(size);
          await page.goto(path);
          await page.waitForLoadState("networkidle");
          await page.waitForTimeout(300);
          await picture(page, `${name}.${size.width}.${colorScheme}`);
        });
      }
    }
  });
}
