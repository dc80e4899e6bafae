// Reads what the client build wrote about its chunks.
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";

export const CLIENT = resolve(import.meta.dirname, "../dist/client");

/** Chunks by source path; empty before the first client build. */
export function readManifest() {
  const path = resolve(CLIENT, ".vite/manifest.json");
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : {};
}

/** The chunks that must be there before one runs, itself included. */
export function closure(manifest, key, seen = new Set()) {
  if (seen.has(key) || !manifest[key]) return seen;
  seen.add(key);
  for (const other of manifest[key].imports ?? []) closure(manifest, other, seen);
  return seen;
}

/** The entry of the client. */
export const entryOf = (manifest) => Object.keys(manifest).find((key) => manifest[key].isEntry);

/** Whether a chunk is a page's own. */
export const isPage = (key) => key.endsWith("-page.tsx");

/** By page, the script files that its first view loads beside those in `index.html`. */
export function pagePreloads(manifest) {
  const base = closure(manifest, entryOf(manifest));
  const pages = Object.keys(manifest).filter(isPage);
  return Object.fromEntries(
    pages.map((page) => [
      page.replace(/^src\/features\/|\.tsx$/g, ""),
      [...closure(manifest, page)].filter((key) => !base.has(key)).map((key) => `/${manifest[key].file}`),
    ]),
  );
}
