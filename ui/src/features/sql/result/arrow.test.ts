import {
  binary,
  bool,
  columnFromArray,
  dateDay,
  decimal,
  field,
  float64,
  int32,
  int64,
  list,
  map,
  struct,
  tableFromColumns,
  tableToIPC,
  timestamp,
  utf8,
  TimeUnit,
  type DataType,
} from "@uwdata/flechette";
import { describe, expect, it } from "vitest";
import { decodePage, type PageColumn } from "./arrow";
import { cellText, chartValue, columnFormat, compareCells, exactText, isNumeric } from "./cells";

/** Values through a real IPC stream and back, as the server sends them. */
function through(values: unknown[], type: DataType): PageColumn {
  const table = tableFromColumns({
    c: columnFromArray(values, type, { useBigInt: true, useDecimalInt: true }),
  });
  const bytes = tableToIPC(table, { format: "stream" }) as Uint8Array;
  const page = decodePage(bytes.slice().buffer);
  expect(page.rows).toBe(values.length);
  return page.columns[0] as PageColumn;
}

const exact = (column: PageColumn, row = 0) => exactText(column.at(row), column.type);
const shown = (column: PageColumn, row = 0, name = "c") =>
  cellText(column.at(row), column.type, columnFormat(name, column.type, [column.at(row)]));

describe("cells by type", () => {
  it("keeps every digit of a bigint, and groups it unless it is an id", () => {
    const column = through([9_007_199_254_740_993n, -1n], int64());
    expect(exact(column)).toBe("9007199254740993");
    expect(shown(column)).toBe("9,007,199,254,740,993");
    expect(shown(column, 1)).toBe("\u22121");
    expect(shown(column, 0, "restaurant_id")).toBe("9007199254740993");
    expect(isNumeric(column.type)).toBe(true);
  });

  it("writes decimals in full", () => {
    const column = through([12345678901234567890n, -5n, 0n], decimal(38, 2));
    expect(exact(column)).toBe("123456789012345678.90");
    expect(shown(column)).toBe("123,456,789,012,345,678.90");
    expect(exact(column, 1)).toBe("-0.05");
    expect(exact(column, 2)).toBe("0.00");
  });

  it("rounds doubles by the size of their column, and says so nowhere else", () => {
    const column = through([160165.6234, 0.1, 2 ** 70, Number.NaN, -Infinity], float64());
    expect(shown(column)).toBe("160,165.62");
    expect(exact(column)).toBe("160165.6234");
    expect(shown(column, 1)).toBe("0.1000");
    expect(shown(column, 2)).toBe("1.181e+21");
    expect(shown(column, 3)).toBe("NaN");
    expect(shown(column, 4)).toBe("\u2212Infinity");
    expect(chartValue(column.at(3), column.type)).toBe("NaN");
  });

  it("writes timestamps as Trino does and shows them as short as they are", () => {
    const ms = 1_714_990_212_123.5;
    const column = through([ms, ms - (ms % 60_000), -0.001], timestamp(TimeUnit.MICROSECOND));
    expect(exact(column)).toBe("2024-05-06 10:10:12.123500");
    expect(shown(column)).toBe("2024-05-06 10:10:12.1235");
    expect(shown(column, 1)).toBe("2024-05-06 10:10");
    expect(exact(column, 2)).toBe("1969-12-31 23:59:59.999999");
    expect(exact(through([0], timestamp(TimeUnit.MILLISECOND, "UTC")))).toBe("1970-01-01 00:00:00.000 UTC");
  });

  it("writes dates, booleans and bytes", () => {
    expect(exact(through([Date.UTC(2025, 2, 24)], dateDay()))).toBe("2025-03-24");
    expect(exact(through([true, false], bool()), 1)).toBe("false");
    expect(exact(through([new Uint8Array([104, 105])], binary()))).toBe("aGk=");
  });

  it("writes nested values as JSON without losing digits", () => {
    expect(exact(through([[9_007_199_254_740_993n, null]], list(field("item", int64()))))).toBe(
      "[9007199254740993,null]",
    );
    expect(exact(through([{ a: 1, b: 'x"y' }], struct([field("a", int32()), field("b", utf8())])))).toBe(
      '{"a":1,"b":"x\\"y"}',
    );
    expect(exact(through([new Map([["k", 1.5]])], map(utf8(), float64())))).toBe('{"k":1.5}');
  });

  it("tells null from an empty string", () => {
    const column = through(["", null], utf8());
    expect(shown(column)).toBe("");
    expect(shown(column, 1)).toBeNull();
  });
});

describe("sorting", () => {
  it("compares numbers as numbers and puts NaN last", () => {
    const column = through([10, 9, Number.NaN], float64());
    expect(compareCells(column.at(0), column.at(1), column.type)).toBeGreaterThan(0);
    expect(compareCells(column.at(2), column.at(0), column.type)).toBeGreaterThan(0);
    const big = through([9_007_199_254_740_993n, 9_007_199_254_740_992n], int64());
    expect(compareCells(big.at(0), big.at(1), big.type)).toBeGreaterThan(0);
  });
});
