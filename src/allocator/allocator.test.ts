/** Which address a service gets, and why it is refused one. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Pool, ServiceAllocation } from "../config/index.ts";
import {
  formatAddress,
  parseAddress,
  parsePrefix,
  type IpAddress,
  type Prefix,
} from "../ip/index.ts";
import { Allocator, type Assignment, type Claim, type FamilyWishes } from "./allocator.ts";
import { refusalText } from "./refusal.ts";

function pool(name: string, prefixes: string, rest: Partial<Pool> = {}): Pool {
  return {
    name,
    prefixes: prefixes.split(" ").map((text) => parsePrefix(text) as Prefix),
    autoAssign: true,
    avoidBuggyIps: false,
    l2Advertisements: [],
    bgpAdvertisements: [],
    ...rest,
  };
}

function allocatorWith(...pools: Pool[]): Allocator {
  const allocator = new Allocator();
  allocator.setPools(new Map(pools.map((one) => [one.name, one])));
  return allocator;
}

function claim(service: string, rest: Partial<Claim> = {}): Claim {
  const [namespace = ""] = service.split("/");
  const sharing = { sharingKey: "", backendKey: "", ports: ["TCP/80"] };
  return { service, namespace, labels: {}, ...sharing, ...rest };
}

function address(text: string): IpAddress {
  return parseAddress(text) as IpAddress;
}

const v4: FamilyWishes = [[4]];
const v6: FamilyWishes = [[6]];

/** The addresses given, or the refusal's text. */
function outcome(assignment: Assignment): string {
  if (!assignment.ok) return refusalText(assignment.refusal);
  return assignment.holding.addresses.map(formatAddress).join(" ");
}

function reason(assignment: Assignment): string {
  return assignment.ok ? "given" : assignment.refusal.reason;
}

describe("withheld addresses", () => {
  for (const [family, wide, narrow, first, next] of [
    [4, "198.18.0.0/16", "192.0.2.0/30", "198.18.0.0", "198.18.1.0"],
    [6, "2001:db8::/64", "fd00::/126", "2001:db8::", "2001:db8::100"],
  ] as const) {
    const wishes: FamilyWishes = [[family]];
    const withheldIn = (count: number) => {
      const allocator = allocatorWith(pool("wide", wide), pool("narrow", narrow));
      const { value } = address(first);
      const withheld = Array.from({ length: count }, (_, at) => ({
        family,
        value: value + BigInt(at),
      }));
      for (const one of withheld) allocator.withhold(one, "is used by another machine");
      return { allocator, withheld };
    };

    it(`IPv${family}: when 256 of a pool are withheld, no other one of it is tried until one is released`, () => {
      const { allocator, withheld } = withheldIn(256);
      const from = (service: string, name: string) =>
        outcome(allocator.allocateFromPool(claim(service), name, wishes));
      assert.match(
        from("w/a", "wide"),
        /^no available IPs in pool "wide" \(256 addresses are withheld\);/,
      );
      assert.equal(from("w/b", "narrow"), narrow.split("/")[0], "another pool goes on");
      allocator.release(withheld[7] as IpAddress);
      assert.equal(from("w/a", "wide"), formatAddress(withheld[7] as IpAddress));
      assert.equal(from("w/c", "wide"), next, "255 are left");
    });

    it(`IPv${family}: with 256 withheld, an address can still be shared, and asked for`, () => {
      const { allocator } = withheldIn(255);
      const sharing = (service: string, port: string) =>
        claim(service, { sharingKey: "k", ports: [port] });
      const asked = formatAddress({ family, value: address(first).value + 1000n });
      assert.equal(
        outcome(allocator.assignAsked(sharing("w/a", "TCP/1"), [address(asked)])),
        asked,
      );
      allocator.withhold({ family, value: address(first).value + 999n }, "is used");
      const given = allocator.allocateFromPool(sharing("w/b", "TCP/2"), "wide", wishes);
      assert.equal(outcome(given), asked);
    });

    it(`IPv${family}: a refusal counts those of the pools that it is about`, () => {
      const { allocator } = withheldIn(3);
      for (const name of ["w/a", "w/b", "w/c", "w/d"]) {
        assert.equal(reason(allocator.allocateFromPool(claim(name), "narrow", wishes)), "given");
      }
      const refused = outcome(allocator.allocateFromPool(claim("w/e"), "narrow", wishes));
      assert.match(refused, /^no available IPs in pool "narrow";/);
    });
  }
});

