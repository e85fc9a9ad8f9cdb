import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatAddress } from "../ip/index.ts";
import { compileExclusion, type NetworkInterface, planInterfaces } from "./interface-plan.ts";

function link(name: string, more: Partial<NetworkInterface> = {}): NetworkInterface {
  return {
    index: 2,
    name,
    mac: "52:54:00:12:34:56",
    isUp: true,
    canBroadcast: true,
    hasNoArp: false,
    operState: "up",
    addresses: [],
    ...more,
  };
}

const arpNames = (interfaces: NetworkInterface[], exclusion?: RegExp) =>
  planInterfaces(interfaces, exclusion).arp.map(({ name }) => name);

describe("interface plan", () => {
  it("L2-81: an interface that is up and can broadcast gets an ARP responder", () => {
    assert.deepEqual(arpNames([link("eth0")]), ["eth0"]);
  });

  it("L2-82 L2-211: neither a carrier nor an address is needed", () => {
    assert.deepEqual(arpNames([link("eth0", { operState: "down", addresses: [] })]), ["eth0"]);
  });

  it("L2-82 L2-212: bridges, bonds, VLAN devices and long names qualify themselves", () => {
    const names = ["br0", "bond0", "eth0.100", "abcdefghijklmno"];
    assert.deepEqual(arpNames(names.map((name) => link(name))), names);
  });

  for (const [check, change] of [
    ["4: administratively down", { isUp: false }],
    ["5: member of a bridge, bond or VRF (L2-204)", { masterIndex: 7 }],
    ["6: NOARP", { hasNoArp: true }],
    ["7: no broadcast", { canBroadcast: false }],
  ] as const) {
    it(`L2-81 check ${check}: no responder, but the name is a local name`, () => {
      const plan = planInterfaces([link("eth0", change)]);
      assert.deepEqual([plan.arp, plan.ndp, plan.asking], [[], [], []]);
      assert.deepEqual(plan.localNames, ["eth0"]);
    });
  }

  it("L2-81: a link without an Ethernet address gets no responder", () => {
    const { mac: _, ...tunnel } = link("tun0", { addresses: ["fe80::1"] });
    const { arp, ndp } = planInterfaces([tunnel]);
    assert.deepEqual([arp, ndp], [[], []]);
  });

  it("L2-81 check 8, L2-110: the first link-local address of an interface makes it answer NDP", () => {
    const sourceOf = (...addresses: string[]) => {
      const [found] = planInterfaces([link("eth0", { addresses })]).ndp;
      return found && formatAddress(found.linkLocal);
    };
    assert.equal(sourceOf("192.0.2.1", "2001:db8::1", "fe80::2", "fe80::1"), "fe80::2");
    assert.equal(sourceOf("febf:ffff::1"), "febf:ffff::1");
    for (const other of ["169.254.0.1", "2001:db8::fe80", "fec0::1", "fe7f::1", "ff02::1", "::1"]) {
      assert.equal(sourceOf(other), undefined, other);
    }
    assert.equal(sourceOf(), undefined);
  });

  for (const [check, change] of [
    ["4: administratively down", { isUp: false }],
    ["5: member of a bridge, bond or VRF (L2-204)", { masterIndex: 7 }],
    ["6: NOARP", { hasNoArp: true }],
  ] as const) {
    it(`L2-81 check ${check}: no responder for NDP either`, () => {
      assert.deepEqual(
        planInterfaces([link("eth0", { addresses: ["fe80::1"], ...change })]).ndp,
        [],
      );
    });
  }

  it("L2-81 checks 7 and 8, L2-82: NDP asks neither for broadcast nor for a carrier, ARP not for an address", () => {
    const quiet = link("eth0", { addresses: ["fe80::1"], canBroadcast: false, operState: "down" });
    const bare = link("eth1");
    const names = (found: readonly NetworkInterface[]) => found.map(({ name }) => name);
    const { arp, ndp } = planInterfaces([quiet, bare]);
    assert.deepEqual([names(arp), names(ndp)], [["eth1"], ["eth0"]]);
  });

  it("L2-85: an excluded name answers no NDP", () => {
    const exclusion = compileExclusion(["^docker.*"]);
    const docker = link("docker0", { addresses: ["fe80::1"] });
    assert.deepEqual(planInterfaces([docker], exclusion).ndp, []);
  });

  it("L2-81 check 1, L2-85: an excluded name gets neither a responder nor a place among the local names", () => {
    const exclusion = compileExclusion(["^docker.*", "^lo$"]);
    const plan = planInterfaces(
      [link("docker0"), link("eth0"), link("lo"), link("lo1")],
      exclusion,
    );
    assert.deepEqual(plan.localNames, ["eth0", "lo1"]);
    assert.deepEqual(
      plan.arp.map(({ name }) => name),
      ["eth0", "lo1"],
    );
  });

  it("L2-85: an excluded name is one of all interfaces, and asks for nothing", () => {
    const both = [link("docker0"), link("eth0")].map((one) => {
      return { ...one, addresses: ["192.168.1.1", "fe80::1"] };
    });
    const { all, asking } = planInterfaces(both, compileExclusion(["^docker.*"]));
    assert.equal(all, both);
    assert.deepEqual(
      asking.map(({ name }) => name),
      ["eth0"],
    );
  });

  it("L2-85: patterns are unanchored and an empty list excludes nothing", () => {
    assert.equal(compileExclusion([]), undefined);
    assert.deepEqual(arpNames([link("xveth0"), link("eth1")], compileExclusion(["veth|b", "c"])), [
      "eth1",
    ]);
    assert.deepEqual(arpNames([link("docker0"), link("cni0")]), ["docker0", "cni0"]);
  });
});
