// Prints what each page loads before it can be used, and fails when the dashboard passes its budget.
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { CLIENT, closure, entryOf, isPage, readManifest } from "./manifest.mjs";

const SERVER = resolve(import.meta.dirname, "../dist/server/entry-server.js");
const BUDGET_KB = { "features/dashboards/dashboard-page.tsx": 150 };

const manifest = readManifest();
const sizes = new Map();
const gzipped = (file) => {
  if (!sizes.has(file)) sizes.set(file, gzipSync(readFileSync(join(CLIENT, file)), { level: 9 }).length);
  return sizes.get(file);
};

const kB = (bytes) => (bytes / 1000).toFixed(1).padStart(8);
const base = closure(manifest, entryOf(manifest));
let over = false;
console.log("first load, kB gzipped: total and the part of its own");
for (const [key, chunk] of Object.entries(manifest)) {
  if (!chunk.isEntry && !isPage(key)) continue;
  const all = closure(manifest, key, new Set(base));
  const total = [...all].reduce((sum, each) => sum + gzipped(manifest[each].file), 0);
  const own = chunk.isEntry ? total : total - [...base].reduce((sum, each) => sum + gzipped(manifest[each].file), 0);
  const name = key.replace("src/", "");
  const budget = BUDGET_KB[name];
  console.log(`${kB(total)} ${kB(own)}  ${name}${budget ? ` (budget ${budget})` : ""}`);
  if (budget && total > budget * 1000) over = true;
}
const styles = readdirSync(join(CLIENT, "assets")).filter((name) => name.endsWith(".css"));
console.log(`${kB(styles.reduce((sum, file) => sum + gzipped(`assets/${file}`), 0))}           styles`);
console.log(`${kB(readFileSync(SERVER).length)}           entry-server.js, raw`);
if (over) {
  console.error("The first load of a dashboard is over its budget.");
  process.exit(1);
}
