/** Random histories: the allocator against a naive one that walks over every address. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { isAvoided, type Pool } from "../config/index.ts";
import {
  formatAddress,
  parsePrefix,
  prefixContains,
  prefixLast,
  type Family,
  type IpAddress,
  type Prefix,
} from "../ip/index.ts";
import { Allocator, type Claim, type FamilyWishes } from "./allocator.ts";
import { findViolation } from "./invariants.ts";

type Pools = ReadonlyMap<string, Pool>;

function pool(name: string, prefixes: string, rest: Partial<Pool> = {}): Pool {
  const parsed = prefixes.split(" ").map((text) => parsePrefix(text) as Prefix);
  return {
    name,
    prefixes: parsed,
    autoAssign: true,
    avoidBuggyIps: false,
    l2Advertisements: [],
    bgpAdvertisements: [],
    ...rest,
  };
}

const poolSets: readonly Pools[] = [
  [pool("a", "10.0.0.4/30 10.0.0.0/31 2001:db8::/126"), pool("b", "10.0.1.254/31 10.0.2.0/30")],
  [pool("a", "10.0.0.0/30", { avoidBuggyIps: true }), pool("c", "10.0.0.4/30 2001:db8::2/127")],
  [pool("b", "10.0.0.0/29", { autoAssign: false }), pool("d", "10.0.1.254/31 2001:db8::/125")],
].map((pools) => new Map(pools.map((one) => [one.name, one])));

/** The same decisions in the plainest words: a list of holders, and walks over all addresses. */
class NaiveAllocator {
  pools: Pools = new Map();
  held = new Map<string, { claim: Claim; addresses: readonly IpAddress[] }>();

  setPools(pools: Pools): void {
    this.pools = pools;
    for (const [service, { addresses }] of this.held) {
      if (this.home(addresses) === undefined) this.held.delete(service);
    }
  }

  home(addresses: readonly IpAddress[]): Pool | undefined {
    return [...this.pools.values()].find((one) =>
      addresses.every(
        (address) =>
          !isAvoided(one, address) &&
          one.prefixes.some((prefix) => prefixContains(prefix, address)),
      ),
    );
  }

  mayHold(claim: Claim, address: IpAddress): boolean {
    const text = formatAddress(address);
    return [...this.held.values()].every(
      ({ claim: other, addresses }) =>
        other.service === claim.service ||
        addresses.every((one) => formatAddress(one) !== text) ||
        (claim.sharingKey !== "" &&
          claim.sharingKey === other.sharingKey &&
          claim.backendKey === other.backendKey &&
          claim.ports.every((port) => !other.ports.includes(port))),
    );
  }

  assign(claim: Claim, addresses: readonly IpAddress[]): boolean {
    const isFit =
      this.home(addresses) !== undefined && addresses.every((one) => this.mayHold(claim, one));
    if (isFit) this.held.set(claim.service, { claim, addresses });
    return isFit;
  }

  allocate(claim: Claim, wishes: FamilyWishes, pools: readonly Pool[]): boolean {
    for (const families of wishes) {
      for (const one of pools) {
        const found = families.map((family) => this.firstIn(one, family, claim));
        if (found.every((address) => address !== undefined)) return this.assign(claim, found);
      }
    }
    return false;
  }

  firstIn(from: Pool, family: Family, claim: Claim): IpAddress | undefined {
    for (const prefix of from.prefixes) {
      for (let value = prefix.first; value <= prefixLast(prefix); value += 1n) {
        const address = { family: prefix.family, value };
        const isFit = prefix.family === family && !isAvoided(from, address);
        if (isFit && this.mayHold(claim, address)) return address;
      }
    }
    return undefined;
  }
}

