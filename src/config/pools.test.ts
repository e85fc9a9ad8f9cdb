/** Address pools, their addresses and their BGP advertisements. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import {
  formatPrefix,
  parseAddress,
  prefixLast,
  type IpAddress,
  type Prefix,
} from "../ip/index.ts";
import { isAvoided, poolContaining, type Config, type Pool } from "./config.ts";
import type { ConfigError } from "./config-error.ts";
import { findingText, type Finding } from "./finding.ts";
import { compileConfigMap } from "./from-configmap.ts";
import { findOverlaps } from "./prefix-overlap.ts";

function compile(pools: string): { config: Config; warnings: readonly Finding[] } {
  const result = compileConfigMap(`address-pools: [${pools}]`);
  assert.ok(result.ok, result.ok ? "" : result.error.message);
  return result;
}

function pool(fields: string): Pool {
  const [only] = compile(`{name: t, ${fields}}`).config.pools.values();
  return only as Pool;
}

function refusal(pools: string): ConfigError {
  const result = compileConfigMap(`bgp-communities: {blue: "65000:8"}\naddress-pools: [${pools}]`);
  assert.ok(!result.ok, "accepted");
  return result.error;
}

function address(text: string): IpAddress {
  return parseAddress(text) as IpAddress;
}

describe("a pool", () => {
  it("LC-36: is assigned automatically and avoids nothing unless told otherwise", () => {
    const lan = pool("protocol: layer2, addresses: [192.0.2.0/24]");
    assert.deepEqual([lan.protocol, lan.autoAssign, lan.avoidBuggyIps], ["layer2", true, false]);
    assert.deepEqual(lan.bgpAdvertisements, []);
  });

  for (const [pools, code, path] of [
    ["{protocol: bgp, addresses: [10.0.0.0/8]}", "missing-name", "name"],
    ["null", "missing-name", "name"],
    ["{name: '', addresses: [x]}", "missing-name", "name"],
    ["{name: a, protocol: nope}", "missing-addresses", "addresses"],
    ["{name: a, protocol: nope, addresses: [x]}", "bad-addresses", "addresses[0]"],
    ["{name: a, addresses: [10.0.0.0/8]}", "missing-protocol", "protocol"],
    ["{name: a, protocol: l2, addresses: [10.0.0.0/8]}", "unknown-protocol", "protocol"],
  ] as const) {
    it(`LC-7, TV-11, TV-12, TV-13: ${pools} is refused first for ${code}`, () => {
      const error = refusal(pools);
      assert.deepEqual([error.code, error.path], [code, `address-pools[0].${path}`]);
    });
  }

  for (const [fault, second] of [
    ["repeated-pool-name", "{name: a, protocol: layer2, addresses: [198.18.2.0/24]}"],
    ["overlapping-addresses", "{name: b, protocol: layer2, addresses: [198.18.1.0/25]}"],
  ] as const) {
    it(`LC-3, LC-7: ${fault} in a pool is told before what is wrong with the next pool`, () => {
      const first = "{name: a, protocol: layer2, addresses: [198.18.1.0/24]}";
      const result = compileConfigMap(`address-pools: [${first}, ${second}, {name: c}]`);
      assert.ok(!result.ok);
      assert.equal(result.error.code, fault);
      const paths = result.findings.map(({ path }) => path.slice(0, "address-pools[0]".length));
      assert.deepEqual(paths, ["address-pools[1]", "address-pools[2]", "address-pools[2]"]);
    });
  }

  for (const [entry, fix] of [
    ["198.18.1.0/33", /write a prefix such as/],
    ["198.18.1.1", /write 198\.18\.1\.1\/32/],
    ["'2001:db8::1'", /write 2001:db8::1\/128/],
    ["198.18.1.9-198.18.1.300", /write two plain addresses/],
    ["198.18.1.0/24-198.18.2.0", /write two plain addresses/],
    ["198.18.01.0/24", /write a prefix such as/],
    ["null", /write a prefix such as/],
  ] as const) {
    it(`LC-8, TV-14: the address entry ${entry} is refused with its mend`, () => {
      const error = refusal(`{name: a, protocol: bgp, addresses: [10.0.0.0/24, ${entry}]}`);
      assert.equal(error.path, "address-pools[0].addresses[1]");
      assert.match(error.fix, fix);
    });
  }

  it("LC-8, TV-15: a range with blanks becomes its prefixes", () => {
    const { prefixes } = pool("protocol: bgp, addresses: [198.18.1.9 - 198.18.1.12]");
    assert.deepEqual(prefixes.map(formatPrefix), [
      "198.18.1.9/32",
      "198.18.1.10/31",
      "198.18.1.12/32",
    ]);
  });

  it("LC-8: a reversed or mixed range is accepted, holds nothing, and is warned of", () => {
    const entries = "192.0.2.9-192.0.2.1, 192.0.2.1 - 2001:db8::1";
    const { config, warnings } = compile(`{name: t, protocol: bgp, addresses: [${entries}]}`);
    assert.deepEqual(config.pools.get("t")?.prefixes, []);
    assert.equal(warnings.length, 2);
    const texts = warnings.map(findingText);
    assert.match(texts[0] ?? "", /addresses\[0\].*pool "t".*starts after its end/);
    assert.match(texts[1] ?? "", /addresses\[1\].*mixes IPv4 and IPv6/);
  });

  it("LC-9, TV-16: two pools of one name are refused", () => {
    const error = refusal(
      "{name: t, protocol: bgp, addresses: [10.0.0.0/8]}, {name: t, protocol: bgp, addresses: [11.0.0.0/8]}",
    );
    assert.deepEqual([error.code, error.path], ["repeated-pool-name", "address-pools[1].name"]);
  });

  for (const [what, first, second] of [
    ["a /32 inside another pool's /24", "[192.0.2.0/24]", "[192.0.2.7/32]"],
    ["a /24 around an earlier /32", "[192.0.2.7/32]", "[192.0.2.0/24]"],
    ["equal prefixes", "[192.0.2.0/24]", "[192.0.2.0/24]"],
    ["a range that touches another", "[192.0.2.0-192.0.2.10]", "[192.0.2.10-192.0.2.20]"],
    ["IPv6 prefixes", "['2001:db8::/32']", "['2001:db8:5::/64']"],
  ] as const) {
    it(`LC-9, TV-17: ${what} is an overlap, and both pools are named`, () => {
      const error = refusal(
        `{name: one, protocol: layer2, addresses: ${first}}, {name: two, protocol: layer2, addresses: ${second}}`,
      );
      assert.deepEqual(
        [error.code, error.path],
        ["overlapping-addresses", "address-pools[1].addresses[0]"],
      );
      assert.match(error.message, /of pool "two" overlaps .* of pool "one" \(address-pools\[0\]/);
    });
  }

  it("LC-9: an overlap inside one pool counts too, and neighbours do not", () => {
    const overlap = "{name: t, protocol: bgp, addresses: [192.0.2.0/25, 192.0.2.64/26]}";
    assert.equal(refusal(overlap).code, "overlapping-addresses");
    const { prefixes } = pool("protocol: bgp, addresses: [192.0.2.128/25, 192.0.2.0/25]");
    assert.deepEqual(prefixes.map(formatPrefix), ["192.0.2.128/25", "192.0.2.0/25"]);
  });

  it("LC-9: sorting finds the same first overlap as comparing all pairs", () => {
    const prefixes = fc
      .tuple(fc.constantFrom(4 as const, 6 as const), fc.integer({ min: 0, max: 6 }), fc.nat(63))
      .map(([family, hostBits, base]): Prefix => {
        const first = (BigInt(base) >> BigInt(hostBits)) << BigInt(hostBits);
        return { family, first, bits: (family === 4 ? 32 : 128) - hostBits };
      });
    const overlaps = (a: Prefix, b: Prefix) =>
      a.family === b.family && a.first <= prefixLast(b) && b.first <= prefixLast(a);
    fc.assert(
      fc.property(fc.array(prefixes, { maxLength: 12 }), (list) => {
        const entries = list.map((prefix) => ({ prefix }));
        const laterIndex = list.findIndex((one, index) =>
          list.slice(0, index).some((other) => overlaps(other, one)),
        );
        const found = findOverlaps(entries)[0];
        assert.equal(found?.later, entries[laterIndex]);
        assert.ok(found === undefined || overlaps(found.earlier.prefix, found.later.prefix));
      }),
    );
  });

  it("LC-9: an address is found in the pool whose prefix holds it", () => {
    const lan = "{name: lan, protocol: bgp, addresses: [192.0.2.0/25, '2001:db8::/64']}";
    const wan =
      "{name: wan, protocol: bgp, addresses: [192.0.2.128-192.0.2.140], avoid-buggy-ips: true}";
    const { config } = compile(`${wan}, ${lan}`);
    const homes = [
      "192.0.2.127",
      "192.0.2.128",
      "192.0.2.140",
      "192.0.2.141",
      "2001:db8::9",
      "::1",
    ];
    assert.deepEqual(
      homes.map((text) => poolContaining(config, address(text))?.name),
      ["lan", "wan", "wan", undefined, "lan", undefined],
    );
  });

  it("IPAM-5: only IPv4 addresses that end in .0 or .255 are avoided, and only on request", () => {
    const avoiding = pool("protocol: bgp, addresses: [10.0.0.0/8], avoid-buggy-ips: true");
    const texts = [
      "10.1.0.0",
      "10.1.0.255",
      "10.1.0.1",
      "10.0.255.1",
      "2001:db8::",
      "2001:db8::ff",
    ];
    assert.deepEqual(
      texts.map((text) => isAvoided(avoiding, address(text))),
      [true, true, false, false, false, false],
    );
    const plain = pool("protocol: bgp, addresses: [10.0.0.0/8]");
    assert.equal(isAvoided(plain, address("10.1.0.0")), false);
  });
});

describe("BGP advertisements", () => {
  const advertised = (list: string, addresses = "[192.0.2.0/26]") =>
    pool(`protocol: bgp, addresses: ${addresses}, bgp-advertisements: ${list}`).bgpAdvertisements;
  const refused = (list: string, addresses = "[192.0.2.0/26]") =>
    refusal(`{name: t, protocol: bgp, addresses: ${addresses}, bgp-advertisements: ${list}}`);
  const defaults = {
    name: "",
    nodes: undefined,
    peers: undefined,
    serviceSelectors: [],
    largeCommunities: [],
    aggregationLength: 32,
    aggregationLengthV6: 128,
    localPref: 0,
    communities: [],
  };

  it("LC-10, TV-18: a layer2 pool may have none, and an empty list is none", () => {
    const layer2 = "name: t, protocol: layer2, addresses: [192.0.2.0/24], bgp-advertisements:";
    assert.equal(refusal(`{${layer2} [{}]}`).code, "advertisement-on-layer2");
    assert.deepEqual(compile(`{${layer2} []}`).config.pools.get("t")?.bgpAdvertisements, []);
  });

  for (const list of ["[]", "null", "[null]", "[{}]"]) {
    it(`LC-11, TV-21: ${list} is one advertisement with the defaults`, () => {
      assert.deepEqual(advertised(list), [defaults]);
    });
  }

  it("LC-11, TV-20: a length equal to the prefix length is fine, a smaller one is not", () => {
    assert.equal(advertised("[{aggregation-length: 26}]")[0]?.aggregationLength, 26);
    const error = refused("[{}, {aggregation-length: 25}]");
    assert.equal(error.code, "bad-aggregation-length");
    assert.equal(error.path, "address-pools[0].bgp-advertisements[1].aggregation-length");
    assert.match(error.message, /length 25 .* 192\.0\.2\.0\/26; use a length of at least 26/);
  });

  it("LC-11, TV-19: a length over 32 is refused, and so is a negative one", () => {
    assert.equal(refused("[{aggregation-length: 33}]").code, "bad-aggregation-length");
    assert.equal(refused("[{aggregation-length: -1}]").code, "bad-aggregation-length");
  });

  it("LC-11: each prefix of a range counts", () => {
    const range = "[192.0.2.0-192.0.2.8]";
    assert.equal(refused("[{aggregation-length: 31}]", range).code, "bad-aggregation-length");
    assert.equal(advertised("[{aggregation-length: 32}]", range).length, 1);
  });

  it("LC-11: an IPv6 pool works without a list and fails with one", () => {
    assert.deepEqual(advertised("[]", "['2001:db8::/64']"), [defaults]);
    const error = refused("[{}]", "['2001:db8::/64']");
    assert.match(error.message, /remove the whole bgp-advertisements list/);
  });

  it("LC-4, LC-11: late mode gives IPv6 a length of its own", () => {
    const late = (list: string) => {
      const pools = `{name: t, protocol: bgp, addresses: ['2001:db8::/64'], bgp-advertisements: ${list}}`;
      return compileConfigMap(`address-pools: [${pools}]`, { generation: "late" });
    };
    const result = late("[{aggregation-length-v6: 64}, {}]");
    assert.ok(result.ok);
    const lengths = result.config.pools
      .get("t")
      ?.bgpAdvertisements.map((one) => one.aggregationLengthV6);
    assert.deepEqual(lengths, [64, 128]);
    assert.equal(late("[{aggregation-length-v6: 63}]").ok, false);
    assert.equal(late("[{aggregation-length-v6: 129}]").ok, false);
  });

  it("LC-11: localpref and communities are kept", () => {
    const [one] = advertised(
      "[{localpref: 4294967295, communities: ['1:2', '65535:65535', '1:2']}]",
    );
    assert.equal(one?.localPref, 4294967295);
    assert.deepEqual(one.communities, [65538, 0xffffffff]);
    assert.equal(refused("[{localpref: 4294967296}]").code, "wrong-size");
  });

  it("LC-12: an alias and its literal value collapse", () => {
    const text =
      'bgp-communities: {blue: "65000:8"}\naddress-pools: [{name: t, protocol: bgp, ' +
      "addresses: [192.0.2.0/24], bgp-advertisements: [{communities: [blue, '65000:8']}]}]";
    const result = compileConfigMap(text);
    assert.ok(result.ok);
    const communities = result.config.pools.get("t")?.bgpAdvertisements[0]?.communities;
    assert.deepEqual(communities, [65000 * 65536 + 8]);
  });

  it("LC-12, TV-22: an unknown alias is refused by name", () => {
    const error = refused("[{communities: [blue, ghost]}]");
    assert.equal(error.code, "bad-community");
    assert.match(error.message, /communities\[1\].*"ghost" is neither an alias/);
  });

  for (const value of [
    "65536:1",
    "1:65536",
    "1",
    "1:2:3",
    "-1:2",
    "+1:2",
    "'1: 2'",
    "' 1:2'",
    "a:b",
    "''",
  ]) {
    it(`LC-12: the alias value ${value} is refused, used or not`, () => {
      const result = compileConfigMap(`bgp-communities: {fine: "1:1", odd: ${value}}`);
      assert.ok(!result.ok);
      assert.deepEqual(
        [result.error.code, result.error.path],
        ["bad-community", "bgp-communities.odd"],
      );
    });
  }
});
