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
  ["/admin/groups", "Groups"],
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

const shared = (error: boolean): PageState => ({
  ...state("/d/open", false),
  data: {
    public: {
      dashboard: {
        slug: "open",
        title: "Open to all",
        description: "What is there.",
        refresh_s: 60,
        definition: {
          filters: [{ id: "state", label: "State", type: "list", options_query: "q1" }],
          tabs: [
            {
              id: "one",
              title: "One",
              tiles: [
                { id: "n", title: "All", x: 0, y: 0, w: 3, h: 4, query: "q2", chart: { type: "number", value: "n" } },
              ],
            },
          ],
        },
      },
      data: {
        as_of: NOW,
        queries: {
          q1: {
            state: "SUCCEEDED",
            columns: [{ name: "value", type: "varchar" }],
            rows: [["CA"]],
            truncated: false,
            as_of: NOW,
          },
          q2: error
            ? { state: "FAILED", columns: [], rows: [], truncated: false, as_of: null }
            : {
                state: "SUCCEEDED",
                columns: [{ name: "n", type: "bigint" }],
                rows: [[42]],
                truncated: false,
                as_of: NOW,
              },
        },
      },
    },
  },
});

test("a public dashboard is drawn for nobody in particular, with nothing of the app around it", async () => {
  const page = await render(JSON.stringify(shared(false)));
  expect(page.errors).toEqual([]);
  expect(page.head).toContain("<title>Open to all · Lakefront</title>");
  const { document } = new JSDOM(page.html).window;
  expect(document.querySelector("h1")?.textContent).toBe("Open to all");
  expect(document.querySelector("#n")?.textContent).toContain("42");
  expect(document.querySelector('nav[aria-label="Main"]')).toBeNull();
  const links = [...document.querySelectorAll("a")].map((a) => a.getAttribute("href"));
  expect(links.filter((href) => href?.startsWith("/") && !href.startsWith("/d/open"))).toEqual([]);
  expect(document.querySelector('a[href="/d/open?signin=1"]')?.textContent).toBe("Sign in");
});

test("a tile of a public dashboard that failed says so in one sentence", async () => {
  const page = await render(JSON.stringify(shared(true)));
  expect(page.errors).toEqual([]);
  expect(page.html).toContain("This tile could not be loaded");
  expect(page.html).not.toContain("Open the query");
});
