import type { Page } from "@playwright/test";
import { api, broken, expect, picture, test, themes, type Saved } from "../support";

/** Many lying bars in a tile of the usual size, and few in another. */
async function madeWithBars(page: Page, title: string): Promise<string> {
  await page.goto("/settings");
  const bars = (n: number) =>
    `select 'Category ' || cast(n as varchar) as name, n * 100 as units from unnest(sequence(1, ${n})) as t (n) order by n desc`;
  const tile = (id: string, y: number, n: number) => ({
    id,
    title: `${n} categories`,
    x: 0,
    y,
    w: 6,
    h: 11,
    sql: bars(n),
    chart: { type: "bar", x: "name", y: ["units"], horizontal: true },
  });
  const definition = {
    catalog: "local",
    database: "demo",
    tabs: [{ id: "one", title: "One", tiles: [tile("many", 0, 33), tile("few", 11, 5)] }],
  };
  const { status, body } = await api<Saved>(page, "POST", "/dashboards", { body: { title, definition } });
  expect(status, JSON.stringify(body)).toBe(201);
  return `/d/${body.slug}`;
}

/** Px from each name of a bar to the next. */
const steps = (page: Page, tile: string): Promise<number[]> =>
  page.locator(`#${tile} .lv-t text.w`).evaluateAll((names) => {
    const tops = names.map((name) => name.getBoundingClientRect().top);
    return tops.slice(1).map((top, i) => top - (tops[i] ?? 0));
  });

test("thirty-three lying bars can be read on a phone, with a script and without", async ({
  page,
  browser,
  baseURL,
}) => {
  const path = await madeWithBars(page, "Bars on a phone");
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto(path);
  await expect(page.locator("#many .lv-t text.w")).toHaveCount(33);
  for (const step of await steps(page, "many")) expect(step).toBeGreaterThanOrEqual(17);
  for (const step of await steps(page, "few")) expect(step).toBeGreaterThanOrEqual(17);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  expect(await broken(page, { within: "#many" })).toEqual([]);

  const silent = await browser.newContext({
    javaScriptEnabled: false,
    storageState: await page.context().storageState(),
    viewport: { width: 390, height: 844 },
    ...(baseURL ? { baseURL } : {}),
  });
  const plain = await silent.newPage();
  await plain.goto(path);
  await expect(plain.locator("#many .lv-t text.w")).toHaveCount(33);
  const box = async (at: Page) => (await at.locator("#many .lv-in").boundingBox())?.height;
  expect(await box(plain)).toBe(await box(page));
  await silent.close();
});

test("on a laptop they scroll in their tile, which keeps its size, and arrow keys reach the last", async ({ page }) => {
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.goto(await madeWithBars(page, "Bars on a laptop"));
  const many = page.locator("#many");
  await expect(many.locator(".lv-t text.w")).toHaveCount(33);
  const heights = await Promise.all(
    ["#many", "#few"].map(async (id) => (await page.locator(id).boundingBox())?.height),
  );
  expect(heights[0]).toBe(heights[1]);
  const roll = many.locator(".lv-roll");
  expect(await roll.evaluate((node) => node.scrollHeight > node.clientHeight)).toBe(true);
  const chart = many.getByRole("group", { name: "33 categories" });
  await expect(async () => {
    await chart.focus();
    await chart.press("End");
    await expect(many.getByRole("status")).toContainText("Category 1", { timeout: 1_000 });
  }).toPass();
  const last = many.locator(".lv-t text.w").last();
  const [inside, name] = [await roll.boundingBox(), await last.boundingBox()];
  expect((name?.y ?? 0) + (name?.height ?? 0)).toBeLessThanOrEqual((inside?.y ?? 0) + (inside?.height ?? 0) + 1);
  expect(await broken(page, { within: "#many" })).toEqual([]);
});

for (const colorScheme of themes) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });
    for (const width of [390, 1440])
      test(`picture of many bars at ${width}`, async ({ page }) => {
        await page.setViewportSize({ width, height: 844 });
        await page.goto(await madeWithBars(page, `Bars ${width} ${colorScheme}`));
        await expect(page.locator("#many .lv-t text.w")).toHaveCount(33);
        await picture(page, `bars.${width}.${colorScheme}`);
      });
  });
}
