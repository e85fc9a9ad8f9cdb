/** BGPAdvertisements: lengths, local preferences, pools, peers. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  bfd,
  bgp,
  configOf,
  faultsOf,
  findingsOf,
  inZone,
  peer,
  pool,
} from "../testing/resources.ts";

const v4 = pool("a", { addresses: ["198.18.1.0/24"] }, { zone: "a" });
const v6 = pool("b", { addresses: ["2001:db8:5::/64"] }, { zone: "b" });
const dual = pool("c", { addresses: ["198.18.2.0/24", "2001:db8:6::/64"] });
const nodes = new Map([
  ["n1", { zone: "a" }],
  ["n2", { zone: "b" }],
]);
type Spec = Parameters<typeof bgp>[1];

const faults = (spec: Spec, pools = [v4, v6, dual]): string[] =>
  faultsOf({ pools, nodes, bgpAdvertisements: [bgp("w", spec)] }).map((fault) =>
    fault.replace("BGPAdvertisement w ", ""),
  );
const attached = (spec: Spec) => {
  const { pools } = configOf({ pools: [v4, v6, dual], nodes, bgpAdvertisements: [bgp("w", spec)] });
  return [...pools.values()].filter((one) => one.bgpAdvertisements.length > 0);
};

describe("a BGPAdvertisement", () => {
  it("CRD-12: the least of it is whole addresses, preference 0, all peers, all nodes, all pools", () => {
    const all = attached({});
    assert.deepEqual(
      all.map(({ name }) => name),
      ["a", "b", "c"],
    );
    assert.deepEqual(all[0]?.bgpAdvertisements, [
      {
        name: "w",
        aggregationLength: 32,
        aggregationLengthV6: 128,
        localPref: 0,
        peers: undefined,
        communities: [],
        largeCommunities: [],
        nodes: undefined,
        serviceSelectors: [],
      },
    ]);
  });

  it("CRD-12, CFG-34: all of it is taken over; a pool by name and by label is reached once", () => {
    const [only, ...others] = attached({
      aggregationLength: 24,
      aggregationLengthV6: 64,
      localPref: 4294967295,
      ipAddressPools: ["a", "ghost"],
      ipAddressPoolSelectors: [inZone("a")],
      nodeSelectors: [inZone("b")],
      peers: ["p", "ghost"],
    });
    assert.deepEqual(others, []);
    const {
      name,
      bgpAdvertisements: [one, ...more],
    } = only as NonNullable<typeof only>;
    assert.deepEqual([name, more], ["a", []]);
    assert.deepEqual([one?.aggregationLength, one?.aggregationLengthV6], [24, 64]);
    assert.deepEqual([one?.localPref, one?.peers], [4294967295, new Set(["p", "ghost"])]);
    assert.deepEqual(one?.nodes, new Set(["n2"]));
  });

  it("CFG-34, TV-47, CFG-40, CFG-2: repeats are told list by list before anything else", () => {
    const twice = [inZone("a"), inZone("a")];
    const lists = ["ipAddressPools", "communities", "peers"];
    const selectors = ["ipAddressPoolSelectors", "nodeSelectors", "serviceSelectors"];
    const spec: Spec = {
      ...Object.fromEntries(selectors.map((key) => [key, twice])),
      peers: ["1:1", "1:1"],
      communities: ["1:1", "1:1"],
      ipAddressPools: ["1:1", "1:1"],
      aggregationLength: 33,
    };
    assert.deepEqual(faults(spec), [
      ...lists.map((key) => `${key === "communities" ? "CFG-30" : "CFG-34"} spec.${key}[1]`),
      ...selectors.map((key) => `CFG-40 spec.${key}[1]`),
      "CFG-33 spec.aggregationLength",
      "CFG-31 spec.aggregationLength",
    ]);
  });

  it("CRD-3: invalid selectors are refused wherever they stand", () => {
    const bad = [{ matchLabels: { "": "x" } }];
    const keys = ["nodeSelectors", "serviceSelectors", "ipAddressPoolSelectors"];
    const spec = Object.fromEntries(keys.map((key) => [key, bad])) as Spec;
    assert.deepEqual(
      faults(spec),
      keys.map((key) => `CRD-3 spec.${key}[0].matchLabels.`),
    );
  });

  it("CFG-38: two that are equal in everything are refused", () => {
    const same = () => bgp("w", { peers: ["p"] });
    assert.deepEqual(
      faultsOf({ bgpAdvertisements: [same(), bgp("v", { peers: ["p"] }), same()] }),
      ["CFG-38 BGPAdvertisement w "],
    );
    assert.deepEqual(faultsOf({ bgpAdvertisements: [bgp("w", { peers: ["q"] }), same()] }), []);
  });
});

describe("aggregation lengths", () => {
  for (const [id, spec, expected] of [
    ["CFG-31, TV-43: 33", { aggregationLength: 33 }, ["CFG-31 spec.aggregationLength"]],
    ["CFG-31, TV-44: 129", { aggregationLengthV6: 129 }, ["CFG-31 spec.aggregationLengthV6"]],
    ["CFG-31: as long as the prefix", { aggregationLength: 24, aggregationLengthV6: 64 }, []],
    ["CFG-31: 0 where no pool forbids it", { aggregationLengthV6: 0, ipAddressPools: ["a"] }, []],
    [
      "CFG-31: -1 where no pool has the family",
      { aggregationLengthV6: -1, ipAddressPools: ["a"] },
      [],
    ],
    [
      "CFG-31: -1 for a pool of the family",
      { aggregationLengthV6: -1, ipAddressPools: ["b"] },
      ["CFG-31 spec.aggregationLengthV6"],
    ],
    [
      "CFG-31: shorter than the prefix, each family by itself",
      { aggregationLength: 23, aggregationLengthV6: 63 },
      ["CFG-31 spec.aggregationLength", "CFG-31 spec.aggregationLengthV6"],
    ],
    [
      "CFG-31: only pools that are selected count",
      { aggregationLength: 23, ipAddressPools: ["b"] },
      [],
    ],
    [
      "CFG-33: service selectors with a length",
      { serviceSelectors: [{}], aggregationLength: 24, aggregationLengthV6: 64 },
      ["CFG-33 spec.aggregationLength", "CFG-33 spec.aggregationLengthV6"],
    ],
    [
      "CFG-33: service selectors with the default lengths",
      { serviceSelectors: [{}], aggregationLength: 32, aggregationLengthV6: 128 },
      [],
    ],
  ] as const) {
    it(id, () => assert.deepEqual(faults(spec as Spec), expected));
  }

  it("CFG-31: a range passes if its largest block does, another entry must pass by itself", () => {
    const range = "198.18.1.3-198.18.1.20";
    const spec = { aggregationLength: 29 };
    assert.deepEqual(faults(spec, [pool("a", { addresses: [range] })]), []);
    const [only] = findingsOf({
      pools: [pool("a", { addresses: [range, "198.18.2.0/30"] })],
      bgpAdvertisements: [bgp("w", spec)],
    });
    assert.deepEqual([only?.code, only?.value], ["CFG-31", 29]);
    assert.match(only?.message ?? "", /198\.18\.2\.0\/30/);
    assert.match(only?.fix ?? "", /from 30 to 32/);
    assert.deepEqual(faults({ aggregationLength: 28 }, [pool("a", { addresses: [range] })]), [
      "CFG-31 spec.aggregationLength",
    ]);
  });
});

describe("local preferences", () => {
  const pair = (one: Spec, two: Spec, { pools = [v4], known = nodes } = {}): string[] =>
    faultsOf({
      pools,
      nodes: known,
      bgpAdvertisements: [
        bgp("v", { localPref: 100, ...one }),
        bgp("w", { localPref: 200, ...two }),
      ],
    });
  const conflict = ["CFG-32 BGPAdvertisement w spec.localPref"];
  const none: string[] = [];

  it("CFG-32: differ on one pool: refused", () => {
    assert.deepEqual(pair({}, {}), conflict);
    assert.deepEqual(pair({}, { localPref: 100 }), none);
    assert.deepEqual(
      pair({ ipAddressPools: ["a"] }, { ipAddressPools: ["c"] }, { pools: [v4, dual] }),
      none,
    );
  });

  it("CFG-32: other lengths keep them apart, in a pool of both families only if both differ", () => {
    assert.deepEqual(pair({}, { aggregationLength: 24 }), none);
    assert.deepEqual(pair({}, { aggregationLengthV6: 64 }), conflict);
    assert.deepEqual(pair({}, { aggregationLengthV6: 64 }, { pools: [v6] }), none);
    assert.deepEqual(pair({}, { aggregationLength: 24 }, { pools: [v6] }), conflict);
    assert.deepEqual(pair({}, { aggregationLength: 24 }, { pools: [dual] }), conflict);
    const both = { aggregationLength: 24, aggregationLengthV6: 64 };
    assert.deepEqual(pair({}, both, { pools: [dual] }), none);
  });

  it("CFG-32, TV-46: other explicit peers keep them apart, one common peer does not", () => {
    assert.deepEqual(pair({ peers: ["p"] }, { peers: ["q"] }), none);
    assert.deepEqual(pair({ peers: ["p", "q"] }, { peers: ["q", "r"] }), conflict);
    assert.deepEqual(pair({ peers: ["p"] }, {}), conflict);
  });

  it("CFG-32, TV-45: disjoint nodes keep them apart", () => {
    const [a, b] = [{ nodeSelectors: [inZone("a")] }, { nodeSelectors: [inZone("b")] }];
    assert.deepEqual(pair(a, b), none);
    assert.deepEqual(pair(a, a), conflict);
    assert.deepEqual(pair(a, {}), conflict);
    assert.deepEqual(pair({ nodeSelectors: [inZone("x")] }, {}), none);
  });

  it("CFG-32: without known nodes there is no conflict", () => {
    assert.deepEqual(pair({}, {}, { known: new Map() }), none);
  });

  it("CFG-32: service selectors on either side leave it to the speaker", () => {
    assert.deepEqual(pair({ serviceSelectors: [{}] }, {}), none);
    assert.deepEqual(pair({}, { serviceSelectors: [{}] }), none);
  });
});

describe("IPv6 and BFD echo", () => {
  const echo = {
    bfdProfiles: [bfd("echo", { echoMode: true }), bfd("plain")],
    peers: [peer("p", { bfdProfile: "echo" }), peer("q", { bfdProfile: "plain" }), peer("r")],
  };
  const faultsWith = (spec: Spec, pools = [v4, v6]) =>
    faultsOf({ ...echo, pools, bgpAdvertisements: [bgp("w", spec)] });

  it("CFG-35: IPv6 advertised to a peer with echo mode is refused, to all peers or by name", () => {
    const refused = ["CFG-35 BGPPeer p spec.bfdProfile"];
    assert.deepEqual(faultsWith({}), refused);
    assert.deepEqual(faultsWith({ peers: ["q", "p"] }), refused);
    assert.deepEqual(faultsWith({}, [dual]), refused);
  });

  it("CFG-35: other peers, unknown ones, and pools of IPv4 are fine", () => {
    assert.deepEqual(faultsWith({ peers: ["q", "r", "ghost"] }), []);
    assert.deepEqual(faultsWith({}, [v4]), []);
    assert.deepEqual(faultsWith({ ipAddressPools: ["a"] }), []);
  });
});
