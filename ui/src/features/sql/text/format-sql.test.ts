import { expect, it } from "vitest";
import { formatSql } from "./format-sql";
import { scanParameters } from "./parameters";

it("lays a statement out and keeps its parameters and optional clauses", async () => {
  const before =
    "SELECT dma_id, sum(y_50) FROM forecast WHERE state IN ({{states}}) [[ AND item in ({{ items }}) ]] GROUP BY 1; select 2";
  const after = await formatSql(before);
  expect(after.split("\n").length).toBeGreaterThan(5);
  expect(after).toContain("{{states}}");
  expect(after).toContain("{{ items }}");
  expect(after).toMatch(/^select\n/);
  expect(scanParameters(after)).toEqual(scanParameters(before));
  expect(after).toMatch(/^ +\[\[ and item in \(\{\{ items \}\}\) \]\]$/m);
  expect(await formatSql(after)).toBe(after);
});
