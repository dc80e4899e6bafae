import { describe, expect, it } from "vitest";
import { offsetOf, splitStatements, statementAt, statementToRun } from "./statements";

const texts = (sql: string) => splitStatements(sql).map((statement) => statement.text);

describe("splitting a text into statements", () => {
  it("cuts at semicolons and keeps the offsets of what is left", () => {
    const sql = "select 1;\n\n  select 2 ;select 3";
    expect(texts(sql)).toEqual(["select 1", "select 2", "select 3"]);
    for (const { from, to, text } of splitStatements(sql)) expect(sql.slice(from, to)).toBe(text);
  });

  it("leaves semicolons in strings, names and comments alone", () => {
    expect(texts(`select ';', 'it''s; fine', "a;b" -- no; end\nfrom t /* ; */ where x = 1`)).toHaveLength(1);
  });

  it("counts a comment as part of the statement that follows it, and alone as none", () => {
    expect(texts("-- first\nselect 1; -- the end")).toEqual(["-- first\nselect 1"]);
    expect(texts(";; /* nothing */ ;")).toEqual([]);
  });

  it("survives what is half typed", () => {
    expect(texts("select 'open; string")).toEqual(["select 'open; string"]);
    expect(texts("select 1; /* open")).toEqual(["select 1"]);
  });
});

describe("choosing what to run", () => {
  const sql = "select 1;\n\nselect 2;\n";

  it("takes the statement under the cursor, also right behind its end", () => {
    expect(statementAt(sql, 3)?.text).toBe("select 1");
    expect(statementAt(sql, sql.indexOf("2") + 1)?.text).toBe("select 2");
  });

  it("takes the last statement before the cursor where there is none", () => {
    expect(statementAt(sql, 10)?.text).toBe("select 1");
    expect(statementAt(sql, sql.length)?.text).toBe("select 2");
    expect(statementAt("  ", 1)).toBeNull();
  });

  it("prefers a selection, without the semicolon that came with it", () => {
    const from = sql.indexOf("select 2");
    expect(statementToRun(sql, { from, to: sql.length })).toEqual({ from, to: from + 8, text: "select 2" });
    expect(statementToRun(sql, { from: 9, to: 10 })?.text).toBe("select 1");
  });
});

describe("finding a place again", () => {
  it("turns line and column of a statement into an offset of the text", () => {
    const sql = "select 1;\nselect a,\n       b from t";
    const from = sql.indexOf("select a");
    expect(sql.slice(offsetOf(sql, from, 2, 8))).toBe("b from t");
    expect(offsetOf(sql, from, 99, 1)).toBeLessThanOrEqual(sql.length);
  });
});