describe("the next address", () => {
  it("IPAM-10, TV-50: a freed low address is reused first", () => {
    const allocator = allocatorWith(pool("p", "198.18.1.6/31"));
    assert.equal(outcome(allocator.allocate(claim("w/a"), v4)), "198.18.1.6");
    assert.equal(outcome(allocator.allocate(claim("w/b"), v4)), "198.18.1.7");
    allocator.unassign("w/a");
    assert.equal(outcome(allocator.allocate(claim("w/c"), v4)), "198.18.1.6");
  });

  it("IPAM-10: entries count in listed order, and each family for itself", () => {
    const allocator = allocatorWith(pool("p", "198.18.9.0/32 2001:db8:5::/127 198.18.1.0/31"));
    const given = ["w/a", "w/b"].map((name) => outcome(allocator.allocate(claim(name), v4)));
    assert.deepEqual(given, ["198.18.9.0", "198.18.1.0"]);
    assert.equal(outcome(allocator.allocate(claim("w/c"), v6)), "2001:db8:5::");
  });

  it("IPAM-5, IPAM-11, TV-51: avoided addresses are never offered", () => {
    const allocator = allocatorWith(pool("p", "198.18.1.0/31", { avoidBuggyIps: true }));
    assert.equal(outcome(allocator.allocate(claim("w/a"), v4)), "198.18.1.1");
    assert.equal(reason(allocator.allocate(claim("w/b"), v4)), "exhausted");
  });

  it("IPAM-5: an avoided address can be neither asked for nor adopted; IPv6 is not affected", () => {
    const allocator = allocatorWith(
      pool("p", "198.18.0.0/16 2001:db8:5::/120", { avoidBuggyIps: true }),
    );
    assert.equal(
      reason(allocator.assign(claim("w/a"), [address("198.18.7.255")])),
      "not-in-a-pool",
    );
    assert.equal(outcome(allocator.allocate(claim("w/b"), v6)), "2001:db8:5::");
    allocator.assign(claim("w/c"), [address("198.18.0.1")]);
    const next = [...Array(255).keys()].map((index) =>
      outcome(allocator.allocate(claim(`w/${index}`), v4)),
    );
    assert.deepEqual(next.slice(0, 1), ["198.18.0.2"]);
    assert.deepEqual(next.slice(252, 255), ["198.18.0.254", "198.18.1.1", "198.18.1.2"]);
  });

  it("IPAM-5, IPAM-7: a refusal says whether a pool avoids the address, or two pools have the two", () => {
    const allocator = allocatorWith(
      pool("p", "198.18.0.0/16", { avoidBuggyIps: true }),
      pool("six", "2001:db8:5::/120"),
    );
    const refusal = (...texts: string[]) =>
      outcome(allocator.assign(claim("w/a"), texts.map(address)));
    assert.match(refusal("198.18.7.0"), /^"198.18.7.0" is not allowed in config: pool "p" avoids/);
    assert.match(
      refusal("198.18.7.1", "2001:db8:5::1"),
      /is not allowed in config: they are of pools "p" and "six"; use two addresses of one pool/,
    );
    assert.match(refusal("192.0.2.1", "2001:db8:5::1"), /no pool contains it/);
  });

  it("IPAM-10: a huge pool costs no more than what is used of it", () => {
    const allocator = allocatorWith(pool("p", "10.0.0.0/8 2001:db8::/64"));
    allocator.assign(claim("w/high"), [address("10.255.255.255")]);
    assert.equal(outcome(allocator.allocate(claim("w/a"), v4)), "10.0.0.0");
    assert.equal(outcome(allocator.allocate(claim("w/b"), v6)), "2001:db8::");
  });
});

