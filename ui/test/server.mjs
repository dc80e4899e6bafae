// Serves the built UI as the product does: server-rendered pages, assets, and the fixtures as API.
//   node test/server.mjs [port]        then open http://127.0.0.1:<port>/
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, resolve } from "node:path";
import vm from "node:vm";
import { answer, me, NOW, partitions } from "./fixtures.mjs";

const DIST = resolve(import.meta.dirname, "../dist");
const TYPES = { ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".woff2": "font/woff2" };
const NONCE = "test-nonce";
const CSP = `default-src 'self'; script-src 'nonce-${NONCE}' 'strict-dynamic'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'`;

vm.runInThisContext(readFileSync(join(DIST, "server/entry-server.js"), "utf8"));
// Read once: a build that happens meanwhile does not pull the files from under a page.
const assets = new Map(
  readdirSync(join(DIST, "client/assets")).map((name) => [
    `/assets/${name}`,
    readFileSync(join(DIST, "client/assets", name)),
  ]),
);
const template = readFileSync(join(DIST, "client/index.html"), "utf8");

const script = (json) =>
  json.replace(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** The page at a path; `ssr: false` sends it as after a failed render. */
export async function page(url, { signedIn = true, theme = "system", ssr = true } = {}) {
  const state = JSON.stringify({
    url,
    now: NOW,
    theme,
    me: signedIn ? { ...me, preferences: { theme } } : null,
    data: {},
  });
  const drawn = ssr ? await globalThis.render(state) : { status: 200, html: "", head: "", errors: [] };
  if (drawn.errors.length) console.error(drawn.errors.join("\n"));
  const html = template
    .replaceAll("__NONCE__", NONCE)
    .replace("__THEME__", theme)
    .replace("__SSR__", ssr ? "1" : "0")
    .replace("<!--lf-head-->", () => drawn.head)
    .replace("<!--lf-html-->", () => drawn.html)
    .replace(
      "<!--lf-state-->",
      () => `<script type="application/json" id="lf-state" nonce="${NONCE}">${script(state)}</script>`,
    );
  return { status: drawn.status, html };
}

/** `overrides` answers a method and path before the fixtures do: `{status, body}` or undefined. */
export function serve({ port = 0, overrides = () => undefined, requests = [], ...options } = {}) {
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, "http://local");
    requests.push(`${request.method} ${pathname}`);
    if (pathname.startsWith("/api/v1")) {
      const path = pathname.slice("/api/v1".length);
      const special = overrides(request.method, path);
      const body = special
        ? special.body
        : request.method === "GET"
          ? answer(path)
          : path === "/executions"
            ? partitions
            : {};
      const status = special?.status ?? (body === undefined ? 404 : 200);
      const problem = {
        type: "about:blank",
        title: "Not found",
        status: 404,
        detail: "There is no such thing.",
        code: "NOT_FOUND",
        request_id: "r1",
      };
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(body ?? problem));
      return;
    }
    const asset = assets.get(pathname);
    if (asset) {
      response.writeHead(200, { "content-type": TYPES[extname(pathname)] ?? "application/octet-stream" });
      response.end(asset);
      return;
    }
    const theme = searchParams.get("theme") ?? options.theme;
    const { status, html } = await page(request.url, { ...options, theme });
    response.writeHead(status, { "content-type": "text/html; charset=utf-8", "content-security-policy": CSP });
    response.end(html);
  });
  return new Promise((done) => server.listen(port, "127.0.0.1", () => done(server)));
}

if (process.argv[1] === import.meta.filename) {
  const server = await serve({ port: Number(process.argv[2] ?? 0) });
  console.log(`http://127.0.0.1:${server.address().port}/`);
}
