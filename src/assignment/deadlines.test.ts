import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { Deadlines } from "./deadlines.ts";

describe("deadlines", () => {
  it("give what is due, the earliest first, as the last word about each key says", () => {
    const step = fc.record({
      key: fc.constantFrom("a", "b", "c", "d", "e", "f", "g"),
      ms: fc.nat(20),
      does: fc.constantFrom("set", "set", "set", "delete", "take"),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const deadlines = new Deadlines();
        const model = new Map<string, number>();
        let nowMs = 0;
        for (const { key, ms, does } of steps) {
          if (does === "set") {
            deadlines.set(key, nowMs + ms);
            model.set(key, nowMs + ms);
          } else if (does === "delete") {
            deadlines.delete(key);
            model.delete(key);
          } else {
            nowMs += ms;
            const due = [...model].filter(([, dueMs]) => dueMs <= nowMs);
            for (const [one] of due) model.delete(one);
            const taken = deadlines.takeDue(nowMs);
            assert.deepEqual(taken.toSorted(), due.map(([one]) => one).toSorted());
            const moments = taken.map((one) => due.find(([other]) => other === one)?.[1] ?? 0);
            assert.deepEqual(
              moments,
              moments.toSorted((a, b) => a - b),
            );
          }
          assert.equal(deadlines.nextMs(), Math.min(Infinity, ...model.values()));
          assert.equal(deadlines.isAhead(key, nowMs), (model.get(key) ?? 0) > nowMs);
        }
      }),
    );
  });
});
