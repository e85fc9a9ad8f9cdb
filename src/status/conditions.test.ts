import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { mergeConditions } from "./conditions.ts";

const [early, late] = ["2026-11-27T05:00:00Z", "2026-11-27T06:00:00Z"];
const seen = { type: "Seen", status: "True", reason: "OwnerAnswers", message: "by a" } as const;
const conflict = {
  type: "Conflict",
  status: "True",
  reason: "AnotherMachine",
  message: "b",
} as const;

describe("conditions", () => {
  it("keeps those of others, and the time of one whose status stays", () => {
    const before = mergeConditions([], [seen, conflict], early) ?? [];
    assert.deepEqual(before, [
      { ...seen, lastTransitionTime: early },
      { ...conflict, lastTransitionTime: early },
    ]);
    const reworded = { ...seen, message: "by c" };
    assert.deepEqual(mergeConditions(before, [reworded], late), [
      { ...reworded, lastTransitionTime: early },
      { ...conflict, lastTransitionTime: early },
    ]);
    const lost = { ...seen, status: "False", reason: "NobodyAnswers" } as const;
    assert.equal(mergeConditions(before, [lost], late)?.[0]?.lastTransitionTime, late);
  });

  it("writes nothing where all is told already", () => {
    const before = mergeConditions([], [seen, conflict], early) ?? [];
    assert.equal(mergeConditions(before, [conflict, seen], late), undefined);
  });
});
