import type { Locator, Page } from "@playwright/test";
import { api, broken, copyOfDemo, dashboardReady, expect, picture, test, type Saved } from "../support";

/** Opens a dashboard of the story's own for editing; answers it and how to find its tiles by title. */
async function edit(page: Page, title: string) {
  const dashboard = await copyOfDemo(page, title);
  await page.goto(`/d/${dashboard.slug}`);
  await dashboardReady(page);
  await page.keyboard.press("e");
  await expect(page.getByText(`Editing ${title}`)).toBeVisible();
  await expect(page).toHaveURL(/[?&]edit=1/);
  const tile = (name: string) => page.getByRole("group", { name: new RegExp(`^${name}, \\d+ by \\d+\\.`) });
  return { dashboard, tile };
}

const saved = (page: Page) => expect(page.getByRole("button", { name: /^Edit/ })).toBeVisible();
const save = (page: Page) => page.getByRole("button", { name: /^Save/ }).click();

const size = async (tile: Locator) =>
  (await tile.getAttribute("aria-label"))
    ?.match(/(\d+) by (\d+)/)
    ?.slice(1)
    .map(Number);

test("a tile is resized and moved by keys, undone, saved, and a reload shows it so", async ({ page }) => {
  const { tile } = await edit(page, "Moved and resized");
  const top = tile("Top restaurants");
  const [w, h] = (await size(top)) ?? [];
  expect([w, h]).toEqual([expect.any(Number), expect.any(Number)]);
  await top.focus();
  await picture(page, "dashboard-edit");
  expect(await broken(page, { within: ".le" })).toEqual([]);

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

  await save(page);
  await saved(page);
  const kept = await page.locator("#top").boundingBox();
  await page.reload();
  await dashboardReady(page);
  expect(await page.locator("#top").boundingBox()).toEqual(kept);
});

