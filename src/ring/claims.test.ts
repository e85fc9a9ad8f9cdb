import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { type Claim, claimAfterMs, Claims, keptUnwantedMs } from "./claims.ts";

const x = "192.0.2.1";
const y = "2001:db8::1";
const claim = (address: string, owner: string, term: number): Claim => ({ address, owner, term });
const held = (address: string) => ({ address, isWanted: true, isHeld: true });
const wanted = (address: string) => ({ address, isWanted: true, isHeld: false });
const unused = (address: string) => ({ address, isWanted: false, isHeld: false });

/** What a ring that nobody came to for long makes at once, and one that is put together. */
const settled = { mayBeFirst: true, most: 100 };
const young = { mayBeFirst: false, most: 100 };

const anyClaim = fc.record({
  address: fc.constantFrom(x, y, "192.0.2.2"),
  owner: fc.constantFrom("a", "b", "c"),
  term: fc.integer({ min: 1, max: 4 }),
});

function claimsOf(self: string, ...uses: Parameters<Claims["use"]>[0][]): Claims {
  const claims = new Claims(self);
  for (const use of uses) claims.use(use, 0);
  return claims;
}

describe("claims", () => {
  it("are the same for all in the end, in whatever order and however often they came", () => {
    fc.assert(
      fc.property(fc.array(anyClaim), fc.array(anyClaim), (some, more) => {
        const uses = [x, y, "192.0.2.2"].map(wanted);
        const one = claimsOf("a", ...uses);
        const another = claimsOf("b", ...uses);
        one.merge([...some, ...more], 0);
        another.merge([...more, ...some.toReversed(), ...more], 0);
        const sorted = (claims: Claims) =>
          claims
            .told()
            .map((one) => JSON.stringify(Object.entries(one)))
            .sort();
        assert.deepEqual(sorted(one), sorted(another));
        assert.equal(one.digest, another.digest);
      }),
    );
  });

  it("of a higher term win, and of one term that of the first by name", () => {
    const claims = claimsOf("a", wanted(x));
    assert.equal(claims.merge([claim(x, "b", 2)], 0).length, 1);
    assert.equal(claims.merge([claim(x, "a", 1), claim(x, "c", 2), claim(x, "b", 2)], 0).length, 0);
    assert.equal(claims.ownerOf(x), "b");
    claims.merge([claim(x, "a", 2)], 0);
    assert.equal(claims.ownerOf(x), "a");
  });

  it("are made by who holds an address for long enough, with one term more", () => {
    const claims = claimsOf("a", held(x));
    claims.merge([claim(x, "b", 7)], 0);
    assert.deepEqual(claims.make(claimAfterMs - 1, settled), []);
    assert.deepEqual(claims.make(claimAfterMs, settled), [claim(x, "a", 8)]);
    assert.ok(!claims.isDue);
    assert.deepEqual(claims.make(2 * claimAfterMs, settled), []);
  });

  it("are not made of what is held no more, or by another since a moment ago", () => {
    const claims = claimsOf("a", held(x), held(y));
    claims.use(wanted(x), 10);
    claims.merge([claim(y, "a", 1), claim(y, "b", 2)], claimAfterMs);
    assert.deepEqual(claims.make(claimAfterMs, settled), []);
  });

  it("are first made when the ring is complete", () => {
    const claims = claimsOf("a", held(x), held(y));
    claims.merge([claim(y, "b", 1)], 0);
    assert.deepEqual(claims.make(claimAfterMs, young), [claim(y, "a", 2)]);
    assert.ok(claims.isDue);
    assert.deepEqual(claims.make(claimAfterMs, settled), [claim(x, "a", 1)]);
  });

  it("are made before that of what another lost, until it is held no more", () => {
    const takenOver = { ...held(x), isTakenOver: true };
    const claims = claimsOf("a", takenOver, held(y));
    assert.deepEqual(claims.make(claimAfterMs, young), [claim(x, "a", 1)]);
    const again = claimsOf("a", takenOver, wanted(x), held(x));
    assert.deepEqual(again.make(claimAfterMs, young), []);
  });

  it("are made from an owner that lives ever later where they are lost again each time", () => {
    const toClaim = { ...wanted(x), isToClaim: true };
    const claims = claimsOf("a", toClaim);
    let nowMs = 0;
    const waits: number[] = [];
    for (let term = 1; term < 20; term += 2) {
      claims.merge([claim(x, "b", term)], nowMs);
      const sinceMs = nowMs;
      while (claims.make(nowMs, young).length === 0) nowMs += claimAfterMs;
      waits.push((nowMs - sinceMs) / claimAfterMs);
    }
    assert.deepEqual(waits, [1, 2, 4, 8, 16, 32, 64, 128, 128, 128]);
    // What it lost long ago, or holds, waits no longer than any other.
    nowMs += 11 * 60_000;
    claims.merge([claim(x, "b", 21)], nowMs);
    assert.equal(claims.make(nowMs + claimAfterMs, young).length, 1);
    claims.merge([claim(x, "b", 23)], nowMs + claimAfterMs);
    claims.use(held(x), nowMs + claimAfterMs);
    assert.equal(claims.make(nowMs + 2 * claimAfterMs, young).length, 1);
  });

  it("of addresses that no Service has are told to nobody, and forgotten after a while", () => {
    const claims = claimsOf("a", wanted(x));
    claims.merge([claim(x, "b", 1), claim(y, "b", 1)], 0);
    assert.deepEqual(claims.told(), [claim(x, "b", 1)]);
    const { digest } = claims;
    claims.use(unused(x), 1000);
    assert.equal(claims.digest, 0);
    assert.deepEqual(claims.expire(keptUnwantedMs), []);
    assert.deepEqual(claims.expire(keptUnwantedMs + 1), [y]);
    claims.use(wanted(x), keptUnwantedMs);
    assert.equal(claims.digest, digest);
    assert.deepEqual(claims.expire(3 * keptUnwantedMs), []);
    assert.equal(claims.size, 1);
  });

  it("are made of the first held before others, no more than one asks for", () => {
    const claims = claimsOf("a", held(y), held(x));
    const one = { mayBeFirst: true, most: 1 };
    assert.deepEqual(claims.make(claimAfterMs, { ...one, most: 0 }), []);
    assert.deepEqual(claims.make(claimAfterMs, one), [claim(y, "a", 1)]);
    assert.ok(claims.isDue);
    assert.deepEqual(claims.make(claimAfterMs, one), [claim(x, "a", 1)]);
    assert.ok(!claims.isDue);
  });

  it("are bounded in number, and in term", () => {
    const claims = claimsOf("a", held(x));
    const many = Array.from({ length: 70_000 }, (_, index) => {
      return claim(`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`, "b", 1);
    });
    claims.merge(many, 0);
    assert.equal(claims.size, 65_536);
    const full = claimsOf("b", held(x));
    full.merge([claim(x, "a", 0xffff_ffff)], 0);
    assert.deepEqual(full.make(claimAfterMs, settled), []);
  });
});
