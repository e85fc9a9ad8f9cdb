import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { type SpreadAddress, spreadAddresses } from "./address-spread.ts";

const names = ["a", "b", "c", "d", "e"];

function loadsOf(owners: ReadonlyMap<string, string>, nodes: readonly string[] = names): number[] {
  const counts = new Map(nodes.map((name) => [name, 0]));
  for (const owner of owners.values()) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  return [...counts.values()];
}

/** Addresses as they are after a plan, with all or some of its owners claimed. */
function after(
  addresses: readonly SpreadAddress[],
  owners: ReadonlyMap<string, string>,
  isClaimedNow: (address: string) => boolean,
): SpreadAddress[] {
  return addresses.map((one) =>
    isClaimedNow(one.address) ? { ...one, at: owners.get(one.address)!, isClaimed: true } : one,
  );
}

/** All nodes may announce each. */
const anyUniform = fc
  .array(fc.record({ at: fc.constantFrom(...names), isClaimed: fc.boolean() }), { maxLength: 60 })
  .map((all) =>
    all.map((one, index) => ({ ...one, address: `x${index}`, candidates: names, isFixed: false })),
  );
const anyMixed = fc
  .array(fc.tuple(fc.subarray(names, { minLength: 1 }), fc.nat(), fc.boolean(), fc.boolean()), {
    maxLength: 40,
  })
  .map((all) =>
    all.map(([candidates, at, isClaimed, isFixed], index): SpreadAddress => ({
      address: `x${index}`,
      candidates,
      at: candidates[at % candidates.length]!,
      isClaimed,
      isFixed: isClaimed && isFixed,
    })),
  );

/** Whether one address could go, by way of others, from a node to one that has two fewer. */
function couldBeMoreEven(addresses: readonly SpreadAddress[], owners: ReadonlyMap<string, string>) {
  const loads = new Map(names.map((name, index) => [name, loadsOf(owners)[index]!]));
  return names.some((donor) => {
    const reached = new Set([donor]);
    for (const name of reached) {
      for (const one of addresses) {
        if (one.isFixed || owners.get(one.address) !== name) continue;
        for (const to of one.candidates) reached.add(to);
      }
    }
    return [...reached].some((name) => loads.get(name)! <= loads.get(donor)! - 2);
  });
}

describe("the spread of addresses", () => {
  it("has shares that differ by at most one, and moves no more than that needs", () => {
    fc.assert(
      fc.property(anyUniform, (addresses) => {
        const owners = spreadAddresses(addresses);
        const shares = loadsOf(owners);
        assert.equal(owners.size, addresses.length);
        assert.ok(Math.max(...shares) - Math.min(...shares) <= 1, shares.join());
        const moved = addresses.filter(({ address, at }) => owners.get(address) !== at).length;
        const before = loadsOf(new Map(addresses.map(({ address, at }) => [address, at])));
        // As many nodes as can keep one more than the others do.
        const least = Math.floor(addresses.length / names.length);
        const larger = addresses.length % names.length;
        const above = before.map((load) => load - least).filter((load) => load > 0);
        const needed = above.reduce((sum, load) => sum + load, 0) - Math.min(larger, above.length);
        assert.equal(moved, needed);
      }),
    );
  });

  it("is as even as eligibility allows, and gives none to who may not announce it or takes a kept one away", () => {
    fc.assert(
      fc.property(anyMixed, (addresses) => {
        const owners = spreadAddresses(addresses);
        for (const { address, candidates, at, isFixed } of addresses) {
          assert.ok(candidates.includes(owners.get(address)!));
          if (isFixed) assert.equal(owners.get(address), at);
        }
        assert.ok(!couldBeMoreEven(addresses, owners));
      }),
    );
  });

  it("is the same in whatever order the addresses are known, and once all are claimed nothing moves", () => {
    fc.assert(
      fc.property(anyMixed, (addresses) => {
        const owners = spreadAddresses(addresses);
        const sorted = (map: ReadonlyMap<string, string>) => [...map].sort();
        assert.deepEqual(sorted(spreadAddresses(addresses.toReversed())), sorted(owners));
        const claimed = after(addresses, owners, () => true);
        assert.deepEqual(sorted(spreadAddresses(claimed)), sorted(owners));
      }),
    );
  });

  it("does not change while its owners claim, one before the other", () => {
    fc.assert(
      fc.property(anyUniform, fc.array(fc.boolean(), { minLength: 60 }), (addresses, claims) => {
        const owners = spreadAddresses(addresses);
        const some = after(addresses, owners, (address) => claims[Number(address.slice(1))]!);
        assert.deepEqual([...spreadAddresses(some)].sort(), [...owners].sort());
      }),
    );
  });

  it("of ten thousand addresses over a hundred nodes is found in one step of the speaker", () => {
    const nodes = Array.from({ length: 100 }, (_, index) => `node${index}`);
    const addresses = Array.from({ length: 10_000 }, (_, index) => ({
      address: `x${index}`,
      candidates: nodes,
      at: nodes[(index * index) % 37]!,
      isClaimed: false,
      isFixed: false,
    }));
    assert.deepEqual(new Set(loadsOf(spreadAddresses(addresses), nodes)), new Set([100]));
  });
});
