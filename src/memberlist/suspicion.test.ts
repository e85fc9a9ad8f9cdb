import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { confirmSuspicion, startSuspicion, suspicionEndsMs } from "./suspicion.ts";
import { lanTimings } from "./timings.ts";

function begin(members: number): ReturnType<typeof startSuspicion> {
  return startSuspicion(lanTimings, { nowMs: 0, accuser: "a", members });
}

/** How long the suspicion lasts with 0, 1 and 2 confirmations. */
function lengths(members: number): number[] {
  const none = begin(members);
  const one = confirmSuspicion(none, "b");
  const two = one && confirmSuspicion(one, "c");
  return [none, one, two].flatMap((suspicion) => (suspicion ? [suspicionEndsMs(suspicion)] : []));
}

describe("suspicion", () => {
  it("ML-106: lasts as long as the table says, by members and confirmations", () => {
    assert.deepEqual(lengths(2), [4000]);
    assert.deepEqual(lengths(3), [4000]);
    assert.deepEqual(lengths(4), [24_000, 11_381, 4000]);
    assert.deepEqual(lengths(10), [24_000, 11_381, 4000]);
    assert.deepEqual(lengths(50), [40_752, 19_325, 6792]);
    assert.deepEqual(lengths(100), [48_000, 22_762, 8000]);
  });

  it("ML-106: is confirmed by others than the first accuser, each once, and not by more than it wants", () => {
    const suspicion = begin(5);
    assert.equal(confirmSuspicion(suspicion, "a"), undefined);
    const one = confirmSuspicion(suspicion, "b")!;
    assert.equal(confirmSuspicion(one, "b"), undefined);
    const two = confirmSuspicion(one, "c")!;
    assert.equal(confirmSuspicion(two, "d"), undefined);
  });

  it("ML-106: never ends before the shortest time, nor after the longest", () => {
    const anyone = fc.array(fc.constantFrom("a", "b", "c", "d", "e"), { maxLength: 10 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), anyone, (members, accusers) => {
        let suspicion = begin(members);
        let before = suspicionEndsMs(suspicion);
        for (const from of accusers) {
          suspicion = confirmSuspicion(suspicion, from) ?? suspicion;
          const ends = suspicionEndsMs(suspicion);
          assert.ok(ends <= before && ends >= Math.floor(suspicion.minMs));
          before = ends;
        }
      }),
    );
  });
});