describe("the choice of a pool", () => {
  it("IPAM-12, IPAM-22, TV-53: a pool without auto-assign serves only those who name it", () => {
    const hidden = pool("u", "198.18.2.0/24", { autoAssign: false });
    const allocator = allocatorWith(hidden, pool("v", "198.18.1.0/24"));
    assert.equal(outcome(allocator.allocateFromPool(claim("w/a"), "u", v4)), "198.18.2.0");
    assert.equal(outcome(allocator.allocate(claim("w/b"), v4)), "198.18.1.0");
    assert.equal(outcome(allocator.assign(claim("w/c"), [address("198.18.2.9")])), "198.18.2.9");
    const alone = allocatorWith(hidden);
    assert.equal(reason(alone.allocate(claim("w/a"), v4)), "exhausted");
  });

  it("IPAM-25: a pool without the family says so, instead of asking for more of what it has", () => {
    const allocator = allocatorWith(pool("six", "2001:db8:5::/120"));
    const asked = (wishes: FamilyWishes) =>
      outcome(allocator.allocateFromPool(claim("w/a"), "six", wishes));
    assert.match(asked([[4]]), /^no available IPs in pool "six"; it has no IPv4 addresses; add/);
    assert.match(asked([[4, 6]]), /it has no IPv4 addresses/);
    assert.equal(asked([[4, 6], [4], [6]]), "2001:db8:5::");
  });

  it("IPAM-12: a named pool has no fallback", () => {
    const allocator = allocatorWith(pool("full", "198.18.2.0/32"), pool("v", "198.18.1.0/24"));
    allocator.allocateFromPool(claim("w/a"), "full", v4);
    const second = allocator.allocateFromPool(claim("w/b"), "full", v4);
    assert.match(outcome(second), /^no available IPs in pool "full"; add addresses to it/);
  });

  it("IPAM-21: general pools are tried by name", () => {
    const allocator = allocatorWith(pool("b", "198.18.2.0/24"), pool("a", "198.18.1.0/32"));
    const given = ["w/a", "w/b"].map((name) => outcome(allocator.allocate(claim(name), v4)));
    assert.deepEqual(given, ["198.18.1.0", "198.18.2.0"]);
  });

  const allocation = (rest: Partial<ServiceAllocation>) => ({
    serviceAllocation: {
      priority: 0,
      namespaces: new Set<string>(),
      serviceSelectors: [],
      ...rest,
    },
  });
  const labelled = [[{ key: "app", operator: "In" as const, values: ["web"] }]];

  it("IPAM-20, TV-54: pinned pools are tried by priority, 0 last", () => {
    const x = pool("x", "198.18.1.0/24", allocation({ namespaces: new Set(["w"]), priority: 20 }));
    const y = pool("y", "198.18.2.0/24", allocation({ serviceSelectors: labelled, priority: 10 }));
    const z = pool("a", "198.18.3.0/24", allocation({ namespaces: new Set(["w"]) }));
    const allocator = allocatorWith(x, y, z, pool("general", "198.18.4.0/24"));
    const web = claim("w/a", { labels: { app: "web" } });
    assert.equal(outcome(allocator.allocate(web, v4)), "198.18.2.0");
    assert.equal(outcome(allocator.allocate(claim("w/b"), v4)), "198.18.1.0");
    assert.equal(outcome(allocator.allocate(claim("other/b"), v4)), "198.18.4.0");
  });

  it("IPAM-21, IPAM-23, TV-55: a pool serves nobody whom it does not admit", () => {
    const mine = pool("mine", "198.18.1.0/24", {
      ...allocation({ namespaces: new Set(["w"]), serviceSelectors: labelled }),
    });
    const allocator = allocatorWith(mine);
    const web = { labels: { app: "web" } };
    for (const one of [claim("w/plain"), claim("other/web", web)]) {
      assert.equal(reason(allocator.allocate(one, v4)), "exhausted");
      assert.equal(reason(allocator.allocateFromPool(one, "mine", v4)), "pool-not-compatible");
      const asked = allocator.assign(one, [address("198.18.1.7")]);
      assert.match(outcome(asked), /^pool "mine" not compatible for ip assignment; /);
    }
    assert.equal(outcome(allocator.allocate(claim("w/web", web), v4)), "198.18.1.0");
  });

  it("IPAM-20: a pool pinned to nothing admits on request, but is never picked", () => {
    const allocator = allocatorWith(pool("p", "198.18.1.0/24", allocation({})));
    assert.equal(reason(allocator.allocate(claim("w/a"), v4)), "exhausted");
    assert.equal(outcome(allocator.allocateFromPool(claim("w/a"), "p", v4)), "198.18.1.0");
  });

  it("IPAM-24: a pool with only a priority comes before all general pools", () => {
    const everybody = allocation({ priority: 5, serviceSelectors: [[]] });
    const first = pool("z", "198.18.9.0/24", everybody);
    const allocator = allocatorWith(pool("a", "198.18.1.0/24"), first);
    assert.equal(outcome(allocator.allocate(claim("w/a"), v4)), "198.18.9.0");
  });

  it("IPAM-25: says whether no address is left anywhere, in the pool, or there is no such pool", () => {
    const allocator = allocatorWith(pool("p", "198.18.1.0/32"), pool("q", "198.18.2.0/32"));
    allocator.allocate(claim("w/a"), v4);
    allocator.allocate(claim("w/b"), v4);
    assert.match(outcome(allocator.allocate(claim("w/c"), v4)), /^no available IPs; /);
    const named = allocator.allocateFromPool(claim("w/c"), "p", v4);
    assert.match(outcome(named), /^no available IPs in pool "p"; /);
    const unknown = allocator.allocateFromPool(claim("w/c"), "d", v4);
    assert.match(outcome(unknown), /^unknown pool "d"; name one of these: p, q/);
    assert.equal(allocator.holdingOf("w/c"), undefined);
  });

  it("IPAM-30, TV-56: a pair comes from one pool", () => {
    const allocator = allocatorWith(
      pool("a", "198.18.9.0/24"),
      pool("b", "198.18.1.0/24 2001:db8:5::/64"),
    );
    assert.equal(outcome(allocator.allocate(claim("w/a"), [[4, 6]])), "198.18.1.0 2001:db8:5::");
    const single = allocator.allocate(claim("w/b"), [[4, 6], [4], [6]]);
    assert.equal(outcome(single), "198.18.1.1 2001:db8:5::1");
  });

  it("IPAM-31: one who prefers both takes the first pool with both, else the family it names first", () => {
    const one = pool("a", "2001:db8:9::/128 198.18.9.0/32");
    const allocator = allocatorWith(one, pool("b", "198.18.1.0/24"), pool("c", "2001:db8:5::/64"));
    const prefers6: FamilyWishes = [[6, 4], [6], [4]];
    const given = ["w/a", "w/b"].map((name) => outcome(allocator.allocate(claim(name), prefers6)));
    assert.deepEqual(given, ["2001:db8:9:: 198.18.9.0", "2001:db8:5::"]);
  });

  it("IPAM-31: a pinned pool of one family beats a general pool of both", () => {
    const pinned = pool("p", "198.18.1.0/24", allocation({ namespaces: new Set(["w"]) }));
    const allocator = allocatorWith(pool("a", "198.18.9.0/24 2001:db8:5::/64"), pinned);
    const prefersBoth: FamilyWishes = [[4, 6], [4], [6]];
    assert.equal(outcome(allocator.allocate(claim("w/a"), prefersBoth)), "198.18.1.0");
  });
});

