// Pictures of every page in light, dark and on a phone, with what the console said.
//   CHROMIUM=/usr/bin/chromium node test/shots.mjs <folder> [name…]
import { chromium } from "playwright-core";
import { serve } from "./server.mjs";

const [folder = "shots", ...only] = process.argv.slice(2);
const PAGES = {
  home: "/",
  dashboards: "/dashboards",
  data: "/data",
  table: "/data/local/demo/forecast",
  preview: "/data/local/demo/forecast?tab=preview",
  settings: "/settings",
  missing: "/nothing/here",
};
const ENTRY = { "sign-in": "/signin", link: "/signin?token=abc", setup: "/setup?token=abc" };
const FORMS = {
  light: { width: 1440, height: 900 },
  dark: { width: 1440, height: 900 },
  phone: { width: 390, height: 844 },
};

const inside = await serve();
const outside = await serve({
  signedIn: false,
  overrides: (_method, path) => (path === "/auth/state" ? { body: { setup_required: outside.setup } } : undefined),
});
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--font-render-hinting=none"],
});
for (const [name, path] of Object.entries({ ...PAGES, ...ENTRY })) {
  if (only.length && !only.includes(name)) continue;
  const server = name in ENTRY ? outside : inside;
  outside.setup = name === "setup";
  for (const [form, viewport] of Object.entries(FORMS)) {
    const context = await browser.newContext({
      viewport,
      deviceScaleFactor: 1.5,
      colorScheme: form === "dark" ? "dark" : "light",
    });
    const page = await context.newPage();
    page.on("console", (message) => console.log(name, form, message.type(), message.text()));
    page.on("pageerror", (error) => console.log(name, form, "error", error.message));
    await page.goto(`http://127.0.0.1:${server.address().port}${path}`, { waitUntil: "networkidle" });
    await page.screenshot({ path: `${folder}/${name}.${form}.png` });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (wide > 0) console.log(name, form, "is wider than the window by", wide);
    await context.close();
  }
}
await browser.close();
inside.close();
outside.close();
