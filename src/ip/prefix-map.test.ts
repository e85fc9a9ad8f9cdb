/** Finding the prefix around an address. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { prefixContains, prefixLast, type Prefix } from "./prefix.ts";
import { PrefixMap } from "./prefix-map.ts";

/** Blocks one after the other with gaps, so that none overlap. */
const apart = fc
  .array(fc.tuple(fc.constantFrom(4 as const, 6 as const), fc.nat(4), fc.nat(20)), {
    maxLength: 20,
  })
  .map((parts) => {
    let next = 0n;
    return parts.map(([family, hostBits, gap]): Prefix => {
      const size = 1n << BigInt(hostBits);
      const first = ((next + BigInt(gap) + size - 1n) / size) * size;
      next = first + size;
      return { family, first, bits: (family === 4 ? 32 : 128) - hostBits };
    });
  });

describe("a prefix map", () => {
  it("finds what a walk over all prefixes finds", () => {
    fc.assert(
      fc.property(apart, fc.array(fc.nat(900)), (prefixes, values) => {
        const map = new PrefixMap(prefixes.map((prefix) => [prefix, prefix] as const).reverse());
        const edges = prefixes.flatMap((prefix) => [prefix.first, prefixLast(prefix) + 1n]);
        for (const value of [...values.map(BigInt), ...edges]) {
          for (const family of [4, 6] as const) {
            const address = { family, value };
            assert.equal(
              map.get(address),
              prefixes.find((one) => prefixContains(one, address)),
            );
          }
        }
      }),
    );
  });
});