describe("assigning given addresses", () => {
  const lan = pool("lan", "198.18.1.0/30 2001:db8:5::/126");
  const wan = pool("wan", "198.18.2.0/30");

  it("IPAM-7: all must lie in one pool, and at most one be of each family", () => {
    const allocator = allocatorWith(lan, wan);
    const assign = (texts: string) => allocator.assign(claim("w/a"), texts.split(" ").map(address));
    assert.match(
      outcome(assign("203.0.113.9")),
      /^"203\.0\.113\.9" is not allowed in config: no pool/,
    );
    assert.match(
      outcome(assign("198.18.2.1 2001:db8:5::1")),
      /^\["198\.18\.2\.1" "2001:db8:5::1"\] is not/,
    );
    assert.equal(reason(assign("198.18.1.1 198.18.1.2")), "unfit-addresses");
    assert.equal(outcome(assign("198.18.1.1 2001:db8:5::1")), "198.18.1.1 2001:db8:5::1");
  });

  it("IPAM-7: success replaces the former holding, failure changes nothing", () => {
    const allocator = allocatorWith(lan, wan);
    allocator.assign(claim("w/a"), [address("198.18.1.0")]);
    assert.equal(reason(allocator.assign(claim("w/a"), [address("203.0.113.9")])), "not-in-a-pool");
    assert.equal(allocator.holdingOf("w/a")?.pool, "lan");
    allocator.assign(claim("w/a"), [address("198.18.2.3")]);
    assert.equal(allocator.holdingOf("w/a")?.pool, "wan");
    assert.equal(outcome(allocator.allocate(claim("w/b"), v4)), "198.18.1.0");
  });

  it("IPAM-40, TV-60: the same key shares, in any namespace; another key does not", () => {
    const allocator = allocatorWith(lan);
    const allocate = (service: string, key: string, port: string) =>
      outcome(allocator.allocate(claim(service, { sharingKey: key, ports: [port] }), v4));
    assert.equal(allocate("w/a", "s", "TCP/80"), "198.18.1.0");
    assert.equal(allocate("x/b", "s", "UDP/80"), "198.18.1.0");
    assert.equal(allocate("w/c", "s2", "TCP/81"), "198.18.1.1");
  });

  it("IPAM-40, TV-61: without a key of its own a service shares nothing", () => {
    const allocator = allocatorWith(wan);
    allocator.assign(claim("w/a", { sharingKey: "s" }), [address("198.18.2.0")]);
    const b = allocator.assign(claim("w/b", { ports: ["TCP/81"] }), [address("198.18.2.0")]);
    assert.match(
      outcome(b),
      /^can't change sharing key for "w\/b", address also in use by "w\/a" \(198\.18\.2\.0\); ask for another/,
    );
  });

  it("IPAM-40: Local and Cluster services do not share, and the mend says so", () => {
    const allocator = allocatorWith(wan);
    allocator.assign(claim("w/a", { sharingKey: "s", backendKey: "app=x" }), [
      address("198.18.2.0"),
    ]);
    const rest = { sharingKey: "s", ports: ["TCP/81"] };
    const cluster = allocator.assign(claim("w/b", rest), [address("198.18.2.0")]);
    assert.match(outcome(cluster), /externalTrafficPolicy: Cluster, or one and the same selector/);
    const local = { ...rest, backendKey: "app=x" };
    assert.equal(
      outcome(allocator.assign(claim("w/b", local), [address("198.18.2.0")])),
      "198.18.2.0",
    );
  });

  it("IPAM-41: a sharer takes the first address that admits it, fresh or shared", () => {
    const allocator = allocatorWith(wan);
    const friend = claim("w/a", { sharingKey: "s" });
    allocator.assign(friend, [address("198.18.2.2")]);
    const rest = { sharingKey: "s", ports: ["TCP/81"] };
    assert.equal(outcome(allocator.allocate(claim("w/b", rest), v4)), "198.18.2.0");
    allocator.assign(claim("w/c"), [address("198.18.2.1")]);
    allocator.assign(claim("w/d"), [address("198.18.2.3")]);
    allocator.assign(claim("w/b", { ports: ["TCP/81"] }), [address("198.18.2.0")]);
    assert.equal(outcome(allocator.allocate(claim("w/e", rest), v4)), "198.18.2.2");
    assert.equal(reason(allocator.allocate(claim("w/f", rest), v4)), "exhausted");
  });

  it("IPAM-42: a sole holder changes keys and ports freely", () => {
    const allocator = allocatorWith(wan);
    const at = [address("198.18.2.0")];
    allocator.assign(claim("w/a", { sharingKey: "s" }), at);
    const changed = claim("w/a", { sharingKey: "t", backendKey: "app=x", ports: ["TCP/443"] });
    assert.equal(outcome(allocator.assign(changed, at)), "198.18.2.0");
    const friend = claim("w/b", { sharingKey: "t", backendKey: "app=x", ports: ["TCP/80"] });
    assert.equal(outcome(allocator.assign(friend, at)), "198.18.2.0");
  });

  it("IPAM-42: with other holders a change of key or port is refused, and names them", () => {
    const allocator = allocatorWith(wan);
    const at = [address("198.18.2.0")];
    allocator.assign(claim("w/a", { sharingKey: "s" }), at);
    allocator.assign(claim("w/b", { sharingKey: "s", ports: ["TCP/81"] }), at);
    const key = allocator.assign(claim("w/b", { sharingKey: "t", ports: ["TCP/81"] }), at);
    assert.match(
      outcome(key),
      /can't change sharing key for "w\/b", address also in use by "w\/a"/,
    );
    const port = allocator.assign(claim("w/b", { sharingKey: "s" }), at);
    assert.match(
      outcome(port),
      /^port TCP\/80 is already in use on 198\.18\.2\.0 by "w\/a"; use another/,
    );
    assert.deepEqual(allocator.holdingOf("w/b")?.ports, ["TCP/81"]);
  });
});

