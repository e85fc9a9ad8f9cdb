import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseCounts } from "./exact-counts.ts";

describe("parseCounts", () => {
  it("ST-2: keeps every digit under the named keys, and leaves all other numbers as they are", () => {
    const text =
      '{"status":{"free":9223372036854775806,"held":3},"spec":{"n":9223372036854775806}}';
    assert.deepEqual(parseCounts(text, new Set(["free", "held"])), {
      status: { free: 9223372036854775806n, held: 3 },
      spec: { n: Number("9223372036854775806") },
    });
    assert.deepEqual(parseCounts('{"free":1e30,"x":"1234567890123456"}', new Set(["free"])), {
      free: 1e30,
      x: "1234567890123456",
    });
  });
});
