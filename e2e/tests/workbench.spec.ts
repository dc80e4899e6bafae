import { readFile } from "node:fs/promises";
import { api, expect, picture, run, statusLine, test, workbenchReady, write } from "../support";

const BY_DAY =
  "select business_date, sum(y_05) as low, sum(y_50) as median, sum(y_95) as high\nfrom forecast\ngroup by 1\norder by 1";
/** Long enough to be stopped, on any machine. */
const SLOW =
  "select count(*) from forecast a cross join forecast b cross join forecast c where a.y_50 + b.y_50 > c.y_95";

test.beforeEach(async ({ page, complaints }) => {
  // Half-typed statements have no estimate, and the browser notes each refusal.
  complaints.expect(/status of 400/);
  await page.goto("/sql");
  await workbenchReady(page);
});

test("says what a statement would read, runs it and says what it read", async ({ page }) => {
  await write(page, BY_DAY);
  const chip = page.locator(".wb-est");
  await expect(chip).toContainText(/[\d.]+ (B|kB|MB).*\$.*embedded/);
  await chip.click();
  const popover = page.getByRole("dialog", { name: "Estimate" });
  await expect(popover).toContainText("forecast");
  await expect(popover).toContainText(/\d+ of \d+/);
  await picture(page, "sql-estimate");
  await page.keyboard.press("Escape");

  await page.getByRole("button", { name: /^Run/ }).click();
  await expect(statusLine(page)).toContainText("Done");
  await expect(statusLine(page)).toContainText(/91 rows/);
  await expect(statusLine(page)).toContainText(/scanned, .* predicted/);
  await expect(page.getByRole("grid")).toHaveAttribute("aria-rowcount", "92");
  await expect(page.getByRole("gridcell").first()).toHaveText("2025-01-01");
  await picture(page, "sql");

  // The same again comes from the cache, and says so.
  await page.getByRole("button", { name: /^Run/ }).click();
  await expect(statusLine(page)).toContainText("Cached until the data changes");
});

test("runs the statement under the cursor, a selection, or all", async ({ page }) => {
  await write(page, "select 1 as one;\n\nselect 2 as two;");
  await page.keyboard.press("ControlOrMeta+Home");
  await page.keyboard.press("ControlOrMeta+Enter");
  await expect(page.getByRole("columnheader", { name: /one/ })).toBeVisible();
  await page.keyboard.press("ControlOrMeta+Shift+Enter");
  await expect(page.getByRole("columnheader", { name: /two/ })).toBeVisible();
});

test("parameters get fields, and their values are bound", async ({ page }) => {
  await write(
    page,
    "select state, count(*) as n from forecast\nwhere state in ({{states}}) [[ and business_date >= {{from}} ]]\ngroup by 1 order by 1",
  );
  await expect(page.getByRole("textbox", { name: "states", exact: true })).toBeVisible();
  await page.keyboard.press("ControlOrMeta+Enter");
  await expect(page.getByText(/The parameter .states. has no value/).first()).toBeVisible();
  await page.getByRole("textbox", { name: "states", exact: true }).fill("CA, TX");
  await page.locator(".cm-content").click();
  await page.keyboard.press("ControlOrMeta+Enter");
  await expect(statusLine(page)).toContainText(/2 rows/);
  const before = await page.getByRole("gridcell").nth(1).innerText();
  await page.getByRole("textbox", { name: "from", exact: true }).fill("2025-03-01");
  await page.locator(".cm-content").click();
  await page.keyboard.press("ControlOrMeta+Enter");
  await expect.poll(() => page.getByRole("gridcell").nth(1).innerText()).not.toBe(before);
});

test("an error is underlined in its place and told in words", async ({ page }) => {
  await run(page, "select business_date,\n  sum(y_51)\nfrom forecast group by 1");
  await expect(statusLine(page)).toContainText("Failed");
  await expect(page.locator(".wb-msg")).toContainText("y_51");
  await expect(page.locator(".wb-msg")).toContainText("COLUMN_NOT_FOUND");
  await expect(page.locator(".cm-lintRange-error")).toHaveText("y_51");
  await picture(page, "sql-error");
});

