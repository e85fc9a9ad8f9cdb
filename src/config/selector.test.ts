/** Legal label keys and values. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isLabelKey, isLabelValue } from "./selector.ts";

describe("labels", () => {
  it("CRD-3, LC-6: a key is a name of at most 63 characters, after a DNS name of at most 253 if any", () => {
    const [longest, longestPrefix] = ["a".repeat(63), `${"a.".repeat(126)}a`];
    for (const key of ["a", "A_b.c-9", longest, "example.com/a", `${longestPrefix}/a`]) {
      assert.ok(isLabelKey(key), key);
    }
    const bad = [
      "",
      "-a",
      "a-",
      "a b",
      `${longest}a`,
      "/a",
      "a/",
      "a/b/c",
      "Example.com/a",
      "a..b/c",
    ];
    for (const key of [...bad, `a${longestPrefix}/a`, "a\0", "ä"]) assert.ok(!isLabelKey(key), key);
  });

  it("CRD-3, LC-6: a value is empty or a name of at most 63 characters", () => {
    for (const value of ["", "a", "A_b.c-9", "a".repeat(63)]) assert.ok(isLabelValue(value), value);
    for (const value of ["-a", "a-", "a/b", "a".repeat(64), " "]) assert.ok(!isLabelValue(value));
  });
});
