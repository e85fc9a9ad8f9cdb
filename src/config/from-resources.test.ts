/** The compilation as a whole: order, scopes, odd shapes, what webhooks leave out. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import {
  bfd,
  bgp,
  community,
  configOf,
  faultsOf,
  findingsOf,
  inZone,
  l2,
  peer,
  pool,
} from "../testing/resources.ts";
import { compileResources } from "./from-resources.ts";
import { emptyResourceSet, withoutTransient, type ResourceSet } from "./resource-set.ts";

const good: Partial<ResourceSet> = {
  pools: [
    pool("b", { addresses: ["198.18.2.0/24"] }),
    pool("a", { addresses: ["198.18.1.0/24"], serviceAllocation: { priority: 1 } }),
  ],
  peers: [peer("q", { peerAddress: "192.0.2.2" }), peer("p", { bfdProfile: "fast" })],
  bfdProfiles: [bfd("slow"), bfd("fast")],
  communities: [community("c", { blue: "65000:8" })],
  l2Advertisements: [l2("m", { interfaces: ["e1"] }), l2("l")],
  bgpAdvertisements: [bgp("w", { communities: ["blue"] }), bgp("v")],
  nodes: new Map([["n1", { zone: "a" }]]),
  bgpExtras: "log stdout",
};

describe("the compilation of resources", () => {
  it("CFG-1: everything is sorted by name, whatever the order of the lists", () => {
    const { pools, peers, bfdProfiles, bgpExtras } = configOf(good);
    assert.deepEqual([...pools.keys()], ["a", "b"]);
    assert.deepEqual(
      peers.map(({ name }) => name),
      ["p", "q"],
    );
    assert.deepEqual([...(bfdProfiles?.keys() ?? [])], ["fast", "slow"]);
    assert.equal(bgpExtras, "log stdout");
    const [a] = pools.values();
    assert.deepEqual(
      a?.l2Advertisements.map(({ name }) => name),
      ["l", "m"],
    );
    assert.deepEqual(
      a?.bgpAdvertisements.map(({ name }) => name),
      ["v", "w"],
    );
  });

  it("CFG-2: faults come in the order of the stages, and one is enough to refuse all", () => {
    const faulty: Partial<ResourceSet> = {
      bgpAdvertisements: [
        bgp("w", { aggregationLength: 99 }),
        bgp("x", { peers: ["p", "p"] }),
        bgp("w", { aggregationLength: 99 }),
      ],
      l2Advertisements: [l2("l", { ipAddressPools: ["a", "a"] })],
      pools: [pool("a", {})],
      communities: [community("c", { x: "oops" })],
      peers: [peer("p", { myASN: 0 })],
      bfdProfiles: [bfd("b", { detectMultiplier: 1 })],
    };
    assert.deepEqual(faultsOf(faulty), [
      "CFG-36 BFDProfile b spec.detectMultiplier",
      "CFG-20 BGPPeer p spec.myASN",
      "CFG-30 Community c spec.communities[0].value",
      "CFG-11 IPAddressPool a spec.addresses",
      "CFG-34 L2Advertisement l spec.ipAddressPools[1]",
      "CFG-38 BGPAdvertisement w ",
      "CFG-31 BGPAdvertisement w spec.aggregationLength",
      "CFG-31 BGPAdvertisement w spec.aggregationLength",
      "CFG-34 BGPAdvertisement x spec.peers[1]",
    ]);
    const options = { bgpType: undefined, namespace: "m", scope: "everything" } as const;
    assert.equal(compileResources({ ...emptyResourceSet, ...faulty }, options).config, undefined);
    assert.ok(
      findingsOf(faulty).every(
        ({ severity, message, fix }) => severity === "error" && message && fix,
      ),
    );
  });

  it("CFG-3: the controller sees pools, communities and namespaces, and no fault elsewhere", () => {
    const resources = {
      ...good,
      peers: [peer("p", { myASN: 0 })],
      bgpAdvertisements: [bgp("w", { aggregationLength: 99 })],
      l2Advertisements: [l2("l", { ipAddressPools: ["a", "a"] })],
      bfdProfiles: [bfd("b", { detectMultiplier: 1 })],
    };
    const { pools, peers, bfdProfiles } = configOf(resources, {
      scope: "controller",
      bgpType: "native",
    });
    assert.deepEqual([peers, bfdProfiles], [[], undefined]);
    assert.ok(
      [...pools.values()].every(
        (one) => one.bgpAdvertisements.length + one.l2Advertisements.length === 0,
      ),
    );
    const communities = [community("c", { x: "oops" })];
    assert.equal(faultsOf({ ...good, communities }, { scope: "controller" }).length, 1);
  });

  it("CFG-3: a speaker leaves out BGPPeers and BGPAdvertisements of other nodes, faults and all", () => {
    const nodes = new Map([
      ["n1", { zone: "a" }],
      ["n2", { zone: "b" }],
    ]);
    const elsewhere = { nodeSelectors: [inZone("b")] };
    const resources = {
      ...good,
      nodes,
      peers: [peer("p"), peer("q", { ...elsewhere, myASN: 0 })],
      bgpAdvertisements: [bgp("v"), bgp("w", { ...elsewhere, aggregationLength: 99 })],
      l2Advertisements: [l2("l", elsewhere)],
    };
    const { peers, pools } = configOf(resources, { scope: { nodeName: "n1" } });
    assert.deepEqual(
      peers.map(({ name }) => name),
      ["p"],
    );
    const [a] = pools.values();
    assert.deepEqual(
      a?.bgpAdvertisements.map(({ name }) => name),
      ["v"],
    );
    assert.deepEqual(
      a?.l2Advertisements.map(({ name }) => name),
      ["l"],
    );
    assert.equal(faultsOf(resources, { scope: { nodeName: "n2" } }).length, 2);
    assert.equal(faultsOf(resources).length, 2);
  });

  it("CFG-3: an invalid selector in a speaker's filter is told, and first", () => {
    const bad = { nodeSelectors: [{ matchLabels: { "": "" } }] };
    const resources = {
      bfdProfiles: [bfd("")],
      peers: [peer("p", bad)],
      bgpAdvertisements: [bgp("w", bad)],
    };
    assert.deepEqual(faultsOf(resources, { scope: { nodeName: "n1" } }), [
      "CRD-3 BGPAdvertisement w spec.nodeSelectors[0].matchLabels.",
      "CRD-3 BGPPeer p spec.nodeSelectors[0].matchLabels.",
      "CFG-36 BFDProfile  metadata.name",
    ]);
  });

  it("CRD-2: a finding names the object's own namespace, or MetalLB's", () => {
    const other = { ...pool("a", {}), metadata: { name: "a", namespace: "other" } };
    const bare = { metadata: { name: "b" }, spec: { addresses: [] } };
    const objects = findingsOf({ pools: [other, bare] }).map(({ object }) => object);
    assert.deepEqual(objects, ["IPAddressPool other/a", "IPAddressPool metallb-system/b"]);
  });
});

/** Values as somebody who does not read schemas might send them. */
const odd = fc.oneof(
  { depthSize: "small" },
  fc.constantFrom(
    null,
    undefined,
    "",
    "x",
    0,
    1.5,
    -1,
    2 ** 40,
    true,
    [],
    {},
    [null],
    ["a", 1],
    [{}],
    10n,
  ),
  fc.array(fc.constantFrom(null, "10.0.0.0/8", "10.0.0.0/8-", {}, 7, [])),
  fc.dictionary(
    fc.constantFrom("matchLabels", "matchExpressions", "name", "__proto__"),
    fc.jsonValue(),
  ),
);
const fields = [
  "addresses",
  "autoAssign",
  "serviceAllocation",
  "namespaces",
  "namespaceSelectors",
  "serviceSelectors",
  "ipAddressPools",
  "ipAddressPoolSelectors",
  "nodeSelectors",
  "preferredNodeSelectors",
  "interfaces",
  "communities",
  "peers",
  "aggregationLength",
  "localPref",
  "myASN",
  "peerASN",
  "peerAddress",
  "passwordSecret",
  "holdTime",
  "bfdProfile",
  "echoMode",
  "minimumTtl",
];
const oddSpec = fc.oneof(odd, fc.dictionary(fc.constantFrom(...fields), odd, { maxKeys: 6 }));
const oddObject = fc.oneof(
  odd,
  fc.record({ metadata: fc.oneof(odd, fc.record({ name: odd, labels: odd })), spec: oddSpec }),
);
const oddSet = fc.record({
  pools: fc.array(oddObject, { maxLength: 4 }),
  l2Advertisements: fc.array(oddObject, { maxLength: 3 }),
  bgpAdvertisements: fc.array(oddObject, { maxLength: 3 }),
  peers: fc.array(oddObject, { maxLength: 3 }),
  bfdProfiles: fc.array(oddObject, { maxLength: 2 }),
  communities: fc.array(oddObject, { maxLength: 2 }),
});
const bgpType = fc.constantFrom(undefined, "native", "frr");
const scope = fc.constantFrom("everything" as const, "controller" as const, { nodeName: "n1" });

