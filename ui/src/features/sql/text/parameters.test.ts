import { describe, expect, it } from "vitest";
import { parseValue, scanParameters, valueProblem } from "./parameters";

const optional = (sql: string) =>
  Object.fromEntries(scanParameters(sql).map((parameter) => [parameter.name, parameter.optional]));

const typeOf = (sql: string, columns: [string, string][] = []) => scanParameters(sql, new Map(columns))[0]?.inferred;

describe("finding parameters", () => {
  it("lists each name once, in the order of first use", () => {
    expect(scanParameters("select {{b}}, {{ a }}, {{b}}").map((parameter) => parameter.name)).toEqual(["b", "a"]);
  });

  it("ignores what stands in comments and strings", () => {
    expect(
      scanParameters("select '{{no}}' -- {{nor}}\n/* {{this}} */ from t where x = {{yes}}").map(
        (parameter) => parameter.name,
      ),
    ).toEqual(["yes"]);
  });

  it("knows that one inside [[ ]] may stay empty, unless it is used outside too", () => {
    expect(optional("where 1=1 [[ and a = {{a}} ]] and b = {{b}}")).toEqual({ a: true, b: false });
    expect(optional("where [[ a = {{a}} and ]] c > {{a}}")).toEqual({ a: false });
  });
});

describe("inferring the type of a parameter", () => {
  it("sees lists, dates and limits in the words around it", () => {
    expect(typeOf("where state in ({{states}})")).toBe("list");
    expect(typeOf("where d >= date {{x}}")).toBe("date");
    expect(typeOf("limit {{x}}")).toBe("number");
  });

  it("asks the column it is compared with", () => {
    expect(typeOf("where f.y_50 > {{x}}", [["y_50", "double"]])).toBe("number");
    expect(typeOf('where "Opened" >= {{x}}', [["opened", "date"]])).toBe("date");
    expect(typeOf("where opened between {{x}} and {{y}}", [["opened", "timestamp(3)"]])).toBe("date");
    expect(typeOf("where dma_id = {{x}}", [["dma_id", "varchar"]])).toBe("text");
    expect(scanParameters("where opened between {{x}} and {{y}}", new Map([["opened", "date"]]))[1]?.inferred).toBe(
      "date",
    );
  });

  it("falls back on the name", () => {
    expect(typeOf("select {{from}}")).toBe("date");
    expect(typeOf("select {{restaurant_id}}")).toBe("number");
    expect(typeOf("select {{city}}")).toBe("text");
  });
});

describe("reading a value", () => {
  it("sends numbers as numbers, but not those a double would change", () => {
    expect(parseValue("number", " 12.5 ")).toBe(12.5);
    expect(parseValue("number", "9007199254740993")).toBe("9007199254740993");
    expect(parseValue("number", "\u22123")).toBe(-3);
  });

  it("sends lists as lists and nothing as null", () => {
    expect(parseValue("list", "CA, TX,")).toEqual(["CA", "TX"]);
    expect(parseValue("list", " , ")).toBeNull();
    expect(parseValue("text", "  ")).toBeNull();
  });

  it("says what cannot be sent", () => {
    expect(valueProblem("number", "ten")).toContain("ten");
    expect(valueProblem("date", "31.1.2025")).toContain("2025-01-31");
    expect(valueProblem("date", "2025-01-31")).toBeNull();
  });
});
