/** When two values are alike. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { isSameValue } from "./same-value.ts";

describe("isSameValue", () => {
  it("CFG-51: finds copies alike", () => {
    fc.assert(fc.property(fc.anything(), (value) => isSameValue(value, structuredClone(value))));
  });

  const pairs: [string, unknown, unknown][] = [
    ["numbers", 1, 2],
    ["a number and its bigint", 1, 1n],
    ["null and an object", null, {}],
    ["undefined and null", undefined, null],
    ["a list and an object", [], {}],
    ["a map and a set", new Map(), new Set()],
    ["lists of different length", [1], [1, 2]],
    ["lists in another order", [1, 2], [2, 1]],
    ["an absent key and one without value", {}, { a: undefined }],
    ["keys", { a: 1 }, { b: 1 }],
    ["values inside", { a: [{ b: 1n }] }, { a: [{ b: 2n }] }],
    ["sets", new Set(["a"]), new Set(["b"])],
    ["a set and a larger one", new Set(["a"]), new Set(["a", "b"])],
    [
      "maps in another order",
      new Map([
        [1, 1],
        [2, 2],
      ]),
      new Map([
        [2, 2],
        [1, 1],
      ]),
    ],
    ["values of maps", new Map([["a", 1]]), new Map([["a", 2]])],
  ];
  for (const [what, a, b] of pairs) {
    it(`CFG-51: tells apart ${what}`, () => {
      assert.deepEqual([isSameValue(a, b), isSameValue(b, a)], [false, false]);
    });
  }

  it("CFG-51: passes over the order in sets and of keys", () => {
    assert.ok(isSameValue(new Set(["a", "b"]), new Set(["b", "a"])));
    assert.ok(isSameValue({ a: 1, b: 2 }, { b: 2, a: 1 }));
  });
});
