import { group } from "@/lib/format";
import type { NumberStyle } from "./spec";

/* Minus is U+2212 and a per cent follows a no-break space. No Intl: the same bytes in every engine. */
const MINUS = "−";
const NBSP = " ";
const signed = (v: number, body: string, plus: boolean): string =>
  (v < 0 || plus) && /[1-9]/.test(body) ? (v < 0 ? MINUS : "+") + body : body;
/** By hand, as commas are: most of a table's figures pass through here. */
function withoutZeros(places: string): string {
  let end = places.length;
  while (places[end - 1] === "0") end--;
  return places.slice(0, end);
}

/** `204,356`; small numbers keep what tells them apart. */
export function full(v: number, digits?: number, plus = false): string {
  const a = Math.abs(v);
  if (a >= 1e21) return signed(v, a.toExponential(2), plus);
  const places =
    digits ??
    (a >= 1000 || Number.isInteger(v) ? 0 : a >= 1 ? 2 : a === 0 ? 0 : Math.min(8, 2 - Math.floor(Math.log10(a))));
  const text = a.toFixed(places);
  if (places === 0) return signed(v, group(text), plus);
  const dot = text.length - places - 1;
  const kept = digits === undefined ? withoutZeros(text.slice(dot + 1)) : text.slice(dot + 1);
  return signed(v, group(text.slice(0, dot)) + (kept ? `.${kept}` : ""), plus);
}

const steps: [number, string][] = [
  [1, ""],
  [1e3, "k"],
  [1e6, "M"],
  [1e9, "B"],
  [1e12, "T"],
];

/** Figure and unit letter apart, in `figures` significant digits: `['15.67', 'M']`. */
export function parts(v: number, figures = 3, like = v): [string, string] {
  const a = Math.abs(v);
  const size = Math.abs(like);
  if (size >= 1e15) return [signed(v, a.toExponential(1), false), ""];
  let i = 0;
  while (i < steps.length - 1 && size >= (steps[i + 1]?.[0] ?? 0) * 0.9995) i++;
  const [unit, letter] = steps[i] ?? [1, ""];
  const scaled = a / unit;
  const places = scaled === 0 ? 0 : Math.max(0, Math.min(6, figures - 1 - Math.floor(Math.log10(scaled))));
  const text = scaled.toFixed(places);
  return [signed(v, places === 0 ? group(text) : text, false), letter];
}
/** `150k`, `2.34M`: axes and labels. */
export function compact(v: number): string {
  const [figure, letter] = parts(v);
  return (figure.includes(".") ? figure.replace(/\.?0+$/, "") : figure) + letter;
}
export const percent = (v: number, digits = 0, plus = false): string =>
  signed(v, `${full(Math.abs(v) * 100, digits)}`, plus) + NBSP + "%";

/** A value in full, as tooltips and cells write it. */
export function value(v: number | null, style: NumberStyle = "number", digits?: number): string {
  if (v === null) return "–";
  if (style === "percent") return percent(v, digits ?? 1);
  return style === "compact" ? compact(v) : full(v, digits);
}
/** The same on an axis. */
export const axis = (v: number, style: NumberStyle = "number"): string =>
  style === "percent" ? percent(v, Math.abs(v * 100) % 1 > 1e-9 ? 1 : 0) : compact(v);

export const monthNames = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];
export const weekdayNames = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const month = (d: Date): string => (monthNames[d.getUTCMonth()] ?? "").slice(0, 3);
const two = (n: number): string => (n < 10 ? `0${n}` : String(n));

/** `1 Jan` */
export function day(ms: number): string {
  const d = new Date(ms);
  return `${d.getUTCDate()} ${month(d)}`;
}
/** `Sat 22 Feb` */
export const weekday = (ms: number): string => `${weekdayNames[(new Date(ms).getUTCDay() + 6) % 7]} ${day(ms)}`;
/** `1 Jan 2025` */
export const date = (ms: number): string => `${day(ms)} ${new Date(ms).getUTCFullYear()}`;
/** `06:12`, `06:12:05` */
export function clock(ms: number): string {
  const d = new Date(ms);
  const seconds = d.getUTCSeconds();
  return `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}${seconds ? `:${two(seconds)}` : ""}`;
}
/** A day with its time, unless that is midnight. */
const timed = (day: string, ms: number): string => (ms % 864e5 === 0 ? day : `${day}, ${clock(ms)}`);
/** `1 Jan 2025, 06:12` */
export const stamp = (ms: number): string => timed(date(ms), ms);
/** `2025-01-01` */
export const isoDay = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
/** `Sat 22 Feb 2025, 06:12` */
export const moment = (ms: number): string => timed(`${weekday(ms)} ${new Date(ms).getUTCFullYear()}`, ms);
/** `1 Jan – 1 Apr 2025`, the year once where it is the same. */
export function dayRange(from: number, to: number): string {
  if (from === to) return date(from);
  const same = new Date(from).getUTCFullYear() === new Date(to).getUTCFullYear();
  return `${same ? day(from) : date(from)} – ${date(to)}`;
}
