import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import tailwind from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";
import { pagePreloads, readManifest } from "./scripts/manifest.mjs";

/** Export conditions that pick the edge builds, and so the router's server flags. */
const edge = ["workerd", "worker", "module", "import", "production", "default"];

/**
 * The server draws pages, and pages come by dynamic import from the route table alone. What else is loaded lazily
 * (editors, menus, dialogs) waits for a person, so none of it goes into the server bundle.
 */
const pagesOnly = (): Plugin => ({
  name: "pages-only",
  enforce: "pre",
  resolveId(_source, importer, { kind }: { kind?: string }) {
    return kind === "dynamic-import" && !importer?.endsWith("/app/routes.tsx") ? "\0browser-only" : null;
  },
  load: (id) => (id === "\0browser-only" ? "export {}" : null),
});

/**
 * What the server sends ahead of a page's data ends at the mark: styles and scripts have to stand before it. The entry is
 * imported after what the server drew is on the screen, since taking it over need not stand between it and the reader; a
 * tab in the background has no frames. Where it can't be had, the page is one without a script: its filters open and apply. Pages that caches repeat name these scripts by their hashes, which the server reads
 * from a comment.
 */
const arrange = (): Plugin => ({
  name: "arrange",
  apply: "build",
  transformIndexHtml: {
    order: "post",
    handler: (html) => {
      const [before = "", block, after = ""] = html.split(/(<!--lf-head-->.*?<\/script>)/s);
      const [, entry = ""] = /<script type="module" crossorigin src="([^"]+)"[^>]*><\/script>/.exec(after) ?? [];
      const start = `<script nonce="__NONCE__">
      {
        lfShow();
        const start = () =>
          import("${entry}").catch((error) => {
            for (const text of document.querySelectorAll(".ld-pick noscript")) text.outerHTML = text.textContent;
            throw error;
          });
        if (document.getElementById("lf-root").dataset.ssr === "1") {
          requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(start)));
          setTimeout(start, 1000);
        } else start();
      }
    </script>`;
      const preload = `<link rel="modulepreload" crossorigin href="${entry}" nonce="__NONCE__">`;
      const page = (before + after)
        .replace(/<script type="module" crossorigin [^>]*><\/script>/, preload)
        .replace("</head>", `${block}\n  </head>`)
        .replace("</body>", `${start}\n  </body>`);
      const scripts = [...page.matchAll(/<script(?: nonce="__NONCE__")?>(.*?)<\/script>/gs)].map(
        ([, text = ""]) => ` 'sha256-${createHash("sha256").update(text).digest("base64")}'`,
      );
      return page.replace("<head>", `<head>\n    <!--lf-scripts${scripts.join("")}-->`);
    },
  },
});

export default defineConfig(({ isSsrBuild }) => ({
  plugins: [react(), tailwind(), arrange(), isSsrBuild && pagesOnly()],
  html: { cspNonce: "__NONCE__" },
  resolve: {
    alias: {
      "@": fileURLToPath(new URL("src", import.meta.url)),
      // The shim carries its own copy of a hook that React has.
      "use-sync-external-store/shim/with-selector": "use-sync-external-store/with-selector",
      // The entry of the package carries the streaming renderer too, which pages without Suspense have no use for.
      ...(isSsrBuild
        ? {
            "react-dom/server": fileURLToPath(
              new URL("node_modules/react-dom/cjs/react-dom-server-legacy.browser.production.js", import.meta.url),
            ),
          }
        : {}),
    },
    ...(isSsrBuild ? { conditions: edge } : {}),
  },
  define: isSsrBuild
    ? {
        "process.env.NODE_ENV": '"production"',
        "process.env.TSS_INLINE_CSS_ENABLED": '"false"',
        __PAGE_PRELOADS__: JSON.stringify(pagePreloads(readManifest())),
      }
    : {},
  ssr: { target: "webworker", noExternal: isSsrBuild || undefined, resolve: { conditions: edge } },
  build: {
    target: "es2022",
    outDir: isSsrBuild ? "dist/server" : "dist/client",
    manifest: !isSsrBuild,
    minify: true,
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    // One stylesheet for all pages: the server's HTML is styled before any chunk arrives.
    cssCodeSplit: false,
    reportCompressedSize: false,
    // The server bundle is one classic script: QuickJS evaluates it and finds `globalThis.render`.
    rolldownOptions: isSsrBuild
      ? { output: { codeSplitting: false, format: "iife" as const, entryFileNames: "entry-server.js" } }
      : {
          output: {
            codeSplitting: {
              groups: [
                // Changes with dependencies only, so it stays cached from release to release.
                {
                  name: "vendor",
                  test: /node_modules\/(react|react-dom|scheduler|use-sync-external-store|@tanstack\/(react-router|router-core|history|react-store|store|react-query|query-core))\//,
                },
                // One file of small things that most pages use, instead of twenty.
                {
                  name: "ui",
                  test: /\/src\/(ui\/(?!overlay)|lib\/|api\/)|node_modules\/lucide-react\//,
                  minShareCount: 3,
                },
              ],
            },
          },
        },
  },
  server: { proxy: { "/api": "http://127.0.0.1:3000" } },
  test: { environment: "node", include: ["src/**/*.test.{ts,tsx}", "test/**/*.test.{ts,tsx}"] },
}));
