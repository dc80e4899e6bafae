import { expect, test } from "vitest";
import { firstLook, mentionsTable, sqlName } from "./sql-text";

test("names are quoted only where SQL needs it", () => {
  expect(["y_05", "forecast", "order", "escape", "desc", "2024 sales", 'a"b', 'Odd "Name"'].map(sqlName)).toEqual([
    "y_05",
    "forecast",
    '"order"',
    '"escape"',
    '"desc"',
    '"2024 sales"',
    '"a""b"',
    '"Odd ""Name"""',
  ]);
  expect(firstLook({ catalog: "local", database: "demo", table: "Sales 24" }).sql).toBe(
    'select *\nfrom "Sales 24"\nlimit 100',
  );
});

test("a statement's tables are told from its text", () => {
  const forecast = { database: "demo", table: "forecast" };
  for (const sql of [
    "select 1 from forecast",
    "SELECT 1 FROM demo.forecast f",
    'select 1 from local."demo"."forecast"',
    "from dc join forecast using (dc_id)",
  ]) {
    expect(mentionsTable(sql, forecast), sql).toBe(true);
  }
  for (const sql of ["select forecast from dc", "from forecast_old", "from ops.forecast", "from demo.dc"]) {
    expect(mentionsTable(sql, forecast), sql).toBe(false);
  }
});
