import { columnFromArray, float64, int64, tableFromColumns, tableToIPC, utf8 } from "@uwdata/flechette";
import { expect, it } from "vitest";
import { decodePage } from "./arrow";
import { delimited } from "./clipboard";
import { naturalWidth, summarize } from "./summary";

const page = decodePage(
  (
    tableToIPC(
      tableFromColumns({
        name: columnFromArray(["Dallas, TX", 'say "hi"', "", null], utf8()),
        n: columnFromArray([1n, 9007199254740993n, -3n, null], int64(), { useBigInt: true }),
        share: columnFromArray([0.1, 2, 3, null], float64()),
        year: columnFromArray([2024n, 1999n, 2025n, null], int64(), { useBigInt: true }),
      }),
      { format: "stream" },
    ) as Uint8Array
  ).slice().buffer,
);

it("copies full values with headers, quoted where a separator would split them", () => {
  expect(delimited(page, [0, 1, 2, 3], { separator: ",", header: true, columns: [0, 1, 2] })).toBe(
    ["name,n,share", '"Dallas, TX",1,0.1', '"say ""hi""",9007199254740993,2', '"",-3,3', ",,"].join("\n"),
  );
});

it("copies a part, in the order it is shown", () => {
  expect(delimited(page, [1, 0], { separator: "\t", header: false, columns: [1, 0] })).toBe(
    '9007199254740993\t"say ""hi"""\n1\tDallas, TX',
  );
});

it("summarizes the first page for the column heads", () => {
  const [name, n, , year] = summarize(page);
  expect(name).toMatchObject({ distinct: 3, nulls: 1, bins: null, rows: 4 });
  expect(n).toMatchObject({ nulls: 1, low: "\u22123" });
  expect(n?.high).toBe("9007T");
  expect(year).toMatchObject({ low: "1999", high: "2025" });
  expect(n?.bins?.reduce((sum, count) => sum + count, 0)).toBe(3);
});

it("makes room for a column's name whatever the length of its type", () => {
  const [name] = summarize(page);
  const width = (type: string) => name && naturalWidth(name, page, 0, type);
  const long = "row(id varchar, agent row(browser varchar, version integer))";
  expect(width(long)).toBe(width("row(id varchar, agent row(browser varchar))"));
  expect(width(long)).toBeGreaterThan(width("varchar") ?? 0);
});
