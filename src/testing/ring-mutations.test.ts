import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { planFaults } from "./fault-plan.ts";
import { runHistory } from "./ring-history.ts";
import { mutatedRing, ringMutations } from "./ring-mutations.ts";

/** So many histories at most until a bug shows. */
const mostSeeds = 120;

describe("the simulation of rings finds a planted bug:", () => {
  for (const mutation of ringMutations) {
    it(mutation.name, async () => {
      const ring = await mutatedRing(mutation);
      for (let seed = 1; seed <= mostSeeds; seed++) {
        const plan = planFaults(seed, mutation.wishes);
        if (runHistory(plan, ring).failures.length === 0) continue;
        // It is the bug, and not the history, that fails.
        assert.deepEqual(runHistory(plan).failures, []);
        return;
      }
      assert.fail(`${mostSeeds} histories did not show it`);
    });
  }
});
