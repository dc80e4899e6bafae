import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { api, broken, brokenInAnyTheme, expect, picture, test } from "../support";

const FILE = "id,amount\n1,10\n2,20\n";

/** An S3 of one bucket with one file, for those whose key is good. */
class Bucket {
  good = new Set<string>();
  private server: Server;

  constructor() {
    this.server = createServer((request, response) => {
      const key = /Credential=([^/]+)/.exec(request.headers.authorization ?? "")?.[1] ?? "";
      const listing = request.url?.includes("list-type=2");
      if (!this.good.has(key)) {
        const action = listing ? "s3:ListBucket" : "s3:GetObject";
        response.writeHead(403, { "content-type": "application/xml" });
        return response.end(
          `<Error><Code>AccessDenied</Code><Message>User: arn:aws:iam::123456789012:user/ada is not authorized to perform: ${action} on resource: arn:aws:s3:::lake because no identity-based policy allows it</Message></Error>`,
        );
      }
      if (listing) {
        response.writeHead(200, { "content-type": "application/xml" });
        return response.end(
          `<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>demo/sales.csv</Key><Size>${FILE.length}</Size><LastModified>2025-01-01T00:00:00.000Z</LastModified><ETag>&quot;e&quot;</ETag></Contents></ListBucketResult>`,
        );
      }
      const [, from, to] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? "") ?? [];
      const [first, last] = [Number(from ?? 0), to ? Math.min(Number(to), FILE.length - 1) : FILE.length - 1];
      response.writeHead(from === undefined ? 200 : 206, {
        etag: '"e"',
        "last-modified": "Wed, 01 Jan 2025 00:00:00 GMT",
        "content-range": `bytes ${first}-${last}/${FILE.length}`,
      });
      return response.end(FILE.slice(first, last + 1));
    });
  }

  start = () =>
    new Promise<string>((done) =>
      this.server.listen(0, "127.0.0.1", () =>
        done(`http://127.0.0.1:${(this.server.address() as AddressInfo).port}`),
      ),
    );
  stop = () => this.server.close();
}

test("an administrator adds a connection, learns what is missing, rotates its secret and removes it", async ({
  page,
  complaints,
}) => {
  complaints.expect(/status of 422/);
  const bucket = new Bucket();
  const endpoint = await bucket.start();
  try {
    await page.goto("/settings");
    await page.getByRole("button", { name: /^Account of/ }).click();
    await page.getByRole("menuitem", { name: "Connections" }).click();
    await expect(page.getByRole("heading", { level: 1, name: "Connections" })).toBeVisible();
    await expect(page.getByRole("row", { name: /local/ })).toContainText("looked at");

    await page.getByRole("button", { name: "New connection" }).click();
    const dialog = page.getByRole("alertdialog");
    await dialog.getByLabel("Name", { exact: true }).fill("archive");
    await dialog.getByLabel("Place").fill("s3://lake");
    await dialog.getByLabel("Region").fill("us-east-1");
    await dialog.getByLabel("Endpoint").fill(endpoint);
    await dialog.getByLabel("Credentials").selectOption("An access key");
    await dialog.getByLabel("Access key ID").fill("AKIDONE");
    await dialog.getByLabel("Secret access key").fill("first-secret");
    await dialog.getByRole("button", { name: "Check" }).click();
    await expect(dialog.getByText("One thing does not work")).toBeVisible();
    await expect(dialog.locator("pre")).toContainText('"Action": "s3:ListBucket"');
    await expect(dialog.locator("pre")).toContainText('"Resource": "arn:aws:s3:::lake"');
    expect(await broken(page, { within: "[role=alertdialog]" })).toEqual([]);
    await picture(page, "connection-check");

    await dialog.getByRole("button", { name: "Add connection" }).click();
    await expect(dialog.getByRole("alert")).toContainText("s3:ListBucket");
    bucket.good.add("AKIDONE");
    await dialog.getByRole("button", { name: "Add connection" }).click();
    await expect(dialog).toHaveCount(0);
    const row = page.getByRole("row", { name: /archive/ });
    await expect(row).toContainText("Amazon S3");

    const actions = page.getByRole("button", { name: "Actions for archive" });
    await actions.click();
    await page.getByRole("menuitem", { name: "Check" }).click();
    await expect(page.getByRole("dialog").getByText("It works")).toBeVisible();
    await page.keyboard.press("Escape");

    await actions.click();
    await page.getByRole("menuitem", { name: "Replace the secret" }).click();
    await dialog.getByLabel("Secret access key").fill("second-secret");
    await dialog.getByRole("button", { name: "Replace the secret" }).click();
    await expect(dialog).toHaveCount(0);

    // Everything by keys: open, change, save.
    await actions.focus();
    await page.keyboard.press("Enter");
    await page.keyboard.press("ArrowDown");
    await expect(page.getByRole("menuitem", { name: "Change" })).toBeFocused();
    await page.keyboard.press("Enter");
    await expect(dialog.getByLabel("Secret access key")).toHaveValue("");
    await dialog.getByLabel("Region").fill("eu-west-1");
    await page.keyboard.press("Enter");
    await expect(dialog).toHaveCount(0);
    const { body } = await api<{ settings: Record<string, string> }>(page, "GET", "/connections/archive");
    expect(body.settings).toMatchObject({ region: "eu-west-1", access_key_id: "AKIDONE" });
    expect(JSON.stringify(body)).not.toContain("secret-");

    expect(await brokenInAnyTheme(page)).toEqual([]);
    await picture(page, "connections");

    await actions.click();
    await page.getByRole("menuitem", { name: "Remove" }).click();
    await expect(page.getByRole("alertdialog", { name: "Remove archive?" })).toBeVisible();
    await dialog.getByRole("button", { name: "Remove" }).click();
    await expect(row).toHaveCount(0);
  } finally {
    bucket.stop();
  }
});

test("on a phone the form fits and is free of barriers", async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto("/admin/connections");
  await page.getByRole("button", { name: "New connection" }).click();
  await expect(page.getByRole("alertdialog")).toBeVisible();
  expect(await broken(page, { within: "[role=alertdialog]" })).toEqual([]);
  expect(
    await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
  ).toBeLessThanOrEqual(0);
  await picture(page, "connection-phone");
});
