import { readFileSync } from "node:fs";
import type { Page } from "@playwright/test";
import { api, dashboardReady, expect, test, type Saved } from "../support";

type Definition = Record<string, unknown> & { tabs: { tiles: Record<string, unknown>[] }[] };
interface Problem {
  code: string;
  detail: string;
}

/** The example of the manual, as somebody pastes it. */
function example(): { title: string; slug: string; definition: Definition } {
  const manual = readFileSync(new URL("../../docs/dashboards.md", import.meta.url), "utf8");
  return JSON.parse(/```json\n([\s\S]*?)```/.exec(manual)?.[1] ?? "") as ReturnType<typeof example>;
}

async function made(page: Page, title: string, change: (definition: Definition) => void = () => {}) {
  const body = { title, definition: example().definition };
  change(body.definition);
  await page.goto("/settings");
  const answer = await api<Saved>(page, "POST", "/dashboards", { body });
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return answer.body;
}

test("the example of the manual is drawn whole, and can be edited", async ({ page }) => {
  const { slug } = await made(page, "As the manual has it");
  await page.goto(`/d/${slug}`);
  await dashboardReady(page);
  await expect(page.locator("[data-chart][data-drawn]")).toHaveCount(3);
  await expect(page.locator(".lv-problem, .ld-tile [role=alert]")).toHaveCount(0);
  const bars = page.locator("#by-state .lv-in");
  const first = { position: { x: 8, y: 6 } };
  // What the marks say comes to the browser after the page.
  await expect(async () => {
    await bars.hover({ position: { x: 9, y: 7 } });
    await bars.hover(first);
    await expect(page.locator("#by-state").getByRole("status")).toContainText("Click to filter", { timeout: 500 });
  }).toPass({ timeout: 15_000 });
  await bars.click(first);
  await expect(page).toHaveURL(/[?&]state=[A-Z]{2}/);
  await page.goto(`/d/${slug}`);
  await dashboardReady(page);
  await page.keyboard.press("e");
  await page.getByRole("button", { name: "Add a tile" }).or(page.getByLabel("Keep warm")).first().click();
  await page.getByLabel("The public page looks for it").selectOption("3600");
  await page.getByRole("button", { name: /^Save/ }).click();
  await expect(page.getByRole("button", { name: /^Edit/ })).toBeVisible();
  const { body } = await api<{ definition: Definition }>(page, "GET", `/dashboards/by-slug/${slug}`);
  expect(body.definition["refresh_s"]).toBe(3600);
});

test("a value is typed into its filter", async ({ page }) => {
  const { slug } = await made(page, "With a number", (definition) => {
    definition["filters"] = [{ id: "least", label: "Least units", type: "number" }];
    const tiles = definition.tabs[0]?.tiles ?? [];
    for (const tile of tiles) delete tile["click"];
    const last = tiles.at(-1);
    if (last)
      last["sql"] =
        "select state, sum(y_50) as units from forecast group by state [[ having sum(y_50) > cast({{least}} as bigint) ]] order by units desc";
  });
  await page.goto(`/d/${slug}`);
  await dashboardReady(page);
  const bars = page.locator("#by-state .lv-t text.w");
  await expect(bars.nth(1)).toBeVisible();
  const filter = page.locator("details").filter({ hasText: "Least units" });
  await filter.locator("summary").click();
  await filter.getByLabel("Least units", { exact: true }).last().fill("999999999999");
  await filter.getByRole("button", { name: /Apply/ }).click();
  await expect(page).toHaveURL(/least=999999999999/);
  await expect(page.locator("#by-state")).toContainText("Nothing for these filters");
});

test("a fault of a definition is told by its place", async ({ page, complaints }) => {
  complaints.expect(/status of 400/);
  await page.goto("/settings");
  const body = example();
  const last = body.definition.tabs[0]?.tiles.at(-1);
  if (last) last["chart"] = { type: "bar", x: "state", y: [], horizontl: true };
  const answer = await api<Problem>(page, "POST", "/dashboards", { body: { ...body, slug: "faulty" } });
  expect(answer.status).toBe(400);
  expect(answer.body.code).toBe("INVALID_DEFINITION");
  expect(answer.body.detail).toBe(
    "`tabs[0].tiles[2].chart.horizontl` is not known. Did you mean `horizontal`? `tabs[0].tiles[2].chart.y` is an empty list; it has to be a list of columns' names.",
  );
});
