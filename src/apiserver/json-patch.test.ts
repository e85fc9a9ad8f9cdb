import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import type { Json } from "../schema/index.ts";
import { jsonPatch, mergePatch } from "./json-patch.ts";

describe("JSON patch (RFC 6902)", () => {
  const rows: [title: string, document: Json, operation: Json, expected: Json][] = [
    ["adds a member", { a: 1 }, { op: "add", path: "/b", value: 2 }, { a: 1, b: 2 }],
    ["inserts into a list", [1, 3], { op: "add", path: "/1", value: 2 }, [1, 2, 3]],
    ["appends by -", [1], { op: "add", path: "/-", value: 2 }, [1, 2]],
    ["removes", { a: 1, b: 2 }, { op: "remove", path: "/a" }, { b: 2 }],
    ["replaces", { a: [1] }, { op: "replace", path: "/a/0", value: 2 }, { a: [2] }],
    ["moves", { a: 1 }, { op: "move", from: "/a", path: "/b" }, { b: 1 }],
    ["copies", { a: 1 }, { op: "copy", from: "/a", path: "/b" }, { a: 1, b: 1 }],
    [
      "reads ~1 and ~0 in a path",
      { "a/b~": 1 },
      { op: "replace", path: "/a~1b~0", value: 2 },
      { "a/b~": 2 },
    ],
    ["passes a test that holds", { a: [1] }, { op: "test", path: "/a", value: [1] }, { a: [1] }],
  ];
  for (const [title, document, operation, expected] of rows) {
    it(title, () => assert.deepEqual(jsonPatch(document, [operation]), expected));
  }

  const bad: [title: string, operation: Json][] = [
    ["a test that fails", { op: "test", path: "/a", value: 2 }],
    ["a removal of nothing", { op: "remove", path: "/z" }],
    ["an index behind the end", { op: "add", path: "/list/5", value: 1 }],
    ["an unknown operation", { op: "twist", path: "/a" }],
    ["a path without slash", { op: "add", path: "a", value: 1 }],
  ];
  for (const [title, operation] of bad) {
    it(`refuses ${title} with 422 and leaves the document alone`, () => {
      const document = { a: 1, list: [1] };
      assert.throws(() => jsonPatch(document, [operation]), { code: 422 });
      assert.deepEqual(document, { a: 1, list: [1] });
    });
  }
});

describe("JSON merge patch (RFC 7396)", () => {
  it("removes by null, merges maps, replaces lists", () => {
    const target = { a: { b: 1, c: 2 }, d: [1, 2] };
    const patch = { a: { b: null, e: 3 }, d: [3] };
    assert.deepEqual(mergePatch(target, patch), { a: { c: 2, e: 3 }, d: [3] });
  });

  it("changes nothing more when merged a second time", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (target, patch) => {
        const once = mergePatch(target as Json, patch as Json);
        assert.deepEqual(mergePatch(once, patch as Json), once);
      }),
    );
  });
});
