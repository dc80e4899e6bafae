import { expect, test } from "vitest";
import type { Budget, CostRow } from "@/api/types";
import { hitRate } from "./hit-rate";
import { limitText, parseLimit, subjectText, useOf } from "./limits";
import { everyDay, lastDays } from "./period";

test.each([
  ["$5", null, "5"],
  ["12.50", null, "12.50"],
  ["12,5 USD", null, "12.5"],
  ["500 MB", 500_000_000, null],
  ["1.5tb", 1_500_000_000_000, null],
  ["20 b", 20, null],
])("%s is a limit", (text, limit_bytes, limit_usd) => {
  expect(parseLimit(text)).toEqual({ limit_bytes, limit_usd });
});

test.each(["", "0", "-1", "much", "$5 GB", "1e3", "5 XB"])("“%s” is no limit", (text) => {
  expect(parseLimit(text)).toBeNull();
});

test("a limit reads back as it is written", () => {
  for (const text of ["$5.00", "500 MB", "1.5 TB"]) expect(limitText(parseLimit(text)!)).toBe(text);
});

const budget: Budget = {
  id: "1",
  subject: { kind: "role", role: "viewer" },
  subject_name: null,
  period: "month",
  limit_bytes: 10_000_000_000,
  limit_usd: "1.00",
  action: "ask",
  spent_bytes: 2_500_000_000,
  spent_usd: "0.50",
  renews_at: null,
};

test("a budget shows the limit that is nearer", () => {
  expect(useOf(budget)).toEqual({ share: 0.5, text: "$0.50 of $1.00" });
  expect(useOf({ ...budget, limit_usd: null })).toEqual({ share: 0.25, text: "2.5 GB of 10 GB" });
  expect(useOf({ ...budget, period: "run" })).toBeNull();
  expect(subjectText(budget.subject, null)).toBe("Each viewer");
  expect(subjectText({ kind: "user", id: "1" }, "Una")).toBe("Una");
  expect(subjectText({ kind: "group", id: "1" }, "Analysts")).toBe("Group Analysts");
});

test("the part of answers that were stored", () => {
  expect(hitRate(3, 1)).toBe(0.75);
  expect(hitRate(0, 5)).toBe(0);
  expect(hitRate(0, 0)).toBeNull();
});

test("a period has all its days", () => {
  const now = Date.parse("2026-03-01T01:00:00Z");
  expect(lastDays(3, now)).toEqual({ from: "2026-02-27", to: "2026-03-01" });
  const row = { key: "2026-02-28", usd: "0.25", bytes: 7 } as CostRow;
  expect(everyDay("2026-02-27", "2026-03-01", [row])).toEqual([
    ["2026-02-27", 0, 0],
    ["2026-02-28", 0.25, 7],
    ["2026-03-01", 0, 0],
  ]);
});
