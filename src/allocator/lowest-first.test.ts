/** The lowest member of a set, against sorting it anew each time. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { LowestFirst } from "./lowest-first.ts";

const steps = fc.array(fc.tuple(fc.constantFrom("add", "add", "delete", "ask"), fc.nat(40)), {
  maxLength: 200,
});

describe("lowest first", () => {
  it("IPAM-10: gives the lowest number that counts, after any that begin and stop to count", () => {
    fc.assert(
      fc.property(steps, (history) => {
        const members = new Set<bigint>();
        const ours = new LowestFirst<bigint>((value) => members.has(value));
        const check = () => {
          const [lowest] = [...members].sort((a, b) => Number(a - b));
          assert.equal(ours.lowest(), lowest);
        };
        for (const [what, number] of history) {
          const value = BigInt(number);
          if (what === "ask") check();
          if (what === "delete") members.delete(value);
          if (what !== "add") continue;
          members.add(value);
          ours.add(value);
        }
        while (members.size > 0) {
          check();
          members.delete(ours.lowest() as bigint);
        }
        check();
      }),
    );
  });
});
