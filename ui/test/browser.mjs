// The built UI in a real browser, against the fixtures:  npm run build && npm run test:browser
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";
import { serve } from "./server.mjs";

const AXE = readFileSync(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
const INSIDE = [
  "/",
  "/dashboards",
  "/data",
  "/data/local/demo/forecast",
  "/data/local/demo/forecast?tab=preview",
  "/settings",
];
const OUTSIDE = ["/signin", "/signin?token=abc", "/setup?token=abc"];

let browser;
before(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox"],
  });
});
after(() => browser.close());

/** Opens a page of a server of its own and gathers what the browser complains about. */
async function open(t, path, { server: options = {}, context: contextOptions = {} } = {}) {
  const server = await serve(options);
  const context = await browser.newContext({
    bypassCSP: contextOptions.bypassCSP,
    viewport: { width: 1440, height: 900 },
    ...contextOptions,
  });
  t.after(async () => {
    await context.close();
    server.close();
  });
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(`http://127.0.0.1:${server.address().port}${path}`, { waitUntil: "networkidle" });
  return { page, complaints };
}

const outside = (path) => ({
  signedIn: false,
  overrides: (_method, api) =>
    api === "/auth/state" ? { body: { setup_required: path.startsWith("/setup") } } : undefined,
});

for (const path of [...INSIDE, ...OUTSIDE]) {
  const server = OUTSIDE.includes(path) ? outside(path) : {};

  test(`${path} is taken over by the browser without a difference`, async (t) => {
    const { page, complaints } = await open(t, path, { server });
    assert.deepEqual(complaints, []);
    assert.equal(await page.evaluate(() => document.getElementById("lf-root").dataset.ssr), "1");
  });

  test(`${path} draws itself where the server could not`, async (t) => {
    const { page, complaints } = await open(t, path, { server: { ...server, ssr: false } });
    assert.deepEqual(complaints, []);
    assert.ok(await page.locator("h1").first().textContent());
  });

  for (const colorScheme of ["light", "dark"]) {
    test(`${path} can be read by all in ${colorScheme}`, async (t) => {
      const { page } = await open(t, path, { server, context: { colorScheme, bypassCSP: true } });
      assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), colorScheme);
      await page.addScriptTag({ content: AXE });
      const { violations } = await page.evaluate(() => globalThis.axe.run());
      assert.deepEqual(
        violations.map(({ id, nodes }) => [id, nodes.map((node) => node.html.slice(0, 160))]),
        [],
      );
    });
  }

  test(`${path} fits a phone`, async (t) => {
    const { page } = await open(t, path, { server, context: { viewport: { width: 390, height: 844 } } });
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390);
  });
}

test("what the server put into the page is not fetched again", async (t) => {
  const requests = [];
  await open(t, "/settings", { server: { requests } });
  assert.equal(requests.filter((request) => request.endsWith("/auth/me")).length, 0);
});

test("the palette finds a table by its name and opens it with the keyboard alone", async (t) => {
  const { page } = await open(t, "/");
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox").fill("rest");
  await page.getByRole("option", { name: "demo.restaurant" }).first().waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL("**/data/local/demo/restaurant");
  await page.getByRole("heading", { name: "restaurant", exact: true }).waitFor();
  assert.equal(await page.title(), "demo.restaurant · Lakefront");
});

test("the theme changes at once and is kept with the account", async (t) => {
  const saved = [];
  const overrides = (method, path) => {
    if (method === "PUT" && path === "/me/preferences") saved.push(path);
  };
  const { page } = await open(t, "/", { server: { overrides } });
  await page.getByRole("button", { name: "Account of Mara Keller" }).click();
  await page.getByRole("menuitemcheckbox", { name: "Dark" }).click();
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
  await page.getByRole("menu").waitFor({ state: "detached" });
  assert.equal(saved.length, 1);
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute("aria-label")), "Account of Mara Keller");
});

test("a wrong password is said at the field, and a right one leads to where one wanted to go", async (t) => {
  let right = false;
  const problem = {
    type: "about:blank",
    title: "Unauthorized",
    status: 401,
    detail: "E-mail address or password is wrong.",
    code: "WRONG_CREDENTIALS",
    request_id: "r",
  };
  const overrides = (_method, path) =>
    path !== "/auth/login" ? undefined : right ? { status: 200, body: {} } : { status: 401, body: problem };
  const { page } = await open(t, "/signin?next=%2Fdata%3Fx%3D1", { server: { signedIn: false, overrides } });
  await page.getByLabel("E-mail").fill("mara.keller@acme.example");
  await page.getByLabel("Password").fill("wrong wrong wrong");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("E-mail address or password is wrong.").waitFor();
  assert.equal(new URL(page.url()).pathname, "/signin");
  right = true;
  const wanted = page.waitForRequest((request) => request.url().endsWith("/data?x=1"));
  await page.getByRole("button", { name: "Sign in" }).click();
  // The fixtures' server still knows no one, so the wanted page turns to the sign-in again, with the same aim.
  await wanted;
});

test("a table that is not there says so and the frame stays", async (t) => {
  const { page } = await open(t, "/data/local/demo/nothing");
  await page.getByText("The table demo.nothing is not there").waitFor();
  await page.getByRole("link", { name: "Dashboards" }).click();
  await page.getByRole("link", { name: "Demand forecast" }).waitFor();
});

test("the catalog tree works by arrow keys", async (t) => {
  const { page } = await open(t, "/data");
  await page.getByRole("treeitem", { name: "demo" }).focus();
  await page.keyboard.press("ArrowRight");
  await page.getByRole("treeitem", { name: "forecast" }).waitFor();
  for (let i = 0; i < 3; i += 1) await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/data/local/demo/forecast");
});

test("a token's secret is shown once", async (t) => {
  const made = {
    id: "t",
    name: "CI",
    prefix: "lf_abc",
    scopes: ["read"],
    created_at: "2025-01-02T06:16:00Z",
    expires_at: null,
    last_used_at: null,
    secret: "lf_abcdefgh",
  };
  const overrides = (method, path) =>
    method === "POST" && path === "/tokens" ? { status: 201, body: made } : undefined;
  const { page } = await open(t, "/settings", { server: { overrides } });
  await page.getByRole("button", { name: "New token" }).click();
  await page.getByLabel("Name").fill("CI");
  await page.getByRole("button", { name: "Create token" }).click();
  assert.equal(await page.getByLabel("The token", { exact: true }).inputValue(), "lf_abcdefgh");
  await page.getByRole("button", { name: "Done" }).click();
  await page.getByLabel("The token", { exact: true }).waitFor({ state: "detached" });
});
