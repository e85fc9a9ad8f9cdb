/** Go's duration notation. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { parseDuration, parseDurationSeconds } from "./duration.ts";

const second = 1_000_000_000n;

describe("durations", () => {
  for (const [text, expected] of [
    ["90s", 90n * second],
    ["1m30s", 90n * second],
    ["1500ms", (3n * second) / 2n],
    ["1.5h", 5400n * second],
    ["+3s", 3n * second],
    ["-1s", -second],
    [".5s", second / 2n],
    ["1.s", second],
    ["0", 0n],
    ["2us3µs4μs5ns", 9005n],
    ["2.9999999999999999999s", 3n * second],
    ["0.33333333333333333333h", 1200n * second],
    ["-9223372036854775808ns", -(2n ** 63n)],
    ["1h2m3s4ms", 3723n * second + 4_000_000n],
  ] as const) {
    it(`LC-5: reads ${text}`, () => assert.equal(parseDuration(text), expected));
  }

  for (const text of [
    "",
    "90",
    "s",
    ".s",
    "3 s",
    "3S",
    "3d",
    "1m30",
    "--3s",
    "s3",
    "9999999h9s",
    "9223372036854775808ns",
  ]) {
    it(`LC-5: refuses "${text}"`, () => assert.equal(parseDuration(text), undefined));
  }

  it("LC-5: the parts add up in any order", () => {
    fc.assert(
      fc.property(fc.nat(9999), fc.nat(9999), fc.nat(9999), (hours, minutes, millis) => {
        const expected = BigInt(hours * 3600 + minutes * 60) * second + BigInt(millis) * 1_000_000n;
        assert.equal(parseDuration(`${hours}h${minutes}m${millis}ms`), expected);
        assert.equal(parseDuration(`${millis}ms${hours}h${minutes}m`), expected);
      }),
    );
  });

  it("LC-5: seconds are cut towards zero", () => {
    const cut = ["2.9s", "3.99s", "900ms", "-900ms", "-1s", "x"].map(parseDurationSeconds);
    assert.deepEqual(cut, [2, 3, 0, 0, -1, undefined]);
  });
});
