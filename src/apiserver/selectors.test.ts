import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { labelMatcher } from "./selectors.ts";

describe("label selectors", () => {
  const labels = { app: "web", tier: "front", size: "3" };
  const rows: [selector: string, matches: boolean][] = [
    ["", true],
    ["app=web", true],
    ["app==db", false],
    ["app!=db,tier", true],
    ["missing!=x", true],
    ["app in (db, web)", true],
    ["app notin (db,web)", false],
    ["missing notin (x)", true],
    ["!missing", true],
    ["!app", false],
    ["size>2", true],
    ["size<2", false],
    ["app in (web),tier notin (back)", true],
  ];
  for (const [selector, matches] of rows) {
    it(`"${selector}" ${matches ? "matches" : "does not match"}`, () => {
      assert.equal(labelMatcher(selector)(labels), matches);
    });
  }

  it("are refused with 400 when they are none", () => {
    for (const text of ["a in (b", "a=b=c", "=x", "a b"]) {
      assert.throws(() => labelMatcher(text), { code: 400 }, text);
    }
  });
});
