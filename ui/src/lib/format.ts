/**
 * Numbers, sizes, money and dates as text. No `Intl` and no time zone of the machine: server and browser write the
 * same bytes, always in UTC. Minus is U+2212.
 */

const MINUS = "\u2212";

const signed = (negative: boolean, text: string) => (negative && /[1-9]/.test(text) ? MINUS + text : text);

/** A comma before every three figures. By hand: a regular expression takes the server's interpreter eight times as long. */
export function group(digits: string): string {
  let at = digits.length - 3;
  let text = digits.slice(Math.max(0, at));
  for (; at > 0; at -= 3) text = `${digits.slice(Math.max(0, at - 3), at)},${text}`;
  return text;
}

const trim = (text: string) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);

/** `204356` → `204,356`. At most `decimals` places; `fixed` keeps trailing zeros. */
export function full(value: number | bigint, decimals = 0, fixed = false): string {
  if (typeof value === "bigint") return signed(value < 0n, group(String(value < 0n ? -value : value)));
  if (!Number.isFinite(value)) return notFinite(value);
  const [whole = "0", rest] = Math.abs(value).toFixed(decimals).split(".");
  const text = group(whole) + (rest ? `.${rest}` : "");
  return signed(value < 0, fixed ? text : trim(text));
}

const notFinite = (value: number) => (Number.isNaN(value) ? "NaN" : value > 0 ? "∞" : `${MINUS}∞`);

/** Three significant digits without trailing zeros: `12.44` → `12.4`. */
function short(value: number): string {
  const places = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return trim(value.toFixed(places));
}

/** The largest step whose rounded figure stays under the next one: 999,950 is `1M`, not `1000k`. */
function scale(value: number, base: number, names: readonly string[]): { figure: string; name: string } {
  let power = 0;
  while (power < names.length - 1 && Number(short(value / base ** power)) >= base) power += 1;
  return { figure: short(value / base ** power), name: names[power] ?? "" };
}

/** For axes and tight places: `1.25M`, `150k`, `−0.5`. */
export function compact(value: number): string {
  if (!Number.isFinite(value)) return notFinite(value);
  const size = Math.abs(value);
  if (size > 0 && size < 1) return signed(value < 0, trim(size < 0.001 ? size.toPrecision(2) : size.toFixed(3)));
  const { figure, name } = scale(size, 1000, ["", "k", "M", "B", "T"]);
  return signed(value < 0, figure + name);
}

/** A share as per cent with a space: `0.008` → `0.8 %`; `sign` writes a plus too. */
export function percent(share: number, decimals = 1, sign = false): string {
  if (!Number.isFinite(share)) return notFinite(share);
  const text = full(share * 100, decimals);
  return `${sign && share > 0 && /[1-9]/.test(text) ? "+" : ""}${text} %`;
}

/** Decimal units: `12.4 MB`, `12 kB`, `0 B`. */
export function bytes(value: number): string {
  const { figure, name } = scale(value, 1000, ["B", "kB", "MB", "GB", "TB", "PB"]);
  return `${figure} ${name}`;
}

/** Money as a decimal text or number of dollars: `$9.20`; under a cent as many places as the first figure needs. */
export function usd(value: string | number): string {
  const amount = Number(value);
  if (!Number.isFinite(amount)) return "—";
  const size = Math.abs(amount);
  if (size === 0) return "$0";
  if (size >= 0.01)
    return signed(amount < 0, `$${group(size.toFixed(2).split(".")[0] ?? "")}.${size.toFixed(2).split(".")[1]}`);
  if (size < 0.000005) return "under $0.00001";
  return signed(amount < 0, `$${trim(size.toFixed(5))}`);
}

/** The price of scanning bytes at dollars a terabyte. */
export const scanPrice = (scanned: number, perTerabyte = 5): string => usd((scanned / 1e12) * perTerabyte);

