import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { LineSplitter } from "./line-splitter.ts";

describe("LineSplitter", () => {
  it("gives the same lines however the bytes are cut", () => {
    const lines = fc.array(fc.string({ unit: "grapheme", minLength: 1 }));
    const cuts = fc.array(fc.nat(400));
    fc.assert(
      fc.property(lines, cuts, (texts, at) => {
        const sent = texts.map((text) => `"${text.replace(/[\n\r]/g, "")}"`);
        const bytes = new TextEncoder().encode(sent.map((line) => `${line}\n`).join(""));
        const splitter = new LineSplitter();
        const received: string[] = [];
        let begin = 0;
        for (const end of [...at, bytes.length].sort((a, b) => a - b)) {
          received.push(...splitter.push(bytes.subarray(begin, end)));
          begin = Math.min(end, bytes.length);
        }
        assert.deepEqual(received, sent);
      }),
    );
  });

  it("leaves out blank lines", () => {
    assert.deepEqual(new LineSplitter().push(Buffer.from("a\n\n \nb\nc")), ["a", "b"]);
  });
});
