import { expect, test } from "vitest";
import { nextPath } from "./next-path";
import { parseSearch, stringifySearch } from "./search";

test("search parameters stay text, and repeat as lists", () => {
  const text = "?state=CA&state=TX&dma=LAX&from=2025-01-01&n=1&yes=true";
  const search = parseSearch(text);
  expect(search).toEqual({ state: ["CA", "TX"], dma: "LAX", from: "2025-01-01", n: "1", yes: "true" });
  expect(stringifySearch(search)).toBe(text);
});

test("what is empty leaves no trace in the address", () => {
  expect(stringifySearch({ a: undefined, b: null, c: "", d: [] })).toBe("");
  const odd = "a&b=c d+e/~!'()*-._ é€😀\ud800";
  expect(stringifySearch({ q: odd, é: "1" })).toBe(`?${new URLSearchParams({ q: odd, é: "1" })}`);
  expect(parseSearch(stringifySearch({ q: "a&b=c d" }))).toEqual({ q: "a&b=c d" });
});

test("signing in leads on inside this site only", () => {
  expect(nextPath("/d/demand-forecast?state=CA")).toBe("/d/demand-forecast?state=CA");
  for (const away of [
    "https://evil.example",
    "//evil.example",
    "/\\evil.example",
    "/\t/evil.example",
    "javascript:alert(1)",
    "",
    undefined,
    ["/a"],
  ]) {
    expect(nextPath(away)).toBe("/");
  }
  expect(nextPath("/signin?next=/signin")).toBe("/");
});