test("stops a long run, and the engine really stops", async ({ page }) => {
  await write(page, SLOW);
  await page.keyboard.press("ControlOrMeta+Enter");
  await expect(page.getByRole("progressbar")).toBeVisible();
  await expect(statusLine(page)).toContainText("Running");
  await picture(page, "sql-running");
  await page.getByRole("button", { name: "Stop" }).last().click();
  await expect(statusLine(page)).toContainText("Stopped", { timeout: 5_000 });
  // Also before the server has said that it runs.
  await write(page, SLOW);
  const answered = page.waitForResponse(
    (answer) => answer.url().endsWith("/api/v1/executions") && answer.request().method() === "POST",
  );
  await page.keyboard.press("ControlOrMeta+Enter");
  await page.keyboard.press("Escape");
  await answered;
  await expect(statusLine(page)).toContainText("Stopped", { timeout: 5_000 });
  // What it held is free again.
  await run(page, "select 1");
  await expect(statusLine(page)).toContainText("Done");
});

test("scrolls through a long result, sorts a short one, copies and finds", async ({ page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await run(page, "select restaurant_id, inventory_item_id, business_date, y_50, state from forecast");
  const grid = page.getByRole("grid");
  await grid.focus();
  await page.keyboard.press("ControlOrMeta+End");
  const rows = Number(await grid.getAttribute("aria-rowcount")) - 1;
  expect(rows).toBeGreaterThan(50_000);
  await expect(grid.getByRole("row").last()).toHaveAttribute("aria-rowindex", String(rows + 1));
  await expect(grid.getByRole("row").last().getByRole("gridcell").first()).toHaveText(/\d/);
  expect(await grid.getByRole("row").count()).toBeLessThan(80);

  await run(page, "select dma_id, name, state from dma order by dma_id");
  await grid.getByRole("columnheader", { name: /name/ }).getByRole("button").click();
  await grid.getByRole("columnheader", { name: /name/ }).getByRole("button").click();
  const names = await grid.locator("[data-column='1']").allInnerTexts();
  expect(names.length).toBeGreaterThan(3);
  expect(names).toEqual(names.toSorted().toReversed());

  await grid.getByRole("gridcell").first().click();
  await page.keyboard.press("Shift+ArrowRight");
  await page.keyboard.press("Shift+ArrowDown");
  await page.keyboard.press("ControlOrMeta+c");
  await expect
    .poll(() => page.evaluate(() => navigator.clipboard.readText()))
    .toMatch(/^dma_id\tname\n[A-Z]{3}\t.+\n[A-Z]{3}\t.+$/);

  await page.getByRole("button", { name: "Find in the loaded rows" }).click();
  await page.getByRole("textbox", { name: "Find in the loaded rows" }).fill(names[0] as string);
  await expect(page.getByRole("search").getByRole("status")).toContainText(/1 cell in all/);
});

test("text and values survive a reload", async ({ page }) => {
  await write(page, "select '{{not}}', {{mine}} -- unsaved");
  await page.getByRole("textbox", { name: "mine", exact: true }).fill("kept");
  await page.reload();
  await workbenchReady(page);
  await expect(page.locator(".cm-content")).toContainText("-- unsaved");
  await expect(page.getByRole("textbox", { name: "mine", exact: true })).toHaveValue("kept");
});

test("completes columns of the table in the FROM clause", async ({ page }) => {
  await write(page, "select  from forecast f where f.");
  await page.keyboard.press("ControlOrMeta+End");
  await page.keyboard.type("y_");
  await expect(page.locator(".cm-tooltip-autocomplete")).toContainText("y_50");
  // The editor takes no choice in the first moment, lest a fast typist makes one unawares.
  await page.waitForTimeout(150);
  await page.keyboard.press("Enter");
  await expect(page.locator(".cm-content")).toContainText(/f\.y_\d\d/);
});

test("Enter behind a word that is complete is a new line", async ({ page }) => {
  await write(page, "");
  await page.locator(".cm-content").focus();
  await page.keyboard.type("select * from forecast");
  await expect(page.locator(".cm-tooltip-autocomplete")).toContainText("forecast");
  await page.waitForTimeout(150);
  await page.keyboard.press("Enter");
  await page.keyboard.type("limit 3");
  await expect(page.locator(".cm-line")).toHaveText(["select * from forecast", "limit 3"]);
});

test("formats without touching parameters", async ({ page }) => {
  await write(page, "SELECT state, sum(y_50) FROM forecast WHERE state IN ({{states}}) GROUP BY 1");
  await page.keyboard.press("ControlOrMeta+Shift+F");
  await expect.poll(() => page.locator(".cm-line").count()).toBeGreaterThan(4);
  await expect(page.locator(".cm-content")).toContainText("{{states}}");
});

test("the tree inserts names and answers to the keyboard", async ({ page }) => {
  await write(page, "");
  const forecast = page.getByRole("treeitem", { name: /forecast/ });
  await forecast.focus();
  await page.keyboard.press("ArrowRight");
  await expect(page.getByRole("treeitem", { name: /y_50/ })).toBeVisible();
  await page.keyboard.press("Enter");
  await expect(page.locator(".cm-content")).toContainText("forecast");
  await page.locator("body").click({ position: { x: 5, y: 600 } });
  await page.keyboard.press("/");
  await page.keyboard.type("rest");
  await expect(page.getByRole("treeitem", { name: /restaurant/ }).first()).toBeVisible();
  await expect(page.getByRole("treeitem", { name: /^dma/ })).toHaveCount(0);
});

test("a text that someone shared stands in front of a saved query", async ({ page }) => {
  const { status, body } = await api<{ id: string }>(page, "POST", "/queries", {
    body: {
      title: "Kept",
      definition: { sql: "select 7 as seven", catalog: "local", database: "demo", engine: "auto", parameters: [] },
    },
  });
  expect(status).toBe(201);
  await page.goto(`/sql/${body.id}`);
  await expect(page.locator(".cm-content")).toContainText("seven");
  await page.goto("/sql?sql=select+42+as+answer&catalog=local&database=demo");
  await expect(page.locator(".cm-content")).toContainText("answer");
  await expect(page).toHaveURL(/\/sql$/);
  await page.goto(`/sql/${body.id}`);
  await expect(page.locator(".cm-content")).toContainText("seven");
  await expect(page).toHaveURL(new RegExp(`/sql/${body.id}$`));
});

test("history brings an earlier text back", async ({ page }) => {
  await run(page, "select 'remember me' as note");
  await page.getByRole("tab", { name: "History" }).click();
  const row = page.getByRole("button", { name: /remember me/ }).first();
  await expect(row).toContainText("Done");
  await expect(row).toContainText("1 row");
  await picture(page, "sql-history");
  await write(page, "select 1");
  await page.getByRole("tab", { name: "History" }).click();
  await row.click();
  await expect(page.locator(".cm-content")).toContainText("remember me");
});

test("from a statement to a chart on a dashboard that stays", async ({ page }) => {
  await run(page, BY_DAY);
  await page.keyboard.press("ControlOrMeta+s");
  await page.getByRole("textbox", { name: "Title" }).fill("Demand by day");
  await page.getByRole("button", { name: "Save", exact: true }).last().click();
  await expect(page).toHaveURL(/\/sql\/\w+/);
  const saved = page.url();

  await page.getByRole("tab", { name: "Chart" }).click();
  await expect(page.locator("[data-chart=fan][data-drawn]")).toBeVisible();
  await picture(page, "sql-chart");
  await page.getByRole("combobox", { name: "Chart" }).selectOption("bar");
  await expect(page.locator("[data-chart=bar][data-drawn]")).toBeVisible();

  await page.getByRole("button", { name: "Add to dashboard" }).click();
  await page.getByRole("textbox", { name: "Title of the tile" }).fill("Daily demand");
  await page.getByRole("combobox", { name: "Dashboard" }).selectOption({ label: "A new one" });
  await page.getByRole("textbox", { name: "Title of the new dashboard" }).fill("Made in a test");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await page.getByRole("link", { name: "Open Made in a test" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Made in a test" })).toBeVisible();
  await expect(page.getByRole("region", { name: "Daily demand" }).locator("[data-chart=bar]")).toBeVisible();
  await picture(page, "dashboard-made");

  // Both are still there for whoever comes next.
  await page.reload();
  await expect(page.getByRole("region", { name: "Daily demand" }).locator("[data-chart=bar]")).toBeVisible();
  await page.goto(saved);
  await workbenchReady(page);
  await expect(page.locator(".cm-content")).toContainText("sum(y_95)");
});

test("a statement's parameters become filters of the dashboard it goes to", async ({ page }) => {
  await write(
    page,
    "select business_date, sum(y_50) as median from forecast\nwhere state = {{region}} and business_date between {{since}} and {{until}}\nand y_50 > {{least}} and dma_id in ({{dmas}})\n[[ and business_date >= {{day_from}} ]] [[ and business_date <= {{day_to}} ]]\ngroup by 1 order by 1",
  );
  for (const [name, value] of [
    ["region", "CA"],
    ["since", "2025-01-01"],
    ["until", "2025-03-01"],
    ["least", "0.5"],
    ["dmas", "LAX, SAN"],
  ] as const)
    await page.getByRole("textbox", { name, exact: true }).fill(value);
  await page.locator(".cm-content").click();
  await page.keyboard.press("ControlOrMeta+Enter");
  await expect(statusLine(page)).toContainText(/60 rows/);
  await page.getByRole("tab", { name: "Chart" }).click();
  await page.getByRole("button", { name: "Add to dashboard" }).click();
  await page.getByRole("textbox", { name: "Title of the tile" }).fill("Median");
  await page.getByRole("textbox", { name: "Title of the new dashboard" }).fill("By region");
  await expect(page.getByText("The dashboard gets filters for {{region}}, {{since}}")).toBeVisible();
  await picture(page, "sql-add-filters");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await page.getByRole("link", { name: "Open By region" }).click();
  await expect(page).toHaveURL(
    /\/d\/by-region\?region=CA&since=2025-01-01&until=2025-03-01&least=0.5&dmas=LAX&dmas=SAN$/,
  );
  await expect(page.getByRole("region", { name: "Median" }).locator("[data-drawn]")).toBeVisible();
  const filters = page.getByRole("search", { name: "Filters" });
  await expect(filters.locator("summary")).toContainText([
    /Region.*CA/,
    /Since.*2025-01-01/,
    /Until.*2025-03-01/,
    /All dates/,
  ]);
  await picture(page, "dashboard-from-parameters");
  await filters.locator("summary").filter({ hasText: "Region" }).click();
  await filters.getByRole("textbox", { name: "Region" }).fill("TX");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/region=TX/);
});

test("a result can be downloaded, called as its tab", async ({ page }) => {
  await run(page, "select dma_id, '=' || dma_id as formula from dma order by 1");
  for (const [label, file, holds] of [
    [/^CSV ?\.csv/, "Untitled 1.csv", ",=ALB"],
    [/^CSV for a spreadsheet/, "Untitled 1.csv", `,"'=ALB"`],
    [/^Parquet/, "Untitled 1.parquet", "PAR1"],
  ] as const) {
    await page.getByRole("button", { name: "Download" }).click();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("menuitem", { name: label }).click(),
    ]);
    expect(await download.failure()).toBeNull();
    expect(download.suggestedFilename()).toBe(file);
    expect(await readFile(await download.path(), "latin1")).toContain(holds);
  }
});
