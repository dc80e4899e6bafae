import { describe, expect, test } from "vitest";
import * as f from "./format";

test("full figures are grouped, with a true minus", () => {
  expect([
    f.full(204356),
    f.full(-1251250),
    f.full(0),
    f.full(0.126, 2),
    f.full(1.5, 2, true),
    f.full(-0.001, 2),
  ]).toEqual(["204,356", "−1,251,250", "0", "0.13", "1.50", "0"]);
  expect(f.full(9007199254740993n)).toBe("9,007,199,254,740,993");
  expect([f.full(Number.NaN), f.full(-Infinity)]).toEqual(["NaN", "−∞"]);
});

test("compact figures keep three digits and step up in time", () => {
  expect(
    [150_000, 5_070_000, 15_670_000, 11_400, 999, 999_950, -1_250, 1.5e12, 0.25, -0.118, 0.00042].map(f.compact),
  ).toEqual(["150k", "5.07M", "15.7M", "11.4k", "999", "1M", "−1.25k", "1.5T", "0.25", "−0.118", "0.00042"]);
});

test("sizes use decimal units", () => {
  expect([0, 999, 12_000, 12_400_000, 1.84e12, 999_999].map(f.bytes)).toEqual([
    "0 B",
    "999 B",
    "12 kB",
    "12.4 MB",
    "1.84 TB",
    "1 MB",
  ]);
});

test("money shows as much as it needs", () => {
  expect(["0", "0.00006", "0.0004", "0.31", "9.2", "1234.5", "0.000001", "-2"].map(f.usd)).toEqual([
    "$0",
    "$0.00006",
    "$0.0004",
    "$0.31",
    "$9.20",
    "$1,234.50",
    "under $0.00001",
    "−$2.00",
  ]);
  expect(f.scanPrice(38_200_000)).toBe("$0.00019");
});

test("run times", () => {
  expect([38.4, 999.9, 1_800, 59_960, 125_000, 3_840_000].map(f.duration)).toEqual([
    "38 ms",
    "1 s",
    "1.8 s",
    "1 min",
    "2 min 5 s",
    "1 h 4 min",
  ]);
  expect(f.seconds(184)).toBe("0.184 s");
});

test("shares", () => {
  expect([f.percent(0.008), f.percent(-0.17, 0, true), f.percent(0.22, 0, true), f.percent(0, 1, true)]).toEqual([
    "0.8 %",
    "−17 %",
    "+22 %",
    "0 %",
  ]);
});

describe("dates, in UTC whatever the machine's zone", () => {
  const now = Date.parse("2025-01-02T06:16:00Z");

  test("as days and times", () => {
    expect(f.date("2025-01-31")).toBe("31 Jan 2025");
    expect(f.dateTime("2025-01-01T06:12:59+00:00")).toBe("1 Jan 2025, 06:12");
    expect(f.dateTime("2025-01-01 23:30:00.000")).toBe("1 Jan 2025, 23:30");
    expect(f.date("soon")).toBe("—");
  });

  test("as ranges", () => {
    expect(f.dateRange("2025-01-01", "2025-04-01")).toBe("1 Jan – 1 Apr 2025");
    expect(f.dateRange("2024-12-30", "2025-01-05")).toBe("30 Dec 2024 – 5 Jan 2025");
    expect(f.dateRange("2025-01-01", "2025-01-01")).toBe("1 Jan 2025");
    expect(f.daysBetween("2025-01-01", "2025-04-01")).toBe(91);
  });

  test("against now", () => {
    expect(f.ago("2025-01-02T06:12:00Z", now)).toBe("4 min ago");
    expect(f.ago("2025-01-02T06:15:40Z", now)).toBe("just now");
    expect(f.ago("2025-01-01T06:00:00Z", now)).toBe("1 day ago");
    expect(f.changed("2025-01-02T06:12:00Z", now)).toBe("06:12 today");
    expect(f.changed("2025-01-01T23:59:00Z", now)).toBe("yesterday");
    expect(f.changed("2024-12-30T10:00:00Z", now)).toBe("30 Dec 2024");
  });
});
