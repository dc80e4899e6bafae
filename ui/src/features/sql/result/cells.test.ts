import { expect, it } from "vitest";
import { oneLine } from "./cells";

it("writes a text that breaks on one line", () => {
  expect(oneLine("first\nsecond\r\nthird")).toBe("first ↵ second ↵ third");
  expect(oneLine("one\ttab")).toBe("one\ttab");
});
