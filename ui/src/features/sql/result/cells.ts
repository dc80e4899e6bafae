import type { CellType, Raw } from "./arrow";

const MINUS = "\u2212";
const DAY_MS = 86_400_000;

/** Right-aligned with tabular figures. */
export function isNumeric(type: CellType): boolean {
  return type.kind === "integer" || type.kind === "float" || type.kind === "decimal";
}

/** Has an order that a histogram can show. */
export function isContinuous(type: CellType): boolean {
  return isNumeric(type) || type.kind === "date" || type.kind === "timestamp";
}

function group(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, ",");
}

function typographic(plain: string, grouped: boolean): string {
  const [, sign = "", whole = "", rest = ""] = /^(-?)(\d+)(.*)$/.exec(plain) ?? [];
  if (whole === "") return plain.replace("-", MINUS);
  return `${sign && MINUS}${grouped ? group(whole) : whole}${rest.replace("e-", `e${MINUS}`)}`;
}

function decimalText(scaled: bigint | number, scale: number): string {
  const value = BigInt(scaled);
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, "0");
  const sign = value < 0n ? "-" : "";
  return scale <= 0 ? `${sign}${digits}` : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

const pad = (value: number, width = 2) => String(value).padStart(width, "0");

function dateText(ms: number): string {
  const date = new Date(ms);
  const year = date.getUTCFullYear();
  const yearText = year < 0 ? `-${pad(-year, 4)}` : pad(year, 4);
  return `${yearText}-${pad(date.getUTCMonth() + 1)}-${pad(date.getUTCDate())}`;
}

function floorDiv(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b < 0n ? quotient - 1n : quotient;
}

interface Clock {
  hours: number;
  minutes: number;
  seconds: number;
  /** Digits after the seconds, as many as the type has. */
  fraction: string;
}

function clock(unitsOfDay: bigint, scale: number): Clock {
  const perSecond = 10n ** BigInt(scale);
  const seconds = Number(unitsOfDay / perSecond);
  const fraction = scale === 0 ? "" : (unitsOfDay % perSecond).toString().padStart(scale, "0");
  return { hours: Math.floor(seconds / 3600), minutes: Math.floor(seconds / 60) % 60, seconds: seconds % 60, fraction };
}

function clockText(time: Clock): string {
  return `${pad(time.hours)}:${pad(time.minutes)}:${pad(time.seconds)}${time.fraction === "" ? "" : `.${time.fraction}`}`;
}

/** The shortest form that loses nothing; a column of whole minutes shows no seconds. */
function briefClock(time: Clock): string {
  const fraction = time.fraction.replace(/0+$/, "");
  if (fraction !== "") return `${pad(time.hours)}:${pad(time.minutes)}:${pad(time.seconds)}.${fraction}`;
  return time.seconds === 0
    ? `${pad(time.hours)}:${pad(time.minutes)}`
    : `${pad(time.hours)}:${pad(time.minutes)}:${pad(time.seconds)}`;
}

function splitTimestamp(raw: Raw, scale: number): { date: string; time: Clock } {
  const perDay = 86_400n * 10n ** BigInt(scale);
  const value = BigInt(raw as bigint | number);
  const days = floorDiv(value, perDay);
  return { date: dateText(Number(days) * DAY_MS), time: clock(value - days * perDay, scale) };
}

function base64(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 4096) text += String.fromCharCode(...bytes.subarray(i, i + 4096));
  return btoa(text);
}

function floatText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value < 0 ? "-Infinity" : "Infinity";
  return Object.is(value, -0) ? "-0" : String(value);
}

/** JSON of a value that keeps every digit: integers in full, decimals and times as text. */
export function jsonText(raw: Raw, type: CellType): string {
  if (raw === null || raw === undefined) return "null";
  switch (type.kind) {
    case "integer":
    case "boolean":
      return String(raw);
    case "float":
      return Number.isFinite(raw as number) ? floatText(raw as number) : JSON.stringify(floatText(raw as number));
    case "list": {
      const element = type.children[0]?.type;
      return element
        ? `[${Array.from(raw as ArrayLike<unknown>, (entry) => jsonText(entry, element)).join(",")}]`
        : "[]";
    }
    case "map": {
      const [key, value] = type.children;
      if (!key || !value) return "{}";
      const entries = Array.from(raw as Iterable<[unknown, unknown]>);
      return `{${entries.map(([k, v]) => `${JSON.stringify(exactText(k, key.type) ?? "null")}:${jsonText(v, value.type)}`).join(",")}}`;
    }
    case "struct": {
      const fields = raw as Record<string, unknown>;
      return `{${type.children.map((child) => `${JSON.stringify(child.name)}:${jsonText(fields[child.name], child.type)}`).join(",")}}`;
    }
    default:
      return JSON.stringify(exactText(raw, type));
  }
}