/** Run times: `38 ms`, `1.8 s`, `2 min 5 s`, `1 h 4 min`. */
export function duration(milliseconds: number): string {
  const ms = Math.max(0, milliseconds);
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${trim((ms / 1000).toFixed(1))} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min${seconds % 60 ? ` ${seconds % 60} s` : ""}`;
  const minutes = Math.floor(seconds / 60);
  return `${Math.floor(minutes / 60)} h${minutes % 60 ? ` ${minutes % 60} min` : ""}`;
}

/** Exact run time under results: `0.184 s`. */
export const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(3)} s`;

/** `1 row`, `204,356 rows`. */
export const count = (n: number, one: string, many = `${one}s`): string => `${full(n)} ${n === 1 ? one : many}`;

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;

type When = string | number | Date;

/** Reads RFC 3339, `2025-01-31`, `2025-01-31 06:12:00` (taken as UTC), or milliseconds. */
export function instant(when: When): Date {
  if (typeof when !== "string") return new Date(when);
  const text = when.includes("T") ? when : when.replace(" ", "T");
  if (/^\d{4}-\d\d-\d\d$/.test(text)) return new Date(`${text}T00:00:00Z`);
  return new Date(/(?:Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`);
}

const two = (n: number) => String(n).padStart(2, "0");

/** `1 Jan`. */
export function dayMonth(when: When): string {
  const d = instant(when);
  return Number.isNaN(d.getTime()) ? "—" : `${d.getUTCDate()} ${MONTHS[d.getUTCMonth()]}`;
}

/** `1 Jan 2025`. */
export function date(when: When): string {
  const d = instant(when);
  return Number.isNaN(d.getTime()) ? "—" : `${dayMonth(d)} ${d.getUTCFullYear()}`;
}

/** `06:12`. */
export function time(when: When): string {
  const d = instant(when);
  return Number.isNaN(d.getTime()) ? "—" : `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}`;
}

/** `1 Jan 2025, 06:12`. */
export const dateTime = (when: When): string => `${date(when)}, ${time(when)}`;

/** `2025-01-31`. */
export function isoDate(when: When): string {
  const d = instant(when);
  return `${d.getUTCFullYear()}-${two(d.getUTCMonth() + 1)}-${two(d.getUTCDate())}`;
}

/** `1 Jan – 1 Apr 2025`; the year stands once when both ends share it. */
export function dateRange(from: When, to: When): string {
  const [a, b] = [instant(from), instant(to)];
  if (isoDate(a) === isoDate(b)) return date(a);
  return `${a.getUTCFullYear() === b.getUTCFullYear() ? dayMonth(a) : date(a)} – ${date(b)}`;
}

/** Days from `from` to `to`, both included. */
export const daysBetween = (from: When, to: When): number =>
  Math.round((instant(to).getTime() - instant(from).getTime()) / 86_400_000) + 1;

/** `just now`, `4 min ago`, `3 h ago`, `2 days ago`; older than a month, the date. */
export function ago(when: When, now: number): string {
  const d = instant(when);
  const minutes = Math.floor((now - d.getTime()) / 60_000);
  if (Number.isNaN(minutes)) return "—";
  if (minutes < 1) return "just now";
  if (minutes < 60) return `${minutes} min ago`;
  if (minutes < 1440) return `${Math.floor(minutes / 60)} h ago`;
  const days = Math.floor(minutes / 1440);
  return days < 31 ? `${days} ${days === 1 ? "day" : "days"} ago` : date(d);
}

/** `06:12 today`, `yesterday`, `30 Dec`, `30 Dec 2023`. */
export function changed(when: When, now: number): string {
  const d = instant(when);
  const days = Math.floor(now / 86_400_000) - Math.floor(d.getTime() / 86_400_000);
  if (Number.isNaN(days)) return "—";
  if (days <= 0) return `${time(d)} today`;
  if (days === 1) return "yesterday";
  return d.getUTCFullYear() === new Date(now).getUTCFullYear() ? dayMonth(d) : date(d);
}
