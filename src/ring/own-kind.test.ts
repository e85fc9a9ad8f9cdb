import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { describeOwnKind, readOwnKind } from "./own-kind.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("what a speaker says of itself", () => {
  it("is text that says the beat and then words, and is read again", () => {
    const meta = describeOwnKind(200, new Map([["l2", "eth0:192.0.2.0/24"]]));
    assert.equal(new TextDecoder().decode(meta), "metallb-ts/1 beat=200 l2=eth0:192.0.2.0/24");
    const kind = readOwnKind(meta);
    assert.equal(kind?.beatMs, 200);
    assert.deepEqual([...(kind?.words ?? [])], [["l2", "eth0:192.0.2.0/24"]]);
    assert.equal(readOwnKind(meta), kind);
  });

  it("may have any words of keys and printable values, which are all read", () => {
    const key = fc.stringMatching(/^[a-z][a-z0-9]{0,5}$/);
    const value = fc.stringMatching(/^[!-~]{0,40}$/);
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(key, value), { selector: ([k]) => k }), (pairs) => {
        const words = new Map(pairs.slice(0, 8));
        assert.deepEqual(readOwnKind(describeOwnKind(0, words))?.words, words);
      }),
    );
  });

  it("ML-100: is never more than 512 bytes: a word that does not fit is left out", () => {
    const words = new Map([
      ["a", "x".repeat(400)],
      ["b", "y".repeat(400)],
      ["c", "z"],
    ]);
    const meta = describeOwnKind(200, words);
    assert.ok(meta.length <= 512);
    assert.deepEqual([...(readOwnKind(meta)?.words.keys() ?? [])], ["a", "c"]);
  });

  it("of stock members, of later kinds and of strangers is not taken for ours", () => {
    for (const text of [
      "",
      "metallb-ts/2 beat=200",
      "metallb-ts/1",
      "x",
      "metallb-ts/1 beat=200 ",
    ]) {
      assert.equal(readOwnKind(bytes(text)), undefined, text);
    }
    assert.equal(readOwnKind(bytes(`metallb-ts/1 beat=1 l2=${"a".repeat(600)}`)), undefined);
  });
});