describe("many sharers", () => {
  const sharer = (index: number) =>
    claim(`w/s${index}`, { sharingKey: "s", ports: [`TCP/${index}`, `UDP/${index}`] });

  it("IPAM-40, IPAM-41: thousands share one address, and each of its ports is known", () => {
    const allocator = allocatorWith(pool("p", "198.18.1.0/24"));
    for (let index = 0; index < 4000; index++) {
      assert.equal(outcome(allocator.allocate(sharer(index), v4)), "198.18.1.0");
    }
    const another = claim("w/t", { sharingKey: "s", ports: ["UDP/3999"] });
    assert.equal(outcome(allocator.allocate(another, v4)), "198.18.1.1");
    allocator.unassign("w/t");
    allocator.unassign("w/s3999");
    assert.equal(outcome(allocator.allocate(another, v4)), "198.18.1.0");
    assert.equal(allocator.usage()[0]?.inUse, 1n);
  });

  it("IPAM-42: of many sharers in the way only some are named", () => {
    const allocator = allocatorWith(pool("p", "198.18.1.0/32"));
    for (let index = 0; index < 100; index++) allocator.allocate(sharer(index), v4);
    const refused = allocator.assign(claim("w/t"), [address("198.18.1.0")]);
    assert.match(outcome(refused), /in use by "w\/s0", .*"w\/s4", and 95 more \(198\.18\.1\.0\)/);
  });
});

