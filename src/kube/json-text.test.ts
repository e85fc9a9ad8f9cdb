import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { assert as check, bigInt, json, property } from "fast-check";
import { formatJson, parseJson } from "./json-text.ts";

describe("JSON text", () => {
  it("ST-2: keeps every digit of an int64", () => {
    const text = '{"availableIPv6":9223372036854775807,"least":-9223372036854775808}';
    const value = parseJson(text);
    assert.deepEqual(value, { availableIPv6: 2n ** 63n - 1n, least: -(2n ** 63n) });
    assert.equal(formatJson(value), text);
    check(
      property(bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (whole) => {
        assert.equal(formatJson(parseJson(`[${whole}]`)), `[${whole}]`);
      }),
    );
  });

  it("gives plain numbers for all others, as JSON.parse does", () => {
    const text =
      '[1, -2.5, 1e300, 12345678901234567890123, 0.1234567890123456789, "1234567890123456789"]';
    assert.deepEqual(parseJson(text), JSON.parse(text));
    check(
      property(json(), (any) => {
        assert.deepEqual(JSON.parse(formatJson(parseJson(any))), JSON.parse(any));
      }),
    );
    assert.throws(() => parseJson("[1234567890123456"), SyntaxError);
  });

  it("refuses what JSON cannot hold as JSON.stringify does", () => {
    const endless: Record<string, unknown> = {};
    endless["self"] = endless;
    assert.throws(() => formatJson(endless), TypeError);
  });
});
