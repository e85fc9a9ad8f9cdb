import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { addressBytes, parseAddress } from "../ip/index.ts";
import type { NetworkInterface } from "./interface-plan.ts";
import { RingNeighbors } from "./ring-neighbors.ts";

const eth0: NetworkInterface = {
  index: 7,
  name: "eth0",
  mac: "52:54:00:12:34:56",
  isUp: true,
  canBroadcast: true,
  hasNoArp: false,
  operState: "up",
  addresses: ["192.168.1.5", "10.0.0.5", "fd00::5", "fe80::5"],
  subnets: ["192.168.1.0/24", "10.0.0.0/8", "fd00::/64", "fe80::/64"],
};
const other: NetworkInterface = {
  ...eth0,
  index: 9,
  name: "eth1",
  addresses: ["10.1.0.1"],
  subnets: ["10.1.0.0/16"],
};
const dark = { ...eth0, operState: "lowerlayerdown" };

function neighborsOf(own: string): RingNeighbors {
  const address = parseAddress(own);
  assert.ok(address);
  return new RingNeighbors(addressBytes(address));
}

function hexOf(neighbors: RingNeighbors, target: string): string | undefined {
  const question = neighbors.question(target);
  return question && `${question.interfaceIndex} ${Buffer.from(question.frame).toString("hex")}`;
}

describe("questions for neighbours of the ring", () => {
  it("go by ARP from the address that others know us by, on its interface, also where that has others", () => {
    const neighbors = neighborsOf("10.0.0.5");
    neighbors.setInterfaces([other, eth0]);
    const header = "ffffffffffff52540012345608060001080006040001";
    const [sender, target] = ["5254001234560a000005", "0000000000000a000006"];
    const frame = hexOf(neighbors, "10.0.0.6") ?? "";
    assert.ok(frame.startsWith(`7 ${header}${sender}${target}`), frame);
  });

  it("go by NDP from that address, too: who is asked learns it", () => {
    const neighbors = neighborsOf("fd00::5");
    neighbors.setInterfaces([eth0]);
    const frame = hexOf(neighbors, "fd00::6") ?? "";
    const source = "fd000000000000000000000000000005";
    const group = "ff0200000000000000000001ff000006";
    assert.ok(frame.startsWith("7 3333ff00000652540012345686dd"), frame);
    assert.ok(frame.includes(source + group), frame);
    assert.ok(frame.includes("fd0000000000000000000000000000060101525400123456"), frame);
  });

  it("are none to who is behind a router, of another family, or no address", () => {
    const neighbors = neighborsOf("10.0.0.5");
    neighbors.setInterfaces([eth0, other]);
    for (const target of ["192.168.1.6", "11.0.0.6", "fd00::6", "node"]) {
      assert.equal(hexOf(neighbors, target), undefined, target);
    }
  });

  it("are none without a link that carries them", () => {
    const neighbors = neighborsOf("10.0.0.5");
    const { mac: _, ...without } = eth0;
    const sets = [[], [other], [dark], [{ ...eth0, isUp: false }], [{ ...eth0, hasNoArp: true }]];
    for (const interfaces of [...sets, [without]]) {
      neighbors.setInterfaces(interfaces);
      assert.equal(hexOf(neighbors, "10.0.0.6"), undefined);
    }
  });
});

describe("the link of the ring", () => {
  it("is back when it has our address and a carrier again, said once", () => {
    const neighbors = neighborsOf("10.0.0.5");
    const steps: [readonly NetworkInterface[], boolean][] = [
      [[eth0], false],
      [[eth0, other], false],
      [[dark], false],
      [[dark, other], false],
      [[eth0], true],
      [[eth0], false],
      [[], false],
      [[{ ...eth0, addresses: ["192.168.1.5"] }], false],
      [[{ ...eth0, index: 11 }], true],
    ];
    for (const [at, [interfaces, isBack]] of steps.entries()) {
      assert.equal(neighbors.setInterfaces(interfaces), isBack, `step ${at}`);
    }
  });

  it("that comes for the first time is not back", () => {
    const neighbors = neighborsOf("10.0.0.5");
    assert.equal(neighbors.setInterfaces([dark]), false);
    assert.equal(neighbors.setInterfaces([eth0]), false);
  });
});
