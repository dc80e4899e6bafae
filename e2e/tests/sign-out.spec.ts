import { expect, test } from "../support";

test("signing out ends the session for good", async ({ page, context, complaints }) => {
  complaints.expect(/status of 401/);
  await page.goto("/");
  await page.waitForLoadState("networkidle");
  const cookies = await context.cookies();
  await page.getByRole("button", { name: /^Account of/ }).click();
  await page.getByRole("menuitem", { name: /Sign out/ }).click();
  await expect(page).toHaveURL(/\/signin/);
  await page.goto("/d/demand-forecast");
  await expect(page).toHaveURL(/\/signin/);

  // The old cookie opens nothing either.
  await context.addCookies(cookies);
  const answer = await context.request.get("/api/v1/auth/me");
  expect(answer.status()).toBe(401);
});
