import { api, brokenInAnyTheme, expect, picture, test } from "../support";

test("an administrator makes a group, gives it a budget, changes and removes it", async ({ page, complaints }) => {
  complaints.expect(/status of 409/);
  await page.goto("/admin/groups");
  await expect(page.getByRole("heading", { level: 1, name: "Groups" })).toBeVisible();
  for (const [email, name] of [
    ["gil@lakefront.local", "Gil Group"],
    ["ida@lakefront.local", "Ida Group"],
  ])
    expect((await api(page, "POST", "/users", { body: { email, name, role: "viewer" } })).status).toBe(201);

  await page.getByRole("button", { name: "New group" }).click();
  const dialog = page.getByRole("alertdialog");
  await dialog.getByLabel("Name").fill("Analysts");
  await dialog.getByRole("checkbox", { name: "Gil Group" }).check();
  await dialog.getByRole("checkbox", { name: "Ida Group" }).check();
  await dialog.getByRole("button", { name: "Create group" }).click();
  await expect(dialog).toHaveCount(0);
  const row = page.getByRole("table", { name: "Groups" }).getByRole("row").filter({ hasText: "Analysts" });
  await expect(row).toContainText("2 people");
  await expect(row).toContainText("Gil Group, Ida Group");
  expect(await brokenInAnyTheme(page)).toEqual([]);
  await picture(page, "groups");

  // A name is one group's, in any case.
  await page.getByRole("button", { name: "New group" }).click();
  await dialog.getByLabel("Name").fill("analysts");
  await dialog.getByRole("button", { name: "Create group" }).click();
  await expect(dialog).toContainText("there is a group of this name already");
  await dialog.getByRole("button", { name: "Cancel" }).click();

  const actions = row.getByRole("button", { name: "Actions for Analysts" });
  await actions.click();
  await page.getByRole("menuitem", { name: "Change" }).click();
  await expect(dialog.getByRole("checkbox", { name: "Gil Group" })).toBeChecked();
  await dialog.getByRole("checkbox", { name: "Gil Group" }).uncheck();
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(row).toContainText("1 person");

  await page.goto("/costs");
  await page.getByRole("button", { name: "New budget" }).click();
  const budget = page.getByRole("dialog", { name: "New budget" });
  await budget.getByLabel("For").selectOption("Group Analysts");
  await budget.getByLabel("Limit").fill("1 GB");
  await budget.getByRole("button", { name: "Create budget" }).click();
  const budgets = page.getByRole("list", { name: "Budgets" });
  await expect(budgets.getByText("Group Analysts")).toBeVisible();

  await page.goto("/admin/groups");
  await actions.click();
  await page.getByRole("menuitem", { name: "Remove" }).click();
  await dialog.getByRole("button", { name: "Remove" }).click();
  await expect(dialog).toContainText("this group has a budget");
  await dialog.getByRole("button", { name: "Cancel" }).click();

  await page.goto("/costs");
  await budgets.getByRole("button", { name: "Edit the budget of Group Analysts" }).click();
  await page.getByRole("dialog", { name: "Budget of Group Analysts" }).getByRole("button", { name: "Delete" }).click();
  await expect(budgets.getByText("Group Analysts")).toHaveCount(0);
  await page.goto("/admin/groups");
  await actions.click();
  await page.getByRole("menuitem", { name: "Remove" }).click();
  await dialog.getByRole("button", { name: "Remove" }).click();
  await expect(row).toHaveCount(0);
});
