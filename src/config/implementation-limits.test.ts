/** What one BGP implementation cannot do, and what peers in one FRR must have in common. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  bfd,
  bgp,
  community,
  faultsOf,
  findingsOf,
  inZone,
  l2,
  peer,
  pool,
} from "../testing/resources.ts";
import type { ResourceSet } from "./resource-set.ts";

const nodes = new Map([
  ["n1", { zone: "a" }],
  ["n2", { zone: "b" }],
]);
type Spec = Parameters<typeof peer>[1];

describe("FRR", () => {
  const faults = (...specs: Spec[]) => {
    const peers = specs.map((spec, index) => {
      return peer(`p${index}`, { peerAddress: `192.0.2.${index}`, ...spec });
    });
    return faultsOf({ peers, nodes }, { bgpType: "frr" }).map((one) => one.replace("BGPPeer ", ""));
  };
  const one = { peerAddress: "192.0.2.1" };
  const [a, b] = [{ nodeSelectors: [inZone("a")] }, { nodeSelectors: [inZone("b")] }];

  it("CFG-26: different router IDs on one node, also set and unset", () => {
    assert.deepEqual(faults({ routerID: "10.0.0.1" }, { routerID: "10.0.0.2" }), [
      "CFG-26 p1 spec.routerID",
    ]);
    assert.deepEqual(faults({}, { routerID: "10.0.0.2" }), ["CFG-26 p1 spec.routerID"]);
    assert.deepEqual(faults({ routerID: "10.0.0.2" }, { routerID: "10.0.0.2" }), []);
  });

  it("CFG-26: one address twice, whatever the port", () => {
    assert.deepEqual(faults(one, { ...one, peerPort: 1179 }), ["CFG-26 p1 spec.peerAddress"]);
  });

  it("CFG-26, TV-36: one interface twice", () => {
    const face = { peerAddress: "", interface: "eth3" };
    assert.deepEqual(faults(face, face), ["CFG-26 p1 spec.peerAddress"]);
  });

  it("CFG-26, TV-37: one address in two VRFs is fine, also with other local AS numbers", () => {
    assert.deepEqual(faults(one, { ...one, vrf: "red", myASN: 1 }), []);
  });

  it("CFG-26: different local AS numbers in one VRF", () => {
    assert.deepEqual(faults({}, { myASN: 1 }), ["CFG-26 p1 spec.myASN"]);
    assert.deepEqual(faults({ vrf: "red" }, { vrf: "red", myASN: 1 }), ["CFG-26 p1 spec.myASN"]);
  });

  it("CFG-26: only peers that select a common known node are compared", () => {
    assert.deepEqual(faults({ ...one, ...a }, { ...one, ...b }), []);
    assert.deepEqual(faults({ ...one, ...a }, { ...one }), ["CFG-26 p1 spec.peerAddress"]);
    const nowhere = { nodeSelectors: [inZone("x")] };
    assert.deepEqual(faults({ ...one, ...nowhere }, { ...one }), []);
  });

  it("CFG-26: while no node is known, all are compared", () => {
    const peers = [peer("p", a), peer("q", b)];
    assert.deepEqual(faultsOf({ peers }, { bgpType: "frr-k8s" }), [
      "CFG-26 BGPPeer q spec.peerAddress",
    ]);
  });

  it("CFG-2, CFG-26: a selector that is none is told first, and once, where nodes are compared", () => {
    const illegal = { nodeSelectors: [{ matchLabels: { "": "x" } }] };
    const selector = "CRD-3 p0 spec.nodeSelectors[0].matchLabels.";
    assert.deepEqual(faults({ ...illegal, myASN: 0 }, {}), [selector, "CFG-20 p0 spec.myASN"]);
    assert.deepEqual(faults({ ...illegal, myASN: 0 }), ["CFG-20 p0 spec.myASN", selector]);
  });

  it("CFG-26: each peer is told its first conflict with an earlier one", () => {
    const findings = faults(one, { ...one, routerID: "10.0.0.1" }, one);
    assert.deepEqual(findings, ["CFG-26 p1 spec.routerID", "CFG-26 p2 spec.peerAddress"]);
  });
});

describe("native BGP", () => {
  const native = { bgpType: "native" };
  const faults = (resources: Partial<ResourceSet>) => faultsOf(resources, native);

  for (const [key, value] of Object.entries({
    keepaliveTime: "30s",
    vrf: "red",
    connectTime: "0s",
    enableGracefulRestart: true,
    disableMP: true,
    dualStackAddressFamily: true,
    dynamicASN: "internal",
    interface: "eth3",
    localASN: 64999,
  })) {
    it(`CFG-27, TV-38: a peer with ${key} is refused`, () => {
      const others = {
        ...(key === "dynamicASN" && { peerASN: 0 }),
        ...(key === "interface" && { peerAddress: "" }),
      };
      const [only, ...more] = findingsOf(
        { peers: [peer("p", { [key]: value, ...others })] },
        native,
      );
      assert.deepEqual([only?.code, only?.path, only?.value], ["CFG-27", `spec.${key}`, value]);
      assert.deepEqual(more, []);
    });
  }

  it("CFG-27: a keepalive time of zero is fine, and so are unset flags", () => {
    const spec = { holdTime: "0s", keepaliveTime: "0ms", disableMP: false, localASN: 0, vrf: "" };
    assert.deepEqual(faults({ peers: [peer("p", spec)] }), []);
  });

  it("CFG-27: a BFD profile is refused, also in a peer", () => {
    assert.deepEqual(faults({ bfdProfiles: [bfd("b")], peers: [peer("p", { bfdProfile: "b" })] }), [
      "CFG-27 BGPPeer p spec.bfdProfile",
      "CFG-27 BFDProfile b ",
    ]);
  });

  const six = pool("six", { addresses: ["198.18.1.0/24", "2001:db8::/64"] }, { zone: "a" });
  it("CFG-28: a pool with IPv6 that BGP advertises is refused: by name, by label, or as one of all", () => {
    for (const spec of [
      { ipAddressPools: ["six"] },
      { ipAddressPoolSelectors: [inZone("a")] },
      {},
    ]) {
      const [only] = findingsOf({ pools: [six], bgpAdvertisements: [bgp("w", spec)] }, native);
      assert.deepEqual([only?.code, only?.path], ["CFG-28", "spec.addresses[1]"]);
    }
  });

  it("CFG-2, CFG-28: what is no entry of an advertised pool, or no selector of pools, is told first, and once", () => {
    const peers = [peer("p", { myASN: 0 })];
    const pools = [pool("odd", { addresses: ["x"] })];
    const selectors = { ipAddressPoolSelectors: [{ matchLabels: { "": "x" } }] };
    const bgpAdvertisements = [bgp("v", selectors), bgp("w")];
    assert.deepEqual(faults({ peers, pools, bgpAdvertisements }), [
      "CRD-3 BGPAdvertisement v spec.ipAddressPoolSelectors[0].matchLabels.",
      "CFG-10 IPAddressPool odd spec.addresses[0]",
      "CFG-20 BGPPeer p spec.myASN",
    ]);
    assert.deepEqual(faults({ peers, pools }), [
      "CFG-20 BGPPeer p spec.myASN",
      "CFG-10 IPAddressPool odd spec.addresses[0]",
    ]);
  });

  it("CFG-28, TV-39: a pool with IPv6 that only layer 2 announces is fine", () => {
    assert.deepEqual(faults({ pools: [six], l2Advertisements: [l2("l")] }), []);
    const bgpAdvertisements = [bgp("w", { ipAddressPools: ["other"] })];
    assert.deepEqual(faults({ pools: [six], bgpAdvertisements }), []);
  });

  it("CFG-29: a large community is refused, in an advertisement as in an alias", () => {
    const resources = {
      bgpAdvertisements: [bgp("w", { communities: ["1:1", "large:1:2:3"] })],
      communities: [community("c", { x: "1:1", y: "large:1:2:3" })],
    };
    assert.deepEqual(faults(resources), [
      "CFG-29 BGPAdvertisement w spec.communities[1]",
      "CFG-29 Community c spec.communities[1].value",
    ]);
    assert.deepEqual(faultsOf(resources, { bgpType: "frr" }), []);
  });
});

describe("which limits apply", () => {
  const peers = [peer("p"), peer("q")];
  it("CFG-29: an unknown BGP type has none but in a speaker, where it counts as FRR", () => {
    assert.deepEqual(faultsOf({ peers }, { bgpType: "other" }), []);
    const scope = { nodeName: "n1" };
    const refused = ["CFG-26 BGPPeer q spec.peerAddress"];
    assert.deepEqual(faultsOf({ peers, nodes }, { bgpType: "other", scope }), refused);
    assert.deepEqual(faultsOf({ peers, nodes }, { bgpType: "native", scope }), []);
    assert.deepEqual(faultsOf({ peers, nodes }, { bgpType: undefined, scope }), []);
  });

  it("CFG-2: limits of the implementation come first", () => {
    const resources = {
      bfdProfiles: [bfd("b", { minimumTtl: 0 })],
      communities: [community("c", { x: "oops" })],
      peers: [peer("p", { myASN: 0, vrf: "red" })],
    };
    assert.deepEqual(faultsOf(resources, { bgpType: "native" }), [
      "CFG-27 BGPPeer p spec.vrf",
      "CFG-27 BFDProfile b ",
      "CFG-36 BFDProfile b spec.minimumTtl",
      "CFG-20 BGPPeer p spec.myASN",
      "CFG-30 Community c spec.communities[0].value",
    ]);
  });
});
