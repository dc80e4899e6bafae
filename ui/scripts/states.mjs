// Draws the US states once, at build time: projected, simplified and rounded to relative integer path strings.
// npm i --no-save us-atlas@3.0.1 topojson-client@3.1.0 && node scripts/states.mjs > src/viz/geo/states.json
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { feature } from "topojson-client";

const require = createRequire(import.meta.url);
const atlas = JSON.parse(readFileSync(require.resolve("us-atlas/states-albers-10m.json")));
const codes =
  "AL01 AK02 AZ04 AR05 CA06 CO08 CT09 DE10 DC11 FL12 GA13 HI15 ID16 IL17 IN18 IA19 KS20 KY21 LA22 ME23 MD24 MA25 MI26 MN27 MS28 MO29 MT30 NE31 NV32 NH33 NJ34 NM35 NY36 NC37 ND38 OH39 OK40 OR41 PA42 RI44 SC45 SD46 TN47 TX48 UT49 VT50 VA51 WA53 WV54 WI55 WY56";
const code = new Map(codes.split(" ").map((c) => [c.slice(2), c.slice(0, 2)]));
// The atlas is Albers in 975 × 610; the small islands are left out, and a state keeps only parts one can see.
const SCALE = 1;
const MIN_STEP = 2.4;
const states = [];
for (const f of feature(atlas, atlas.objects.states).features) {
  const id = code.get(f.id);
  if (!id) continue;
  const polygons = f.geometry.type === "Polygon" ? [f.geometry.coordinates] : f.geometry.coordinates;
  const rings = polygons.map((p) => p[0]).sort((a, b) => area(b) - area(a));
  const kept = rings.filter((r, i) => i === 0 || area(r) > 30);
  const points = kept.flat();
  const [cx, cy] = centroid(kept[0]);
  const xs = points.map((p) => p[0] * SCALE);
  const ys = points.map((p) => p[1] * SCALE);
  const box = [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)].map(Math.round);
  states.push({
    id,
    name: f.properties.name,
    x: Math.round(cx * SCALE),
    y: Math.round(cy * SCALE),
    box,
    d: kept.map(path).join(""),
  });
}
states.sort((a, b) => (a.id < b.id ? -1 : 1));
console.log(`{"width":975,"height":610,"states":[\n${states.map((s) => JSON.stringify(s)).join(",\n")}\n]}`);

function path(ring) {
  let [x, y] = ring[0].map((v) => Math.round(v * SCALE));
  let out = `M${x} ${y}l`;
  const parts = [];
  for (const p of ring.slice(1)) {
    const [px, py] = p.map((v) => Math.round(v * SCALE));
    if (Math.hypot(px - x, py - y) < MIN_STEP) continue;
    parts.push(`${px - x} ${py - y}`);
    x = px;
    y = py;
  }
  out += parts.join(" ").replaceAll(" -", "-");
  return `${out}z`;
}
function area(r) {
  let a = 0;
  for (let i = 0, j = r.length - 1; i < r.length; j = i++) a += (r[j][0] - r[i][0]) * (r[j][1] + r[i][1]);
  return Math.abs(a / 2);
}
function centroid(r) {
  let a = 0,
    x = 0,
    y = 0;
  for (let i = 0, j = r.length - 1; i < r.length; j = i++) {
    const k = r[j][0] * r[i][1] - r[i][0] * r[j][1];
    a += k;
    x += (r[j][0] + r[i][0]) * k;
    y += (r[j][1] + r[i][1]) * k;
  }
  return [x / (3 * a), y / (3 * a)];
}