describe("a second family", () => {
  it("IPAM-32: is added from the same pool, beside what is held; or refused, and nothing changes", () => {
    const allocator = allocatorWith(
      pool("both", "198.18.1.0/30 2001:db8:5::/128"),
      pool("six", "2001:db8:6::/64"),
    );
    for (const name of ["w/a", "w/b"]) allocator.allocate(claim(name), v4);
    assert.equal(outcome(allocator.extend(claim("w/a"), 6)), "198.18.1.0 2001:db8:5::");
    assert.match(
      outcome(allocator.extend(claim("w/b"), 6)),
      /^no available IPv6 address in pool "both"/,
    );
    assert.equal(allocator.holdingOf("w/b")?.addresses.length, 1);
  });
});

describe("a change of pools", () => {
  it("IPAM-5, IPAM-50: who holds an address that is avoided from now on is dropped", () => {
    const allocator = allocatorWith(pool("p", "198.18.1.0/24"));
    for (const name of ["w/a", "w/b"]) allocator.allocate(claim(name), v4);
    const next = pool("p", "198.18.1.0/24", { avoidBuggyIps: true });
    const dropped = allocator.setPools(new Map([["p", next]]));
    assert.deepEqual(
      dropped.map(({ service }) => service),
      ["w/a"],
    );
    assert.equal(outcome(allocator.allocate(claim("w/c"), v4)), "198.18.1.2");
  });

  it("IPAM-22, IPAM-50: a pool that says something new of the same addresses keeps its holders", () => {
    const allocator = allocatorWith(pool("p", "198.18.1.0/24"));
    const first = allocator.allocate(claim("w/a"), v4);
    allocator.setPools(new Map([["p", pool("p", "198.18.1.0/24", { autoAssign: false })]]));
    assert.equal(allocator.holdingOf("w/a"), first.ok ? first.holding : undefined);
    assert.equal(reason(allocator.allocate(claim("w/b"), v4)), "exhausted");
  });

  it("IPAM-50, IPAM-51: holders follow their address into the pool that now has it", () => {
    const allocator = allocatorWith(pool("all", "198.18.1.0/24"));
    allocator.assign(claim("w/a"), [address("198.18.1.0")]);
    allocator.assign(claim("w/b"), [address("198.18.1.200")]);
    const dropped = allocator.setPools(
      new Map([
        ["lo", pool("lo", "198.18.1.0/25")],
        ["other", pool("other", "198.18.9.0/24")],
      ]),
    );
    assert.deepEqual(
      dropped.map(({ service }) => service),
      ["w/b"],
    );
    assert.equal(allocator.holdingOf("w/a")?.pool, "lo");
    assert.equal(allocator.holdingOf("w/b"), undefined);
    assert.equal(outcome(allocator.allocate(claim("w/c"), v4)), "198.18.1.1");
  });
});

