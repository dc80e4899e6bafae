import { areaPath, linePath, r1 } from "../marks";
import { extent } from "../read";

const scale = (range: [number, number], height: number, inset: number): ((v: number) => number) => {
  const [low, high] = range;
  return high === low ? () => height / 2 : (v) => height - inset - ((v - low) / (high - low)) * (height - 2 * inset);
};
const svg = (w: number, h: number, body: string): string =>
  `<svg class="lv-sp" width="${w}" height="${h}" viewBox="0 0 ${w} ${h}" aria-hidden="true">${body}</svg>`;

/** A word-sized line, with a band around it or a dot at its end. */
export function sparkLine(
  values: (number | null)[],
  {
    w = 112,
    h = 36,
    low,
    high,
    dot = true,
  }: { w?: number; h?: number; low?: (number | null)[]; high?: (number | null)[]; dot?: boolean } = {},
): string {
  const range = extent(low && high ? values.concat(low, high) : values);
  if (!range || values.length < 2) return svg(w, h, "");
  const y = scale(range, h, 3);
  const xs = values.map((_, i) => 1 + (i / (values.length - 1)) * (w - 5));
  const ys = (list: (number | null)[]): (number | null)[] => list.map((v) => (v === null ? null : y(v)));
  const end = values[values.length - 1] ?? null;
  return svg(
    w,
    h,
    (low && high ? `<path class="q90" d="${areaPath(xs, ys(low), ys(high))}"/>` : "") +
      `<path class="q" d="${linePath(xs, ys(values))}"/>` +
      (dot && end !== null ? `<circle cx="${r1(xs[xs.length - 1] ?? 0)}" cy="${r1(y(end))}" r="2.5"/>` : ""),
  );
}

/** Changes around zero; the last one stands out. */
export function sparkBars(values: (number | null)[], { w = 112, h = 36 } = {}): string {
  const most = Math.max(0, ...values.map((v) => Math.abs(v ?? 0)));
  if (most === 0) return svg(w, h, `<path class="a" d="M0 ${h / 2}H${w}"/>`);
  const y = scale([-most, most], h, 1);
  const step = w / values.length;
  const zero = y(0);
  const bars = values.map((v, i) =>
    v === null
      ? ""
      : `<rect class="${v < 0 ? "dn" : "dp"}${i === values.length - 1 ? " z" : ""}" x="${r1(i * step + 1)}" width="${r1(Math.max(1, step - 2))}" y="${r1(Math.min(zero, y(v)))}" height="${r1(Math.max(1, Math.abs(y(v) - zero)))}"/>`,
  );
  return svg(w, h, `<path class="a" d="M0 ${r1(zero)}H${w}"/>${bars.join("")}`);
}

/** A change against zero in the middle of a small track. */
export function changeBar(v: number, most: number, w = 64): string {
  const x = w / 2;
  const length = most > 0 ? (Math.min(Math.abs(v), most) / most) * x : 0;
  return svg(
    w,
    12,
    `<rect class="${v < 0 ? "dn" : "dp"}" x="${r1(v < 0 ? x - length : x)}" y="2" width="${r1(Math.max(0.6, length))}" height="8"/><path class="a" d="M${x} 0v12"/>`,
  );
}

/** A range with its middle, all rows on one scale. */
export function rangeBar(low: number, middle: number, high: number, [from, to]: [number, number], w = 168): string {
  const x = (v: number): number => (to === from ? w / 2 : ((v - from) / (to - from)) * w);
  return svg(
    w,
    12,
    `<rect class="q90" x="${r1(x(low))}" y="3" width="${r1(Math.max(1, x(high) - x(low)))}" height="6" rx="1"/><path class="q" d="M${r1(x(middle))} 0v12"/>`,
  );
}
