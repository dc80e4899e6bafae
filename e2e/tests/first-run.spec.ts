import { expect, picture, server, test } from "../support";

test("the printed link signs in, once, and leads to the demo dashboard", async ({ page, context, complaints }) => {
  const { base, link } = server();

  await page.goto(`${base}/d/demand-forecast`);
  await expect(page).toHaveURL(/\/signin\?next=/);

  await page.goto(link);
  await expect(page.getByRole("heading", { name: "Sign in with this link" })).toBeVisible();
  await picture(page, "sign-in-link");
  await page.getByRole("button", { name: "Continue to Lakefront" }).click();

  await expect(page.getByRole("navigation", { name: "Main" })).toBeVisible();
  await expect(page.getByRole("link", { name: /Demand forecast/ }).first()).toBeVisible();
  await page
    .getByRole("link", { name: /Demand forecast/ })
    .first()
    .click();
  await expect(page.getByRole("heading", { level: 1, name: "Demand forecast" })).toBeVisible();
  await expect(page.locator("[data-chart][data-drawn]").first()).toBeVisible();

  const session = (await context.cookies()).find((cookie) => cookie.name.includes("lakefront"));
  expect(session).toMatchObject({ httpOnly: true, sameSite: "Lax" });
  await context.storageState({ path: "results/session.json" });

  // The link is used up. The session stays; the link makes no second one.
  complaints.expect(/Failed to load resource|40\d|41\d/);
  const again = await context.browser()!.newContext();
  const other = await again.newPage();
  await other.goto(link);
  await other.getByRole("button", { name: "Continue to Lakefront" }).click();
  await expect(other.getByRole("alert")).toBeVisible();
  await again.close();
});

test("what is not signed in sees nothing", async ({ request }) => {
  for (const path of ["/api/v1/auth/me", "/api/v1/catalogs", "/api/v1/dashboards", "/api/v1/executions"]) {
    const response = await request.get(path);
    expect([path, response.status()]).toEqual([path, 401]);
    expect(await response.json()).toMatchObject({
      code: expect.stringMatching(/^[A-Z_]+$/),
      request_id: expect.any(String),
    });
  }
  expect((await request.get("/healthz")).status()).toBe(200);
});