describe("pool usage", () => {
  const usage = (allocator: Allocator) => allocator.usage()[0];

  it("MET-10, ST-2: counts distinct addresses, by family", () => {
    const allocator = allocatorWith(pool("p", "198.18.1.0/30 2001:db8:5::/126"));
    const pair = [address("198.18.1.0"), address("2001:db8:5::")];
    allocator.assign(claim("w/a", { sharingKey: "s" }), pair);
    allocator.assign(claim("w/b", { sharingKey: "s", ports: ["TCP/81"] }), pair.slice(0, 1));
    const counts = {
      capacity: 8n,
      capacityV4: 4n,
      capacityV6: 4n,
      inUse: 2n,
      inUseV4: 1n,
      inUseV6: 1n,
    };
    assert.deepEqual(usage(allocator), { pool: "p", ...counts });
  });

  for (const [prefixes, v4Count, v6Count, total] of [
    ["198.18.0.0/24 203.0.113.128/25", 381n, 0n, 381n],
    ["198.18.0.0/31 2001:db8::/127", 1n, 2n, 3n],
    ["198.18.0.0/16", 65024n, 0n, 65024n],
    ["198.18.0.255/32 198.18.0.0/32 198.18.0.7/32", 1n, 0n, 1n],
    ["2001:db8::/64 2001:db9::/66 198.18.0.4/30", 4n, 2n ** 63n - 1n, 2n ** 63n - 1n],
    ["2001:db8::/66", 0n, 2n ** 63n - 1n, 2n ** 63n - 1n],
    ["2001:db8::/67", 0n, 2n ** 61n, 2n ** 61n],
  ] as const) {
    it(`MET-10, ST-2, TV-74, TV-75: ${prefixes} with avoid-buggy-ips holds ${total}`, () => {
      const row = usage(allocatorWith(pool("p", prefixes, { avoidBuggyIps: true })));
      assert.deepEqual(
        [row?.capacityV4, row?.capacityV6, row?.capacity],
        [v4Count, v6Count, total],
      );
    });
  }
});
