import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { poolStatusOf, showsPoolStatus } from "./pool-status.ts";

const max = 2n ** 63n - 1n;
const usage = {
  pool: "lan",
  capacity: max,
  capacityV4: 4n,
  capacityV6: max,
  inUse: 3n,
  inUseV4: 1n,
  inUseV6: 2n,
};

describe("status of a pool", () => {
  it("ST-1, ST-2: available is the capacity of the family without what is held, in exact digits", () => {
    assert.deepEqual(poolStatusOf(usage), {
      assignedIPv4: 1n,
      assignedIPv6: 2n,
      availableIPv4: 3n,
      availableIPv6: max - 2n,
    });
  });

  it("TV-73: a dual pool of 4 and 4 addresses with one dual service shows 1/1 and 3/3", () => {
    const one = { ...usage, capacityV6: 4n, inUseV6: 1n };
    assert.deepEqual(Object.values(poolStatusOf(one)), [1n, 1n, 3n, 3n]);
  });

  it("ST-1: stored numbers are the same only if each of them is exactly so", () => {
    const wanted = poolStatusOf(usage);
    const stored = { ...wanted, assignedIPv4: 1, assignedIPv6: 2, availableIPv4: 3 };
    assert.ok(showsPoolStatus(stored, wanted));
    assert.ok(!showsPoolStatus({ ...stored, availableIPv6: wanted.availableIPv6 - 1n }, wanted));
    // Digits were lost on the way: a double cannot tell it from its neighbours.
    assert.ok(!showsPoolStatus({ ...stored, availableIPv6: Number(max) }, wanted));
    assert.ok(!showsPoolStatus({ ...stored, assignedIPv4: 2 }, wanted));
    assert.ok(!showsPoolStatus({ assignedIPv4: 1 } as never, wanted));
    assert.ok(!showsPoolStatus(undefined, wanted));
  });
});
