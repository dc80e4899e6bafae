import { dashboardReady, expect, picture, test } from "../support";

test("a tile is moved and resized, and a reload shows it so", async ({ page }) => {
  await page.goto("/d/demand-forecast");
  await dashboardReady(page);
  await page.keyboard.press("e");
  const tile = page.locator("[data-tile=top], #top").first();
  await expect(tile).toBeVisible();
  await expect(page.getByRole("button", { name: /^Save/ })).toBeVisible();
  await picture(page, "dashboard-edit");

  await tile.click({ position: { x: 40, y: 12 } });
  const before = await tile.boundingBox();
  // By keyboard, as the editor says it: arrows move, Shift and arrows resize.
  await tile.focus();
  await page.keyboard.press("Shift+ArrowDown");
  await expect.poll(async () => (await tile.boundingBox())?.height ?? 0).toBeGreaterThan(before?.height ?? 0);

  await page.getByRole("button", { name: /^Save/ }).click();
  await expect(page.getByRole("button", { name: /^Edit/ })).toBeVisible();
  const saved = await page.locator("#top").boundingBox();
  await page.reload();
  await dashboardReady(page);
  const again = await page.locator("#top").boundingBox();
  expect(again?.height).toBeCloseTo(saved?.height ?? 0, 0);
});
