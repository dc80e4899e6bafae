import { expect, picture, test, themes } from "../support";

const PAGES: [string, string][] = [
  ["home", "/"],
  ["dashboards", "/dashboards"],
  ["dashboard", "/d/demand-forecast"],
  ["sql", "/sql"],
  ["catalog", "/data"],
  ["table", "/data/local/demo/forecast"],
  ["settings", "/settings"],
];

for (const colorScheme of themes) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });
    for (const [width, height] of [
      [1440, 900],
      [1024, 768],
      [390, 844],
    ] as const) {
      for (const [name, path] of PAGES) {
        test(`picture of ${name} at ${width}`, async ({ page }) => {
          await page.setViewportSize({ width, height });
          await page.goto(path);
          await expect(page.locator("main")).not.toBeEmpty();
          await page.waitForLoadState("networkidle");
          await picture(page, `${name}.${width}.${colorScheme}`);
        });
      }
    }
  });
}
