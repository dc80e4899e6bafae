import type { Locator, Page } from "@playwright/test";
import { broken, dashboardReady, expect, picture, test } from "../support";

const DASHBOARD = "/d/demand-forecast";

async function edit(page: Page): Promise<(title: string) => Locator> {
  await page.goto(DASHBOARD);
  await dashboardReady(page);
  await page.keyboard.press("e");
  await expect(page.getByText("Editing Demand forecast")).toBeVisible();
  return (title) => page.getByRole("group", { name: new RegExp(`^${title}, \\d+ by \\d+\\.`) });
}

const size = async (tile: Locator) =>
  (await tile.getAttribute("aria-label"))
    ?.match(/(\d+) by (\d+)/)
    ?.slice(1)
    .map(Number);

test("a tile is resized and moved by keys, undone, saved, and a reload shows it so", async ({ page }) => {
  const tile = await edit(page);
  const top = tile("Top restaurants");
  const [w, h] = (await size(top)) ?? [];
  expect([w, h]).toEqual([expect.any(Number), expect.any(Number)]);
  await top.focus();
  await picture(page, "dashboard-edit");
  expect(await broken(page)).toEqual([]);

  await page.keyboard.press("Shift+ArrowDown");
  await expect.poll(() => size(top)).toEqual([w, (h as number) + 1]);
  await page.getByRole("button", { name: "Undo" }).click();
  await expect.poll(() => size(top)).toEqual([w, h]);
  await page.getByRole("button", { name: "Redo" }).click();
  await expect.poll(() => size(top)).toEqual([w, (h as number) + 1]);

  const before = await page.locator("[data-tile=top]").boundingBox();
  await top.focus();
  await page.keyboard.press("ArrowDown");
  await expect.poll(async () => (await page.locator("[data-tile=top]").boundingBox())?.y).not.toBe(before?.y);

  await page.getByRole("button", { name: /^Save/ }).click();
  await expect(page.getByRole("button", { name: /^Edit/ })).toBeVisible();
  const saved = await page.locator("#top").boundingBox();
  await page.reload();
  await dashboardReady(page);
  expect(await page.locator("#top").boundingBox()).toEqual(saved);
});

test("a tile is dragged by its grip and by its corner", async ({ page }) => {
  const tile = await edit(page);
  const cell = page.locator("[data-tile=table]");
  await cell.scrollIntoViewIfNeeded();
  await tile("Demand by DMA").focus();
  const [w, h] = (await size(tile("Demand by DMA"))) ?? [];

  const corner = await cell.locator(".le-handle.se").boundingBox();
  if (!corner) throw new Error("the chosen tile has no handle at its corner");
  await page.mouse.move(corner.x + 4, corner.y + 4);
  await page.mouse.down();
  await page.mouse.move(corner.x + 4, corner.y + 120, { steps: 6 });
  await page.mouse.up();
  await expect.poll(async () => ((await size(tile("Demand by DMA"))) ?? [])[1]).toBeGreaterThan(h as number);
  expect(((await size(tile("Demand by DMA"))) ?? [])[0]).toBe(w);

  await page.getByRole("button", { name: "Discard" }).click();
  await expect(page.getByRole("button", { name: /^Edit/ })).toBeVisible();
});
