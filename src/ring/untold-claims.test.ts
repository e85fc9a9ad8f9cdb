import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Claim } from "./claims.ts";
import { batchSize, UntoldClaims } from "./untold-claims.ts";

const claim = (address: string, owner: string, term: number): Claim => ({ address, owner, term });

describe("claims that wait to be told", () => {
  it("a later claim of an address takes the place of the one that waits, and its turn", () => {
    const untold = new UntoldClaims();
    untold.add([claim("192.0.2.1", "a", 1), claim("192.0.2.2", "a", 1)]);
    untold.add([claim("192.0.2.1", "b", 2)]);
    assert.deepEqual(untold.take(), [claim("192.0.2.1", "b", 2), claim("192.0.2.2", "a", 1)]);
    assert.deepEqual([untold.size, untold.take()], [0, []]);
  });

  it("batches are full and in order, and what comes meanwhile is behind", () => {
    const untold = new UntoldClaims();
    const addresses = Array.from(
      { length: 2 * batchSize },
      (_, at) => `192.0.${at >> 8}.${at & 255}`,
    );
    untold.add(addresses.map((address) => claim(address, "a", 1)));
    const first = untold.take();
    untold.add([claim("198.51.100.1", "b", 1)]);
    const rest = [untold.take(), untold.take()];
    assert.deepEqual(
      [first, ...rest].map(({ length }) => length),
      [batchSize, batchSize, 1],
    );
    assert.deepEqual(
      [...first, ...rest.flat()].map(({ address }) => address),
      [...addresses, "198.51.100.1"],
    );
  });
});
