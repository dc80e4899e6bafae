import { api, brokenInAnyTheme, expect, picture, statusLine, test, workbenchReady, write } from "../support";

// One story: what comes later needs what came before.
test.describe.configure({ mode: "serial" });

test("an administrator sets a budget, a run waits, is approved, and the page shows it", async ({
  page,
  browser,
}, story) => {
  await page.goto("/costs");
  // A second try finds what the first one left.
  const { body: left } = await api<{ items: { id: string }[] }>(page, "GET", "/budgets");
  for (const { id } of left.items) await api(page, "DELETE", `/budgets/${id}`);
  const { body: stuck } = await api<{ items: { execution_id: string }[] }>(page, "GET", "/approvals");
  for (const { execution_id: id } of stuck.items) await api(page, "POST", `/executions/${id}/reject`, { body: {} });
  await page.reload();
  // A person of one's own: budgets of those that other stories play would stop them.
  const name = `Ann Analyst${story.retry ? ` ${story.retry}` : ""}`;
  await expect(page.getByRole("heading", { level: 1, name: "Costs" })).toBeVisible();
  const { status, body: ann } = await api<{ secret: string }>(page, "POST", "/users", {
    body: { email: `ann${story.retry}@lakefront.local`, name, role: "viewer" },
  });
  expect(status).toBe(201);

  await page.getByRole("button", { name: "New budget" }).click();
  const dialog = page.getByRole("dialog", { name: "New budget" });
  await dialog.getByLabel("For").selectOption(name);
  await dialog.getByLabel("Limit").fill("plenty");
  await dialog.getByRole("button", { name: "Create budget" }).click();
  await expect(dialog).toContainText("Write an amount such as");
  await dialog.getByLabel("Limit").fill("1 kB");
  await dialog.getByRole("button", { name: "Create budget" }).click();
  const budgets = page.getByRole("list", { name: "Budgets" });
  await expect(budgets).toContainText("1 kB a month");
  await expect(budgets).toContainText("above it, runs wait");
  await expect(budgets.getByRole("meter")).toHaveAttribute("aria-valuetext", "0 B of 1 kB");

  const hers = await (await browser.newContext()).newPage();
  await hers.goto(ann.secret);
  await hers.getByRole("button", { name: "Continue to Lakefront" }).click();
  await expect(hers.getByRole("navigation", { name: "Main" })).toBeVisible();
  await hers.goto("/sql");
  await workbenchReady(hers);
  await write(
    hers,
    `select state, sum(y_05) as low from forecast where restaurant_id >= ${story.retry} group by 1 order by 1`,
  );
  await hers.keyboard.press("ControlOrMeta+Enter");
  await expect(hers.getByRole("heading", { name: "Waiting for an administrator" })).toBeVisible();
  await expect(hers.getByRole("tabpanel")).toContainText(`The budget of ${name} is 1 kB a month, 0 B of it used.`);
  await picture(hers, "sql-waiting");

  await page.reload();
  const waiting = page.getByRole("list", { name: "Waiting runs" });
  await expect(waiting).toContainText(name);
  await expect(waiting).toContainText("sum(y_05)");
  await expect(page.locator("main [aria-busy=true]")).toHaveCount(0);
  expect(await brokenInAnyTheme(page)).toEqual([]);
  await picture(page, "costs-waiting");
  await waiting.getByRole("button", { name: `Approve the run of ${name}` }).click();
  const question = page.getByRole("alertdialog");
  await question.getByLabel("Note").fill("go ahead");
  await question.getByRole("button", { name: "Approve" }).click();
  await expect(waiting).toHaveCount(0);

  await expect(statusLine(hers)).toContainText("Done");
  await expect(statusLine(hers)).toContainText(/scanned, .* predicted/);
  // Who may not save is not offered to.
  await expect(hers.getByRole("button", { name: "Share", exact: true })).toBeVisible();
  await expect(hers.getByRole("button", { name: /^Save/ })).toHaveCount(0);
  await hers.goto("/costs");
  await expect(hers.getByRole("table", { name: "Costs by dashboard" })).toContainText("On no dashboard");
  await expect(hers.getByRole("tab", { name: "By person" })).toHaveCount(0);
  await hers.context().close();

  await page.reload();
  await expect(page.getByRole("table", { name: "Costs by person" })).toContainText(name);
  await expect(budgets.getByRole("meter")).toHaveAttribute("aria-valuenow", "100");
  await budgets.getByRole("button", { name: `Edit the budget of ${name}` }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await expect(page.getByText("Nothing is limited.")).toBeVisible();
});

test("costs are shown by person, dashboard, table and engine", async ({ page, complaints }) => {
  complaints.expect(/status of 400/);
  await page.goto("/d/demand-forecast");
  await expect(page.locator("[data-chart][data-drawn]").first()).toBeVisible();
  await page.goto("/costs");
  await expect(page.locator("main [aria-busy=true]")).toHaveCount(0);
  await expect(page.locator("figure[data-chart=bar]")).toBeVisible();
  await expect(page.getByRole("table", { name: "Costs by person" })).toContainText("Demo administrator");
  await expect(page.locator("main dl")).toContainText(/From stored results\d+ %/);
  const stored = page.getByRole("list", { name: "Stored results" });
  await expect(stored.getByRole("meter", { name: "On this server’s disk" })).toHaveAttribute("aria-valuetext", / of /);
  await expect(stored.getByRole("listitem")).toHaveCount(1);
  await page.getByRole("tab", { name: "By table" }).click();
  await expect(page).toHaveURL(/by=table/);
  await expect(page.getByRole("table", { name: "Costs by table" })).toContainText("local.demo.forecast");
  await page.keyboard.press("ArrowRight");
  await expect(page.getByRole("table", { name: "Costs by engine" })).toContainText("Embedded");
  await page.keyboard.press("ArrowLeft");
  expect(await brokenInAnyTheme(page)).toEqual([]);
  await picture(page, "costs");
  await page.emulateMedia({ colorScheme: "dark" });
  await picture(page, "costs-dark");
  await page.setViewportSize({ width: 390, height: 844 });
  await page.reload();
  await expect(page.locator("figure[data-chart=bar]")).toBeVisible();
  await picture(page, "costs-phone");
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  await page.getByRole("combobox", { name: "Period" }).selectOption("Last 7 days");
  await expect(page).toHaveURL(/days=7/);
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: "CSV", exact: true }).click(),
  ]);
  expect(download.suggestedFilename()).toMatch(/^costs-.*\.csv$/);
});
