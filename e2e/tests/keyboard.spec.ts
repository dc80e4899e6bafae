import { dashboardReady, expect, test, workbenchReady } from "../support";

/** Names of what the Tab key reaches, in order, until it comes round. */
async function reached(page: import("@playwright/test").Page, limit: number): Promise<string[]> {
  const names: string[] = [];
  for (let i = 0; i < limit; i += 1) {
    await page.keyboard.press("Tab");
    names.push(
      await page.evaluate(() => {
        const element = document.activeElement as HTMLElement | null;
        if (!element || element === document.body) return "";
        const box = element.getBoundingClientRect();
        const name =
          element.getAttribute("aria-label") ?? (element.innerText || element.getAttribute("name") || element.tagName);
        return `${name.trim().split("\n")[0]}${box.width === 0 ? " (invisible)" : ""}`;
      }),
    );
  }
  return names;
}

test("a dashboard can be worked with the keyboard alone", async ({ page }) => {
  await page.goto("/d/demand-forecast");
  await dashboardReady(page);
  const names = await reached(page, 30);
  expect(names[0]).toMatch(/Skip/);
  expect(names.join("\n")).toMatch(/Overview/);
  expect(names.join("\n")).toMatch(/State/);
  expect(names.filter((name) => name.endsWith("(invisible)"))).toEqual([]);

  await page.keyboard.press("f");
  const open = page.locator("details[open]");
  await expect(open).toHaveCount(1);
  await page.keyboard.press("Escape");
  await expect(open).toHaveCount(0);
  await page.keyboard.press("2");
  await expect(page).toHaveURL(/tab=items/);
  await page.keyboard.press("1");
  await expect(page).not.toHaveURL(/tab=/);
});

test("the palette finds the dashboard", async ({ page }) => {
  await page.goto("/");
  await page.waitForLoadState("networkidle");
  await page.keyboard.press("ControlOrMeta+k");
  await expect(page.getByRole("dialog")).toBeVisible();
  await page.keyboard.type("demand");
  await expect(page.getByRole("option", { name: /Demand forecast/ }).first()).toBeVisible();
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/d\/demand-forecast/);
});

test("the workbench lets the keyboard in and out of its editor", async ({ page }) => {
  await page.goto("/sql");
  await workbenchReady(page);
  await page.locator(".cm-content").focus();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Tab");
  await expect(page.locator(".cm-content")).not.toBeFocused();
  await expect(page.getByRole("separator", { name: "Height of the editor" })).toBeFocused();
  const before = await page.locator(".wb-ed").boundingBox();
  await page.keyboard.press("ArrowUp");
  await expect.poll(async () => (await page.locator(".wb-ed").boundingBox())?.height).toBeLessThan(before?.height ?? 0);
  await page.keyboard.press("Tab");
  await expect(page.getByRole("tab", { name: "Results" })).toBeFocused();
  await page.keyboard.press("ArrowRight");
  await expect(page.getByRole("tab", { name: "Chart" })).toHaveAttribute("aria-selected", "true");
});
