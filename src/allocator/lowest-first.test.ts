/** The lowest member of a set, against sorting it anew each time. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { LowestFirst } from "./lowest-first.ts";

const steps = fc.array(fc.tuple(fc.constantFrom("add", "add", "delete", "ask"), fc.nat(40)), {
  maxLength: 200,
});

describe("lowest first", () => {
  it("IPAM-10: gives the lowest member after any additions and deletions", () => {
    fc.assert(
      fc.property(steps, (history) => {
        const ours = new LowestFirst();
        const members = new Set<bigint>();
        const check = () => {
          const [lowest] = [...members].sort((a, b) => Number(a - b));
          assert.equal(ours.lowest(), lowest);
          assert.equal(ours.size, members.size);
        };
        for (const [what, number] of history) {
          const value = BigInt(number);
          if (what === "ask") check();
          else ours[what === "add" ? "add" : "delete"](value);
          if (what === "add") members.add(value);
          if (what === "delete") members.delete(value);
        }
        for (const value of members) {
          check();
          const lowest = ours.lowest() ?? value;
          ours.delete(lowest);
          members.delete(lowest);
        }
      }),
    );
  });
});
