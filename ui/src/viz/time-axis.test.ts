import { describe, expect, it } from "vitest";
import { textWidth } from "./measure";
import { timeMarks } from "./time-axis";

const DAY = 864e5;
const from = (date: string, n: number, step = DAY): number[] =>
  Array.from({ length: n }, (_, i) => Date.parse(date) + i * step);
const months = (n: number): number[] => Array.from({ length: n }, (_, i) => Date.UTC(2025, i, 1));

interface Word {
  text: string;
  from: number;
  to: number;
}

/** The words under a plot in a container of so many px, as the style sheet shows them. */
function drawn(times: number[], { left = 48, right = 8, bands = false } = {}): (container: number) => Word[] {
  const marks = timeMarks(times, { left, right }, bands).flatMap((mark) =>
    "text" in mark ? [{ ...mark, width: textWidth(mark.text) }] : [],
  );
  return (container) => {
    const plot = container - left - (container <= 400 ? Math.min(8, right) : right);
    const phone = container >= 300 && container <= 400;
    return marks
      .filter(({ c = "" }) => container >= Number(/lv-h(\d+)/.exec(c)?.[1] ?? 0) || (phone && c.includes("lv-n")))
      .map(({ text, x, dx = 0, a, width }) => {
        const from = (x / 100) * plot + dx - (a === "end" ? width : a === "middle" ? width / 2 : 0);
        return { text, from, to: from + width };
      });
  };
}
const words = (times: number[], container: number, more = {}): string[] =>
  drawn(times, more)(container).map((word) => word.text);

const widths = Array.from({ length: 47 }, (_, i) => 280 + i * 20);
const daily = [1, 2, 3, 7, 14, 15, 16, 29, 31, 45, 60, 90, 91, 200, 365, 366, 1000, 1100, 1200, 5000];
const ranges: [string, number[]][] = [
  ...daily.flatMap((n): [string, number[]][] =>
    ["2025-01-03", "2025-06-02", "2024-11-30"].map((day) => [`${n} days from ${day}`, from(day, n)]),
  ),
  ...[1, 2, 6, 24, 48, 72, 500, 5000].map((n): [string, number[]] => [
    `${n} hours`,
    from("2025-02-03T09:00Z", n, 36e5),
  ]),
  ...[1, 40, 3000].map((n): [string, number[]] => [`${n} seconds`, from("2025-02-03T09:11:05Z", n, 1000)]),
  ...[2, 3, 12, 14, 15, 36].map((n): [string, number[]] => [`${n} months`, months(n)]),
  ...[2, 8, 30].map((n): [string, number[]] => [`${n} weeks`, from("2025-01-06", n, 7 * DAY)]),
  ["two days far apart", [Date.UTC(2024, 11, 31), Date.UTC(2025, 0, 22)]],
  ["all of time", [-62_135_596_800_000, Date.UTC(9999, 11, 31)]],
];

describe("the words of a time axis", () => {
  it.each(ranges)("say when, and never touch: %s", (_, times) => {
    for (const more of [{}, { right: 130 }, { right: 0, bands: true }]) {
      const at = drawn(times, more);
      for (const container of widths) {
        const all = at(container);
        const text = `${container} px: ${all.map((word) => word.text).join(" | ")}`;
        const gaps = all.slice(1).map((word, i) => word.from - (all[i]?.to ?? 0));
        expect(text).toMatch(/: .*\b\d{3,4}\b/);
        expect(Math.min(...gaps, 99), text).toBeGreaterThanOrEqual(6);
        expect(all.at(-1)?.to, text).toBeLessThan(container - 40);
      }
    }
  });
  it("are days over weeks, Mondays over months, and months over quarters and years", () => {
    expect(words(from("2025-01-03", 3), 600)).toEqual(["3 Jan 2025", "4 Jan", "5 Jan"]);
    expect(words(from("2025-01-03", 29), 600)).toEqual(["6 Jan 2025", "13 Jan", "20 Jan", "27 Jan"]);
    expect(words(from("2025-06-02", 29), 600)).toEqual(["2 Jun 2025", "9 Jun", "16 Jun", "23 Jun", "30 Jun"]);
    expect(words(from("2025-06-05", 24), 640)).toEqual(["9 Jun 2025", "16 Jun", "23 Jun"]);
    expect(words(from("2025-05-10", 42), 600)).toContain("19 May");
    expect(words(from("2025-03-02", 60), 600)).toEqual(["3 Mar 2025", "17 Mar", "31 Mar", "14 Apr", "28 Apr"]);
    const marks = timeMarks(from("2025-01-01", 150), { left: 48, right: 8 });
    expect(marks.filter((mark) => "h" in mark && mark.h === "3")).toHaveLength(21);
    expect(words(from("2025-01-01", 91), 1000)).toEqual(["January 2025", "February", "March"]);
    expect(words(from("2025-01-01", 91), 358, { right: 130 })).toEqual(["January 2025", "February", "March"]);
    expect(words(from("2025-01-01", 365), 640)).toEqual(["Jan 2025", "Apr", "Jul", "Oct"]);
    expect(words(from("2023-04-01", 5000), 400)).toEqual(["2024", "2026", "2028", "2030", "2032", "2034"]);
  });
  it("say the year again where another begins", () => {
    expect(words(from("2025-12-15", 31), 600)).toEqual(["15 Dec 2025", "22 Dec", "29 Dec", "5 Jan 2026", "12 Jan"]);
    expect(words(from("2025-03-10", 420), 1000)).toContain("Jan 2026");
  });
  it("have hours only where the data has some", () => {
    expect(words(from("2025-02-03", 3), 1000).join()).not.toContain(":");
    expect(words(from("2025-02-03", 24, 36e5), 640)).toEqual(["3 Feb 2025", "06:00", "12:00", "18:00"]);
    expect(words(from("2025-02-03", 24, 36e5), 760)).toContain("21:00");
    expect(words(from("2025-02-03T18:00Z", 24, 36e5), 640)).toContain("4 Feb 2025");
  });
  it("stand under bars of their own days and months", () => {
    expect(words(months(3), 600, { right: 0, bands: true })).toEqual(["January 2025", "February", "March"]);
    expect(words([Date.UTC(2025, 0, 1), Date.UTC(2025, 0, 22)], 600, { right: 0, bands: true })).toEqual([
      "1 Jan 2025",
      "22 Jan",
    ]);
    // Without its Mondays, a week is named by its first bar.
    const weekend = from("2025-01-04", 60).filter((ms) => [0, 6].includes(new Date(ms).getUTCDay()));
    expect(words(weekend, 1000, { right: 0, bands: true })[0]).toBe("11 Jan 2025");
  });
});