const claims = fc.record({
  service: fc.constantFrom("w/a", "w/b", "w/c", "w/d", "w/e", "w/f", "w/g", "w/h"),
  namespace: fc.constant("w"),
  labels: fc.constant({}),
  ports: fc.constantFrom(["TCP/80"], ["UDP/80"], ["TCP/81"], ["TCP/80", "TCP/82"]),
  sharingKey: fc.constantFrom("", "s", "s", "t"),
  backendKey: fc.constantFrom("", "", "app=x"),
});
const wishes = fc.constantFrom<FamilyWishes>([[4]], [[6]], [[4, 6]], [[4, 6], [4], [6]]);
const addresses = fc.oneof(
  fc.nat(10).map((low): IpAddress => ({ family: 4, value: 0x0a000000n + BigInt(low) })),
  fc.nat(6).map((low): IpAddress => ({ family: 4, value: 0x0a0001fen + BigInt(low) })),
  fc.nat(9).map((low): IpAddress => ({ family: 6, value: (0x20010db8n << 96n) + BigInt(low) })),
);

type Step = (ours: Allocator, naive: NaiveAllocator) => void;

const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(claims, wishes).map(([claim, wish]) => allocateAny(claim, wish)),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(claims, wishes, fc.constantFrom("a", "b", "c", "d"))
      .map(([claim, wish, name]) => allocateNamed(claim, wish, name)),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(claims, addresses).map(([claim, one]) => assignOne(claim, one)),
  },
  { weight: 2, arbitrary: claims.map(({ service }) => release(service)) },
  { weight: 1, arbitrary: fc.constantFrom(...poolSets).map(replacePools) },
);

function allocateAny(claim: Claim, wish: FamilyWishes): Step {
  return (ours, naive) => {
    release(claim.service)(ours, naive);
    const automatic = [...naive.pools.values()].filter(({ autoAssign }) => autoAssign);
    const expected = naive.allocate(claim, wish, automatic);
    assert.equal(ours.allocate(claim, wish).ok, expected);
  };
}

function allocateNamed(claim: Claim, wish: FamilyWishes, name: string): Step {
  return (ours, naive) => {
    release(claim.service)(ours, naive);
    const named = naive.pools.get(name);
    const expected = naive.allocate(claim, wish, named ? [named] : []);
    assert.equal(ours.allocateFromPool(claim, name, wish).ok, expected);
  };
}

function assignOne(claim: Claim, address: IpAddress): Step {
  return (ours, naive) => {
    assert.equal(ours.assign(claim, [address]).ok, naive.assign(claim, [address]));
  };
}

function release(service: string): Step {
  return (ours, naive) => {
    assert.deepEqual(ours.unassign(service)?.addresses, naive.held.get(service)?.addresses);
    naive.held.delete(service);
  };
}

function replacePools(pools: Pools): Step {
  return (ours, naive) => {
    const before = [...naive.held.keys()];
    naive.setPools(pools);
    const dropped = ours.setPools(pools).map(({ service }) => service);
    const gone = [...before].filter((service) => !naive.held.has(service));
    assert.deepEqual(dropped.sort(), gone.sort());
  };
}

describe("random histories", () => {
  it("IPAM-7, IPAM-10, IPAM-40, IPAM-41, IPAM-50: give what a walk over all addresses gives", () => {
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 120 }), (history) => {
        const ours = new Allocator();
        const naive = new NaiveAllocator();
        replacePools(poolSets[0] as Pools)(ours, naive);
        for (const step of history) {
          step(ours, naive);
          assert.equal(findViolation(ours, naive.pools), undefined);
          const held = [...naive.held].map(([service, { addresses }]) => [service, addresses]);
          const given = [...ours.holdings()].map(({ service, addresses }) => [service, addresses]);
          assert.deepEqual(new Map(given as never), new Map(held as never));
        }
        for (const service of naive.held.keys()) ours.unassign(service);
        assert.ok(ours.usage().every(({ inUse }) => inUse === 0n));
      }),
      { numRuns: 300 },
    );
  });

  it("a broken table is told in words", () => {
    const allocator = new Allocator();
    allocator.setPools(poolSets[0] as Pools);
    const claim = {
      service: "w/a",
      namespace: "w",
      labels: {},
      ports: [],
      sharingKey: "",
      backendKey: "",
    };
    allocator.allocate(claim, [[4]]);
    assert.match(
      findViolation(allocator, new Map()) ?? "",
      /w\/a holds 10\.0\.0\.4, which is outside/,
    );
  });
});
