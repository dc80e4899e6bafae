import { count, dateRange, daysBetween, isoDate } from "@/lib/format";

export const dayRange = (from: string, to: string): string => dateRange(from, to);
export const dayCount = (from: string, to: string): number => daysBetween(from, to);
/** Whether a text is a day of the calendar: an address may hold anything. */
export function isDay(text: string): boolean {
  const at = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(at) && isoDate(at) === text;
}
/** A day, or a time of one: what a statement takes where it asks for either. */
export const isTime = (text: string): boolean =>
  isDay(text.slice(0, 10)) && /^([ T]\d\d:\d\d(:\d\d(\.\d+)?)?)?$/.test(text.slice(10));
/** How many days a range has, in words; none where an end is open or no day. One that holds no day says why. */
export function rangeLength(
  from: string | undefined,
  to: string | undefined,
): { text: string; reversed: boolean } | undefined {
  if (!from || !to || !isTime(from) || !isTime(to)) return undefined;
  const days = dayCount(from.slice(0, 10), to.slice(0, 10));
  return days > 0 ? { text: count(days, "day"), reversed: false } : { text: "ends before it begins", reversed: true };
}
/** A browser's field for days would lose what is more than a day, or none. */
export const dayInput = (value: string | undefined): "date" | "text" => (value && !isDay(value) ? "text" : "date");
const DAY = 864e5;
const shift = (day: string, days: number): string => isoDate(Date.parse(`${day}T00:00:00Z`) + days * DAY);

export interface Preset {
  label: string;
  from?: string;
  to?: string;
}
/** Ranges people ask for, counted from the data's own ends: the data may lie in the past or the future. */
export function presets(bounds: { from: string; to: string }): Preset[] {
  const all = dayCount(bounds.from, bounds.to);
  const list: Preset[] = [{ label: "All days" }];
  if (all > 7)
    list.push(
      { label: "First 7 days", from: bounds.from, to: shift(bounds.from, 6) },
      { label: "Last 7 days", from: shift(bounds.to, -6), to: bounds.to },
    );
  if (all > 28) list.push({ label: "Last 28 days", from: shift(bounds.to, -27), to: bounds.to });
  const [year = "", month = ""] = bounds.to.split("-");
  const monthStart = `${year}-${month}-01`;
  if (monthStart > bounds.from) {
    const before = shift(monthStart, -1);
    const start = `${before.slice(0, 8)}01`;
    list.push({ label: "Last whole month", from: start < bounds.from ? bounds.from : start, to: before });
  }
  return list;
}
