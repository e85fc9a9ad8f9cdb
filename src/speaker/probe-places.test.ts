import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type IpAddress, parseAddress } from "../ip/index.ts";
import { type NetworkInterface, planInterfaces } from "../layer2/index.ts";
import { link } from "../testing/fake-announcer-sockets.ts";
import { bgp, configOf, l2, pool } from "../testing/resources.ts";
import { type ProbeGround, probePlace } from "./probe-places.ts";

const pools = [
  pool("lan", { addresses: ["192.168.1.240/28", "fd00:1::f0/124"] }),
  pool("far", { addresses: ["203.0.113.0/28"] }),
];
const interfaces: readonly NetworkInterface[] = [
  link(1, {
    name: "eth1",
    addresses: ["fe80::1", "192.168.1.1", "fd00:1::1"],
    subnets: ["192.168.1.0/24", "fd00:1::/64"],
  }),
  link(2, { name: "eth2", addresses: ["fe80::2", "10.0.0.1"], subnets: ["10.0.0.0/8"] }),
];

function placeOf(text: string, changed: Partial<ProbeGround> = {}): string {
  const place = probePlace(parseAddress(text) as IpAddress, {
    config: configOf({ pools, l2Advertisements: [l2("all")] }),
    nodeName: "a",
    plan: planInterfaces(interfaces),
    ...changed,
  });
  return place.kind === "here" ? [...place.on].join() : place.why;
}

describe("where a speaker can ask for an address", () => {
  it("is on interfaces with a subnet that contains it, in both families", () => {
    assert.equal(placeOf("192.168.1.240"), "eth1");
    assert.equal(placeOf("fd00:1::f1"), "eth1");
    assert.match(placeOf("203.0.113.1"), /no interface .* has a subnet with the address/);
  });

  it("is on no interface without a carrier", () => {
    const withStates = (eth1: string, eth2: string) => {
      const now = interfaces.map((one) => ({
        ...one,
        operState: one.name === "eth1" ? eth1 : eth2,
      }));
      return { plan: planInterfaces(now) };
    };
    for (const ip of ["192.168.1.240", "fd00:1::f1"]) {
      assert.match(placeOf(ip, withStates("down", "up")), /has no carrier/);
      assert.match(placeOf(ip, withStates("lowerlayerdown", "up")), /has no carrier/);
      assert.equal(placeOf(ip, withStates("unknown", "up")), "eth1");
    }
    const l2Advertisements = [l2("two", { interfaces: ["eth1", "eth2"] })];
    const config = configOf({ pools, l2Advertisements });
    assert.equal(placeOf("192.168.1.240", { config, ...withStates("up", "down") }), "eth1");
  });

  it("is on those that an advertisement names, whatever their subnets, and on no other", () => {
    const config = configOf({
      pools,
      l2Advertisements: [l2("two", { ipAddressPools: ["far"], interfaces: ["eth2", "eth9"] })],
    });
    assert.equal(placeOf("203.0.113.1", { config }), "eth2");
    const named = configOf({ pools, l2Advertisements: [l2("two", { interfaces: ["eth2"] })] });
    assert.equal(placeOf("192.168.1.240", { config: named }), "eth2");
  });

  it("is nowhere on a node that no advertisement is for, without layer 2, and without a configuration", () => {
    const nodes = new Map([["b", { disk: "ssd" }]]);
    const nodeSelectors = [{ matchLabels: { disk: "ssd" } }];
    const config = configOf({ pools, nodes, l2Advertisements: [l2("b", { nodeSelectors })] });
    assert.match(placeOf("192.168.1.240", { config }), /no L2Advertisement of the pool is for it/);
    assert.equal(placeOf("192.168.1.240", { config, nodeName: "b" }), "eth1");
    const byBgp = configOf({ pools, bgpAdvertisements: [bgp("all")] });
    assert.match(
      placeOf("192.168.1.240", { config: byBgp }),
      /no L2Advertisement selects the pool/,
    );
    assert.match(placeOf("192.168.1.240", { config: undefined }), /no configuration yet/);
    assert.match(placeOf("192.0.2.1"), /knows no such pool/);
  });

  it("is nowhere for a family that the interface does not speak", () => {
    const only = [
      link(1, {
        name: "eth1",
        addresses: ["192.168.1.1"],
        subnets: ["192.168.1.0/24", "fd00:1::/64"],
      }),
    ];
    const plan = planInterfaces(only);
    assert.equal(placeOf("192.168.1.240", { plan }), "eth1");
    assert.match(placeOf("fd00:1::f1", { plan }), /no interface/);
  });
});
