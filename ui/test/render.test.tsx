import { expect, test } from "vitest";
import { JSDOM } from "jsdom";
import type { PageState } from "@/api/types";
import { render } from "@/app/render";
import { me, NOW } from "./fixtures.mjs";

const state = (url: string, signedIn = true): PageState => ({
  url,
  now: NOW,
  theme: "system",
  me: signedIn ? (me as PageState["me"]) : null,
  data: {},
});
const draw = (url: string, signedIn = true) => render(JSON.stringify(state(url, signedIn)));

const PAGES = [
  ["/", "Home"],
  ["/dashboards", "Dashboards"],
  ["/data", "Data"],
  ["/data/local/demo/forecast?tab=preview", "demo.forecast"],
  ["/settings", "Settings"],
  ["/admin/connections", "Connections"],
] as const;

test.each(PAGES)("%s has its frame, title and place in the navigation before any script runs", async (url, title) => {
  const page = await draw(url);
  expect(page.errors).toEqual([]);
  expect(page.status).toBe(200);
  expect(page.head).toContain(`<title>${title} · Lakefront</title>`);
  const { document } = new JSDOM(page.html).window;
  expect(document.querySelector('nav[aria-label="Main"]')?.textContent).toBe("HomeDashboardsSQLDataCosts");
  expect(document.querySelectorAll('nav [aria-current="page"]').length).toBe(/^\/(settings|admin)/.test(url) ? 0 : 1);
  expect(document.querySelector("h1")?.textContent).toBeTruthy();
  expect(page.html).toContain("Account of Mara Keller");
});

test("an address that leads nowhere says so, with the status of it", async () => {
  const page = await draw("/nowhere/at/all");
  expect(page.status).toBe(404);
  expect(page.html).toContain("There is nothing at this address");
});

test("without a session a page becomes the sign-in page, which knows where to go on", async () => {
  const page = await draw("/data?x=1", false);
  expect(page.head).toContain("<title>Sign in");
  const { document } = new JSDOM(page.html).window;
  expect(document.querySelector('input[type="password"]')).not.toBeNull();
  expect(document.querySelector("nav")).toBeNull();
});

test("an address in another spelling is drawn all the same", async () => {
  const page = await draw("/data/local/demo/forecast?tab=preview&note=two%20words");
  expect(page.head).toContain("<title>demo.forecast");
  expect(page.errors).toEqual([]);
});

test("a one-time link asks for one press and shows no password field", async () => {
  const { document } = new JSDOM((await draw("/signin?token=abc", false)).html).window;
  expect(document.querySelector("button")?.textContent).toBe("Continue to Lakefront");
  expect(document.querySelector("input")).toBeNull();
});
