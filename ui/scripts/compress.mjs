// Writes `.gz` next to every compressible file of the client, so that the server never compresses an asset.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";

const CLIENT = resolve(import.meta.dirname, "../dist/client");

for (const entry of readdirSync(join(CLIENT, "assets"), { withFileTypes: true })) {
  if (!entry.isFile() || !/\.(js|css|svg|json)$/.test(entry.name)) continue;
  const path = join(entry.parentPath, entry.name);
  writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
}
