import { api, brokenInAnyTheme, expect, picture, test } from "../support";

test("an administrator adds someone, changes their role, keeps them out and lets them in", async ({
  page,
  browser,
  complaints,
}) => {
  complaints.expect(/status of 409/);
  await page.goto("/admin/people");
  await expect(page.getByRole("heading", { level: 1, name: "People" })).toBeVisible();
  await page.getByRole("button", { name: "Add a person" }).click();
  const dialog = page.getByRole("alertdialog");
  await dialog.getByLabel("E-mail").fill("pia@lakefront.local");
  await expect(dialog.getByLabel("Role")).toHaveAccessibleDescription("Opens dashboards and runs SQL.");
  await dialog.getByLabel("Role").selectOption("Editor");
  await picture(page, "people-add");
  await dialog.getByRole("button", { name: "Add" }).click();
  await expect(dialog).toContainText("pia is added");
  const link = await dialog.getByLabel("The link").inputValue();
  await picture(page, "people-link");
  await dialog.getByRole("button", { name: "Done" }).click();

  const row = page.getByRole("table", { name: "People" }).getByRole("row").filter({ hasText: "pia@lakefront.local" });
  await expect(row).toContainText("Editor");
  await expect(row).toContainText("Never");
  expect(await brokenInAnyTheme(page)).toEqual([]);
  await picture(page, "people");

  const theirs = await (await browser.newContext({ storageState: { cookies: [], origins: [] } })).newPage();
  await theirs.goto(link);
  await theirs.getByRole("button", { name: /Continue/ }).click();
  await expect(theirs.getByRole("navigation").getByRole("link", { name: "Dashboards" })).toBeVisible();
  await theirs.goto("/admin/people");
  await expect(theirs.getByRole("main")).not.toContainText("pia@lakefront.local");

  // An address is one person's, in any case.
  await page.getByRole("button", { name: "Add a person" }).click();
  await dialog.getByLabel("E-mail").fill("PIA@lakefront.local");
  await dialog.getByRole("button", { name: "Add" }).click();
  await expect(dialog.getByRole("alert")).toBeVisible();
  await dialog.getByRole("button", { name: "Cancel" }).click();

  const act = async (name: string): Promise<void> => {
    await row.getByRole("button", { name: "Actions for" }).click();
    await page.getByRole("menuitem", { name }).click();
  };
  await act("Change");
  await dialog.getByLabel("Name").fill("Pia Person");
  await dialog.getByLabel("Role").selectOption("Viewer");
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(row).toContainText("Pia Person");
  await expect(row).toContainText("Viewer");

  await act("New sign-in link");
  await dialog.getByRole("button", { name: "Make the link" }).click();
  expect(await dialog.getByLabel("The link").inputValue()).not.toBe(link);
  await dialog.getByRole("button", { name: "Done" }).click();

  await act("Disable");
  await dialog.getByRole("button", { name: "Disable" }).click();
  await expect(row).toContainText("Disabled");
  await act("Let in again");
  await dialog.getByRole("button", { name: "Let in" }).click();
  await expect(row).toContainText("Viewer");

  // Nobody disables themselves, and someone stays administrator.
  const own = page.getByRole("row").filter({ hasText: "(you)" });
  await own.getByRole("button", { name: "Actions for" }).click();
  await expect(page.getByRole("menuitem", { name: "Disable" })).toHaveCount(0);
  await page.getByRole("menuitem", { name: "Change" }).click();
  await dialog.getByLabel("Role").selectOption("Viewer");
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(dialog).toContainText("this is the last administrator");
  await dialog.getByRole("button", { name: "Cancel" }).click();
  const me = await api(page, "GET", "/auth/me");
  expect(me.status).toBe(200);
});
