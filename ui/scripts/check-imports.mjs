// The rooms of `src` and which of them each may enter:
// lib ← ui ← viz ← features ← app, with api beside lib. A feature never enters another feature.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

const SRC = resolve(import.meta.dirname, "../src");
const MAY_ENTER = {
  lib: [],
  api: ["lib"],
  ui: ["lib", "api"],
  viz: ["lib", "ui", "api"],
  features: ["lib", "ui", "viz", "api"],
  app: ["lib", "ui", "viz", "api", "features"],
};
const IMPORT = /(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g;

const sources = readdirSync(SRC, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
  .map((entry) => join(entry.parentPath, entry.name));

const faults = [];
for (const file of sources) {
  const [room, part] = relative(SRC, file).split("/");
  const text = readFileSync(file, "utf8");
  for (const [, name] of text.matchAll(IMPORT)) {
    const target = name.startsWith("@/")
      ? join(SRC, name.slice(2))
      : name.startsWith(".")
        ? resolve(dirname(file), name)
        : null;
    if (!target || !target.startsWith(SRC)) continue;
    const [toRoom, toPart] = relative(SRC, target).split("/");
    const allowed = toRoom === room ? room !== "features" || toPart === part : MAY_ENTER[room]?.includes(toRoom);
    if (!allowed) faults.push(`${relative(SRC, file)} may not import ${name}`);
  }
}
if (faults.length) {
  console.error(faults.join("\n"));
  process.exit(1);
}