/** The value in full, as Trino writes it: what is copied, compared in a search and shown in the viewer. Null stays null. */
export function exactText(raw: Raw, type: CellType): string | null {
  if (raw === null || raw === undefined) return null;
  switch (type.kind) {
    case "float":
      return floatText(raw as number);
    case "decimal":
      return decimalText(raw as bigint | number, type.scale);
    case "date":
      return dateText(raw as number);
    case "time":
      return clockText(clock(BigInt(raw as bigint | number), type.scale));
    case "timestamp": {
      const { date, time } = splitTimestamp(raw, type.scale);
      return `${date} ${clockText(time)}${type.zone === null ? "" : ` ${type.zone}`}`;
    }
    case "binary":
      return base64(raw as Uint8Array);
    case "interval":
      return ArrayBuffer.isView(raw) ? Array.from(raw as unknown as ArrayLike<number>).join(" ") : String(raw);
    case "list":
    case "map":
    case "struct":
      return jsonText(raw, type);
    default:
      return String(raw);
  }
}

/** How the cells of one column are written; decided once from its first page. */
export interface ColumnFormat {
  /** Digits after the point of a float. */
  digits: number;
  /** Thousands are grouped, but not in ids and years. */
  grouped: boolean;
}

const ID_NAME = /(^|_)(id|key|code|year|zip|postcode)$/i;

export function columnFormat(name: string, type: CellType, sample: Iterable<Raw>): ColumnFormat {
  const grouped = !ID_NAME.test(name);
  if (type.kind !== "float") return { digits: 0, grouped };
  let largest = 0;
  let whole = true;
  for (const raw of sample) {
    if (typeof raw !== "number" || !Number.isFinite(raw)) continue;
    largest = Math.max(largest, Math.abs(raw));
    whole &&= Number.isInteger(raw);
  }
  if (whole) return { digits: 0, grouped };
  return { digits: largest >= 100 ? 2 : largest >= 10 ? 3 : 4, grouped };
}

/** The cell as the grid shows it. Floats are rounded to the column's digits; `exactText` has them all. */
export function cellText(raw: Raw, type: CellType, format: ColumnFormat): string | null {
  if (raw === null || raw === undefined) return null;
  switch (type.kind) {
    case "float": {
      const value = raw as number;
      if (!Number.isFinite(value)) return floatText(value).replace("-", MINUS);
      const size = Math.abs(value);
      if (size >= 1e15 || (size > 0 && size < 0.5 * 10 ** -format.digits))
        return typographic(value.toExponential(3), format.grouped);
      return typographic(value.toFixed(format.digits), format.grouped);
    }
    case "integer":
    case "decimal":
      return typographic(exactText(raw, type) as string, format.grouped);
    case "timestamp": {
      const { date, time } = splitTimestamp(raw, type.scale);
      return `${date} ${briefClock(time)}${type.zone === null ? "" : ` ${type.zone}`}`;
    }
    case "time":
      return briefClock(clock(BigInt(raw as bigint | number), type.scale));
    default:
      return exactText(raw, type);
  }
}

/** A text on one line: where it breaks there is a mark. */
export const oneLine = (text: string): string => text.replace(/\r\n|[\n\v\f\r\u0085\u2028\u2029]/g, " ↵ ");

/** A position on a number line, for histograms and in-cell bars; not for exact values. */
export function position(raw: Raw, type: CellType): number | null {
  if (raw === null || raw === undefined) return null;
  if (type.kind === "decimal") return Number(raw) / 10 ** type.scale;
  if (type.kind === "timestamp") return Number(raw) / 10 ** (type.scale - 3);
  const value = Number(raw);
  return Number.isFinite(value) ? value : null;
}

/** Order of two values of a column; nulls come last, whichever the direction. */
export function compareCells(a: Raw, b: Raw, type: CellType): number {
  if (isContinuous(type) || type.kind === "time") {
    const [x, y] = [a as bigint | number, b as bigint | number];
    if (typeof x === "number" && Number.isNaN(x)) return typeof y === "number" && Number.isNaN(y) ? 0 : 1;
    if (typeof y === "number" && Number.isNaN(y)) return -1;
    return x < y ? -1 : x > y ? 1 : 0;
  }
  const [x, y] = [exactText(a, type) ?? "", exactText(b, type) ?? ""];
  return x < y ? -1 : x > y ? 1 : 0;
}

/** The value as the API's JSON has it, which is what charts read: numbers, text for decimals and times. */
export function chartValue(raw: Raw, type: CellType): unknown {
  if (raw === null || raw === undefined) return null;
  switch (type.kind) {
    case "integer":
      return Number(raw);
    case "float":
      return Number.isFinite(raw as number) ? raw : floatText(raw as number);
    case "boolean":
      return raw;
    case "list":
    case "map":
    case "struct":
      return JSON.parse(jsonText(raw, type));
    default:
      return exactText(raw, type);
  }
}
