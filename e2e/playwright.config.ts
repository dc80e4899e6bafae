import { defineConfig } from "@playwright/test";

/**
 * The product as people meet it: the built binary with its sample lake, in the browser of the system. Nothing is
 * downloaded, and the browser talks to the server under test alone.
 */
export default defineConfig({
  testDir: "tests",
  outputDir: "results/failures",
  globalSetup: "./server.ts",
  // One server for all. Stories in different files run beside each other, so what they change is their own.
  workers: 2,
  fullyParallel: false,
  timeout: 60_000,
  // A machine that does other things beside is no fault of a story; what passes only the second time is listed as flaky.
  retries: process.env["CI"] ? 1 : 0,
  expect: { timeout: 10_000 },
  reporter: [["list"], ["json", { outputFile: "results/report.json" }]],
  use: {
    browserName: "chromium",
    viewport: { width: 1440, height: 900 },
    screenshot: "only-on-failure",
    trace: "off",
    launchOptions: {
      executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-default-apps",
        "--disable-domain-reliability",
        "--disable-sync",
        "--no-first-run",
        "--no-pings",
        "--disable-features=OptimizationHints,MediaRouter,Translate,AutofillServerCommunication,CertificateTransparencyComponentUpdater",
      ],
    },
  },
  projects: [
    { name: "first run", testMatch: "first-run.spec.ts" },
    {
      name: "signed in",
      testIgnore: [
        "first-run.spec.ts",
        "connections.spec.ts",
        "costs.spec.ts",
        "groups.spec.ts",
        "layout.spec.ts",
        "live.spec.ts",
        "sign-out.spec.ts",
        // Nothing is tested there; `PICTURES=1` has them made.
        ...(process.env["PICTURES"] ? [] : ["pictures.spec.ts"]),
      ],
      dependencies: ["first run"],
      use: { storageState: "results/session.json" },
    },
    // Adds catalogs and limits that the others would meet.
    {
      name: "administration",
      testMatch: ["connections.spec.ts", "costs.spec.ts"],
      dependencies: ["signed in"],
      use: { storageState: "results/session.json" },
    },
    // Watches what moves while a page loads: what another story saves in that moment would.
    {
      name: "undisturbed",
      testMatch: "layout.spec.ts",
      dependencies: ["administration"],
      use: { storageState: "results/session.json" },
    },
    // Its budget would stand among those of the costs.
    {
      name: "groups",
      testMatch: "groups.spec.ts",
      dependencies: ["undisturbed"],
      use: { storageState: "results/session.json" },
    },
    // Changes the data that the others read.
    {
      name: "live",
      testMatch: "live.spec.ts",
      dependencies: ["groups"],
      use: { storageState: "results/session.json" },
    },
    // Ends the session that the others use.
    {
      name: "sign out",
      testMatch: "sign-out.spec.ts",
      dependencies: ["live"],
      use: { storageState: "results/session.json" },
    },
  ],
});
