import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Comparison } from "./comparison.ts";

describe("the comparison of views and claims", () => {
  it("asks for an exchange once they differ for long, and ever more seldom while that does not help", () => {
    const comparison = new Comparison();
    const exchanges: number[] = [];
    for (let nowMs = 0; nowMs <= 10_000; nowMs += 100) {
      const at = { nowMs, patienceMs: 400 };
      if (comparison.differsForLong("a", { own: 1, told: 2 }, at)) exchanges.push(nowMs);
    }
    assert.deepEqual(exchanges, [400, 1200, 2800, 6000]);
    assert.ok(
      !comparison.differsForLong("a", { own: 2, told: 2 }, { nowMs: 10_100, patienceMs: 400 }),
    );
    assert.ok(
      !comparison.differsForLong("a", { own: 3, told: 2 }, { nowMs: 10_200, patienceMs: 400 }),
    );
    assert.ok(
      comparison.differsForLong("a", { own: 3, told: 2 }, { nowMs: 10_600, patienceMs: 400 }),
    );
  });

  it("says nothing of those who agree", () => {
    const comparison = new Comparison();
    for (const nowMs of [0, 10_000]) {
      assert.ok(!comparison.differsForLong("a", { own: 5, told: 5 }, { nowMs, patienceMs: 1 }));
    }
  });
});
