import type { CostRow } from "@/api/types";
import { isoDate } from "@/lib/format";

const DAY = 86_400_000;

/** The days that end today, in UTC, both ends included. */
export const lastDays = (days: number, now: number): { from: string; to: string } => ({
  from: isoDate(now - (days - 1) * DAY),
  to: isoDate(now),
});

/** Every day of a period with what was spent on it; days without runs too. */
export function everyDay(
  from: string,
  to: string,
  items: readonly CostRow[],
): [day: string, usd: number, bytes: number][] {
  const found = new Map(items.map((item) => [item.key, item]));
  const days: [string, number, number][] = [];
  for (let at = Date.parse(from); at <= Date.parse(to); at += DAY) {
    const day = isoDate(at);
    const row = found.get(day);
    days.push([day, Number(row?.usd ?? 0), row?.bytes ?? 0]);
  }
  return days;
}
