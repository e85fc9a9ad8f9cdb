import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { spreadAddresses } from "./address-spread.ts";
import type { SpreadAddress } from "./spread-groups.ts";

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

/** Few enough that all ways to spread them can be tried. */
const anyFew = fc
  .array(fc.tuple(fc.subarray(names.slice(0, 4), { minLength: 1 }), fc.nat(), fc.nat({ max: 3 })), {
    maxLength: 6,
  })
  .map((all) =>
    all.map(([candidates, at, state], index): SpreadAddress => ({
      address: `x${index}`,
      candidates,
      at: candidates[at % candidates.length]!,
      isClaimed: state > 0,
      isFixed: state > 2,
    })),
  );

interface Worth {
  /** The sum of the squares of the shares: the smallest is the most even. */
  readonly unevenness: number;
  readonly moves: number;
  readonly claimedMoves: number;
}

function worthOf(addresses: readonly SpreadAddress[], owners: readonly string[]): Worth {
  const counts = new Map<string, number>();
  for (const owner of owners) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  const moved = addresses.filter(({ at }, index) => owners[index] !== at);
  return {
    unevenness: [...counts.values()].reduce((sum, count) => sum + count * count, 0),
    moves: moved.length,
    claimedMoves: moved.filter(({ isClaimed }) => isClaimed).length,
  };
}

function isBetter(a: Worth, b: Worth): boolean {
  const differences = [
    a.unevenness - b.unevenness,
    a.moves - b.moves,
    a.claimedMoves - b.claimedMoves,
  ];
  return (differences.find((one) => one !== 0) ?? 0) < 0;
}

/** Of all spreads: the most even, of these the one with the fewest moves. */
function bestOf(addresses: readonly SpreadAddress[]): Worth {
  let best: Worth | undefined;
  const choose = (owners: readonly string[]): void => {
    const next = addresses[owners.length];
    if (next !== undefined) {
      const { isFixed, at, candidates } = next;
      for (const owner of isFixed ? [at] : candidates) choose([...owners, owner]);
      return;
    }
    const worth = worthOf(addresses, owners);
    if (best === undefined || isBetter(worth, best)) best = worth;
  };
  choose([]);
  return best!;
}

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

  it("is one of the most even that there are, and of these one that moves the fewest, claimed ones last", () => {
    fc.assert(
      fc.property(anyFew, (addresses) => {
        const owners = spreadAddresses(addresses);
        const found = addresses.map(({ address }) => owners.get(address)!);
        assert.deepEqual(worthOf(addresses, found), bestOf(addresses));
      }),
      { numRuns: 2000 },
    );
  });

  it("takes back a move that another one makes needless, where not all nodes may announce all", () => {
    const one = (address: string, candidates: string, at: string, isClaimed: boolean) => {
      return { address, candidates: candidates.split(""), at, isClaimed, isFixed: false };
    };
    const addresses = [
      one("x0", "bc", "b", true),
      one("x1", "abc", "c", false),
      one("x2", "a", "a", true),
      one("x3", "c", "c", false),
      one("x4", "ad", "a", true),
      one("x5", "bc", "b", false),
    ];
    const owners = spreadAddresses(addresses);
    const moved = addresses.filter(({ address, at }) => owners.get(address) !== at);
    assert.deepEqual(
      moved.map(({ address }) => address),
      ["x4"],
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

  it("moves no more while its owners claim, one before the other, where not all nodes may announce all", () => {
    fc.assert(
      fc.property(anyMixed, fc.array(fc.boolean(), { minLength: 40 }), (addresses, claims) => {
        const owners = spreadAddresses(addresses);
        const isClaimedNow = ({ address }: SpreadAddress) => claims[Number(address.slice(1))]!;
        const toMove = addresses.filter(({ address, at }) => owners.get(address) !== at);
        const some = after(addresses, owners, (address) => claims[Number(address.slice(1))]!);
        const then = spreadAddresses(some);
        const left = some.filter(({ address, at }) => then.get(address) !== at);
        assert.equal(left.length, toMove.filter((one) => !isClaimedNow(one)).length);
      }),
      { numRuns: 1000 },
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