describe("any resources", () => {
  it("CFG-2: odd shapes are findings, never a throw; a Config comes exactly without findings", () => {
    fc.assert(
      fc.property(oddSet, bgpType, scope, (set, type, where) => {
        const resources = { ...good, ...set } as unknown as ResourceSet;
        const options = { bgpType: type, namespace: "m", scope: where };
        const { config, findings } = compileResources(
          { ...emptyResourceSet, ...resources },
          options,
        );
        assert.equal(config === undefined, findings.length > 0);
        compileResources(withoutTransient({ ...emptyResourceSet, ...resources }), options);
      }),
      { numRuns: 500 },
    );
  });

  for (const [what, spec] of [
    ["numbers as text", { addresses: ["10.0.0.0/8"], serviceAllocation: { priority: "1" } }],
    ["a flag as text", { addresses: ["10.0.0.0/8"], autoAssign: "yes" }],
    ["a list that is none", { addresses: "10.0.0.0/8" }],
    ["an entry that is no text", { addresses: ["10.0.0.0/8", 7] }],
    ["a spec that is none", "spec"],
  ] as const) {
    it(`CRD-10: ${what}: a finding with the field`, () => {
      const object = { metadata: { name: "a" }, spec };
      const [first, ...others] = findingsOf({ pools: [object as never] });
      assert.equal(first?.code, "CRD-10");
      assert.equal(others.length, spec === "spec" ? 1 : 0);
      assert.match(first?.path ?? "", /^spec/);
    });
  }

  it("CRD-10: null and absent are the same", () => {
    const spec = { addresses: ["10.0.0.0/8"], autoAssign: null, serviceAllocation: null };
    assert.deepEqual(faultsOf({ pools: [{ metadata: { name: "a" }, spec } as never] }), []);
    for (const object of [null, {}, { metadata: { name: "a" } }, { spec: null }]) {
      const codes = findingsOf({ pools: [object as never] }).map(({ code }) => code);
      assert.ok(codes.includes("CFG-11"));
    }
  });

  it("CFG-1: neither the result nor any finding depends on the order of the lists; inputs stay as they are", () => {
    const name = fc.constantFrom("a", "b", "c", "d");
    const entry = fc.constantFrom(
      "10.0.0.0/25",
      "10.0.0.0/24",
      "10.0.1.0/24",
      "2001:db8::/64",
      "x",
    );
    const zone = fc.constantFrom("a", "b").map(inZone);
    const byName = { selector: (one: { metadata: { name: string } }) => one.metadata.name };
    const pools = fc.uniqueArray(
      fc
        .tuple(name, fc.array(entry, { maxLength: 2 }))
        .map(([n, addresses]) => pool(n, { addresses })),
      byName,
    );
    const advertisements = fc.uniqueArray(
      fc
        .record({
          n: name,
          localPref: fc.constantFrom(0, 1),
          communities: fc.array(fc.constantFrom("1:1", "x"), { maxLength: 2 }),
          nodeSelectors: fc.array(zone, { maxLength: 2 }),
        })
        .map(({ n, ...spec }) => bgp(n, spec)),
      byName,
    );
    const peers = fc.uniqueArray(
      fc
        .record({
          n: name,
          routerID: fc.constantFrom("", "10.0.0.1"),
          myASN: fc.constantFrom(0, 1),
        })
        .map(({ n, ...spec }) => peer(n, spec)),
      byName,
    );
    fc.assert(
      fc.property(pools, advertisements, peers, bgpType, (p, b, q, type) => {
        const nodes = new Map([
          ["n1", { zone: "a" }],
          ["n2", { zone: "b" }],
        ]);
        const set = { ...emptyResourceSet, pools: p, bgpAdvertisements: b, peers: q, nodes };
        const before = JSON.stringify(set);
        const options = { bgpType: type, namespace: "m", scope: "everything" } as const;
        const one = compileResources(set, options);
        const reversed = {
          ...set,
          pools: [...p].reverse(),
          bgpAdvertisements: [...b].reverse(),
          peers: [...q].reverse(),
        };
        assert.deepEqual(compileResources(reversed, options), one);
        assert.equal(JSON.stringify(set), before);
      }),
    );
  });

  it("CFG-12: ten thousand pools are compared without trying all pairs", () => {
    const pools = Array.from({ length: 10_000 }, (_, index) => {
      const start = `10.${index >> 8}.${index & 255}`;
      return pool(`p${index}`, { addresses: [`${start}.0/25`, `${start}.128-${start}.200`] });
    });
    assert.equal(configOf({ pools, l2Advertisements: [l2("l")] }).pools.size, 10_000);
    const more = [...pools, pool("z", { addresses: ["10.0.0.0/8"] })];
    assert.deepEqual(faultsOf({ pools: more }), ["CFG-12 IPAddressPool z spec.addresses[0]"]);
  });
});

describe("what a webhook leaves out", () => {
  it("WH-4: references of peers and words without a colon go; the given objects stay", () => {
    const set = {
      ...emptyResourceSet,
      peers: [peer("p", { bfdProfile: "later", passwordSecret: { name: "later" }, vrf: "red" })],
      bgpAdvertisements: [
        bgp("w", { communities: ["later", "1:1", "1:2:3"], localPref: 1 }),
        bgp("x"),
      ],
    };
    const before = JSON.stringify(set);
    const stripped = withoutTransient(set);
    assert.deepEqual(stripped.peers, [peer("p", { vrf: "red" })]);
    const communities = ["1:1", "1:2:3"];
    assert.deepEqual(stripped.bgpAdvertisements, [
      bgp("w", { communities, localPref: 1 }),
      bgp("x"),
    ]);
    assert.equal(JSON.stringify(set), before);
  });
});
