import { expect, it } from "vitest";
import { bytes, place, seconds, usd } from "./format";
import { indentJson } from "./result/cell-viewer";
import { orderedBy } from "./panes/results-pane";
import { compact } from "./result/summary";

it("writes sizes with three figures and a unit", () => {
  expect([0, 999, 12_400_000, 1_840_000_000_000, 2_103_412].map(bytes)).toEqual([
    "0 B",
    "999 B",
    "12.4 MB",
    "1.84 TB",
    "2.10 MB",
  ]);
});

it("writes prices as far as they matter", () => {
  expect(["0", "0.00006", "0.31", "9.2", "0.000000012"].map(usd)).toEqual([
    "$0",
    "$0.00006",
    "$0.31",
    "$9.20",
    "< $0.00001",
  ]);
});

it("says where a queued run stands", () => {
  expect(place({ at: "athena", before: 1200 })).toBe("Waiting at Athena, 1,200 before it");
  expect(place({ at: "athena", before: 0 })).toBe("Waiting at Athena, 0 before it");
  expect(place({ at: "lakefront", before: 2 })).toBe("Waiting, 2 before it");
  expect(place({ at: "lakefront", before: 0 })).toBe("Waiting, next in line");
});

it("writes times and axis figures", () => {
  expect([184, 12_345, 61_000].map(seconds)).toEqual(["0.184 s", "12.3 s", "1 min 1 s"]);
  expect([11_400, 191_000, -0.118, 0, 1_251_250].map(compact)).toEqual(["11.4k", "191k", "\u22120.118", "0", "1.25M"]);
});

it("indents JSON without touching long numbers", () => {
  expect(indentJson('{"a":[9007199254740993,"x, {y}"],"b":{}}')).toBe(
    '{\n  "a": [\n    9007199254740993,\n    "x, {y}"\n  ],\n  "b": {}\n}',
  );
  expect(indentJson("[not json")).toBeNull();
});

it("asks the engine to sort in a statement that shows what was added", () => {
  expect(orderedBy("select a\nfrom t", "Odd", true)).toBe(
    'select *\nfrom (\n  select a\n  from t\n)\norder by "Odd" desc',
  );
  expect(orderedBy('select 1 as "order"', "order", false)).toMatch(/order by "order"$/);
});