test("a tile is dragged by its grip and by its corner", async ({ page }) => {
  const { tile } = await edit(page, "Dragged");
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
  await page.getByRole("button", { name: "Keep editing" }).click();
  await page.getByRole("button", { name: "Discard" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Discard" }).click();
  await saved(page);
});

test("what is typed and not run is saved all the same", async ({ page }) => {
  const { dashboard, tile } = await edit(page, "Typed");
  await tile("Top restaurants").click();
  const text = page.getByRole("textbox", { name: "SQL", exact: true });
  await text.fill("select 'typed' as restaurant, 1 as demand");
  await page.keyboard.press("ControlOrMeta+s");
  await saved(page);
  const { body } = await api<{ definition: unknown }>(page, "GET", `/dashboards/${dashboard.id}`);
  expect(JSON.stringify(body.definition)).toContain("select 'typed' as restaurant");
});

test("what is typed stays when another tile is clicked, and goes when it is undone", async ({ page }) => {
  const { dashboard, tile } = await edit(page, "Typed and undone");
  await tile("Top restaurants").click();
  const text = page.getByRole("textbox", { name: "SQL", exact: true });
  await text.fill("select 'typed' as restaurant, 1 as demand");
  await tile("Demand by DMA").click();
  await expect(page.locator(".le-state")).toContainText("1 change");
  await tile("Top restaurants").click();
  await expect(text).toHaveValue(/typed/);
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(text).not.toHaveValue(/typed/);
  await save(page);
  await saved(page);
  const { body } = await api<{ definition: unknown }>(page, "GET", `/dashboards/${dashboard.id}`);
  expect(JSON.stringify(body.definition)).not.toContain("select 'typed'");
});

test("a new dashboard opens for editing, and a saved chart becomes its first tile", async ({ page }) => {
  await page.goto("/dashboards");
  const made = await api(page, "POST", "/charts", {
    body: {
      title: "Restaurants by state",
      definition: {
        catalog: "local",
        database: "demo",
        sql: "select state, count(*) as n from restaurant group by 1 order by 1",
        chart: { type: "bar", x: "state", y: ["n"] },
      },
    },
  });
  expect(made).toMatchObject({ status: 201 });
  await page.getByRole("button", { name: "New dashboard" }).click();
  await expect(page).toHaveURL(/\/d\/untitled-dashboard[^?]*\?edit=1/);
  await expect(page.getByText("Editing Untitled dashboard")).toBeVisible();
  await page.getByRole("button", { name: "Restaurants by state" }).click();
  await expect(page.locator(".le-main [data-chart=bar][data-drawn]")).toBeVisible();
  await save(page);
  await saved(page);
  await expect(page).not.toHaveURL(/edit=/);
  await page.reload();
  await expect(page.getByRole("region", { name: "Restaurants by state" }).locator("[data-chart=bar]")).toBeVisible();
});

test("a new dashboard that is discarded is not kept", async ({ page, complaints }) => {
  complaints.expect(/status of 404/);
  await page.goto("/dashboards");
  await page.getByRole("button", { name: "New dashboard" }).click();
  await expect(page.getByText("Editing Untitled dashboard")).toBeVisible();
  const address = new URL(page.url()).pathname;
  await page.getByRole("button", { name: "Discard" }).click();
  await expect(page).toHaveURL(/\/dashboards$/);
  expect((await api(page, "GET", `/dashboards/by-slug/${address.slice("/d/".length)}`)).status).toBe(404);
});

test("a filter is made from a column, named, and narrows the tile that takes its clause", async ({ page }) => {
  await page.goto("/dashboards");
  await page.getByRole("button", { name: "New dashboard" }).click();
  await expect(page.getByText("Editing Untitled dashboard")).toBeVisible();
  const aside = page.getByRole("complementary");
  await aside.getByRole("button", { name: "Add a filter" }).click();
  await aside.getByRole("textbox", { name: "Label" }).fill("Place");
  await page.keyboard.press("Enter");
  await expect(aside.getByRole("heading", { level: 2, name: "Place" })).toBeVisible();
  const parameter = aside.getByRole("textbox", { name: "Parameter" });
  await parameter.fill("tab");
  await page.keyboard.press("Enter");
  await expect(aside).toContainText("An address has tab for itself.");
  await parameter.fill("place");
  await page.keyboard.press("Enter");
  await aside.getByRole("combobox", { name: /^From table/ }).selectOption("restaurant");
  await aside.getByRole("combobox", { name: /^Column/ }).selectOption("state");
  await expect(aside.getByLabel("Clause for statements")).toHaveText("[[ and state in ({{place}}) ]]");
  await expect(aside).toContainText("Nothing yet.");
  const choices = aside.getByRole("textbox", { name: "SQL of the choices" });
  const right = await choices.inputValue();
  await choices.fill("select state from restaurant");
  await page.keyboard.press("ControlOrMeta+Enter");
  await expect(aside.getByRole("alert")).toContainText("One column has to be named value");
  await choices.fill(right);
  await page.keyboard.press("ControlOrMeta+Enter");
  await expect(aside.getByRole("alert")).toHaveCount(0);
  const bar = page.getByRole("search", { name: "Filters" });
  await expect(bar).toContainText("All 5");
  expect(await broken(page, { within: ".le" })).toEqual([]);
  await picture(page, "dashboard-filter");
  await aside.getByRole("button", { name: "Close" }).click();
  await expect(aside.getByRole("list", { name: "Filters of this dashboard" })).toContainText("Place");

  await aside.getByRole("button", { name: "From a SQL query" }).click();
  await aside
    .getByRole("textbox", { name: "SQL", exact: true })
    .fill(
      "select state, count(*) as n from restaurant where 1 = 1 [[ and state in ({{place}}) ]] group by 1 order by 1",
    );
  await page.keyboard.press("ControlOrMeta+Enter");
  const rows = page.locator("[data-chart=table] tbody tr");
  await expect(rows).toHaveCount(5);
  // The draft's filter works before it is saved.
  await bar.locator("summary").click();
  await bar.getByRole("checkbox").first().check();
  await bar.getByRole("button", { name: /Apply/ }).click();
  await expect(page).toHaveURL(/[?&]place=CA/);
  await expect(rows).toHaveCount(1);
  await save(page);
  await saved(page);
  await page.reload();
  await expect(rows).toHaveCount(1);
  await expect(page.getByRole("search", { name: "Filters" })).toContainText("Place");
});

test("a dashboard is kept warm by its switch, and no longer without", async ({ page }) => {
  const { dashboard } = await edit(page, "Kept warm");
  const definition = async () =>
    (await api<{ definition: { keep_warm?: boolean } }>(page, "GET", `/dashboards/${dashboard.id}`)).body.definition;
  const keepWarm = page.getByRole("checkbox", { name: "Keep warm" });
  await expect(keepWarm).not.toBeChecked();
  await expect(keepWarm).toHaveAccessibleDescription(/at the owner’s cost when new data arrives/);
  await keepWarm.check();
  await save(page);
  await saved(page);
  expect((await definition()).keep_warm).toBe(true);

  await page.keyboard.press("e");
  await expect(keepWarm).toBeChecked();
  await keepWarm.uncheck();
  await save(page);
  await saved(page);
  expect((await definition()).keep_warm).toBeUndefined();
});

test("an earlier version is taken back", async ({ page }) => {
  const { tile } = await edit(page, "With versions");
  await tile("Top restaurants").focus();
  await page.keyboard.press("Delete");
  await expect(tile("Top restaurants")).toHaveCount(0);
  await save(page);
  await saved(page);
  await expect(page.locator("#top")).toHaveCount(0);

  await page.keyboard.press("e");
  await page.getByRole("button", { name: "Versions" }).click();
  const first = page.getByRole("listitem").filter({ hasText: "Version 1" });
  await expect(first).toContainText(/Demo administrator, .*\d/);
  await first.getByRole("button", { name: "Take back" }).click();
  await expect(tile("Top restaurants")).toBeVisible();
  await save(page);
  await saved(page);
  await expect(page.locator("#top")).toBeVisible();
});

test("who saves second is told, and decides", async ({ page, complaints }) => {
  complaints.expect(/status of 412/);
  const { dashboard, tile } = await edit(page, "Saved by two");
  const theirs = await api<Saved>(page, "PATCH", `/dashboards/${dashboard.id}`, {
    body: { title: "Saved by the other" },
    headers: { "if-match": `"${dashboard.version}"` },
  });
  expect(theirs.status).toBe(200);
  await tile("Top restaurants").focus();
  await page.keyboard.press("Shift+ArrowDown");
  await save(page);
  const strip = page.getByText(/Someone saved this dashboard after version 1/);
  await expect(strip).toBeVisible();
  await page.getByRole("button", { name: "Save mine over it" }).click();
  await saved(page);
  const { body } = await api<Saved>(page, "GET", `/dashboards/${dashboard.id}`);
  expect(body).toMatchObject({ title: "Saved by two", version: theirs.body.version + 1 });
});
