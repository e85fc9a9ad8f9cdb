import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { NetworkInterface } from "./interface-plan.ts";
import { strictArpAdvice } from "./strict-arp.ts";

const link = (name: string, hasNoArp = false): NetworkInterface => ({
  index: 1,
  name,
  mac: "52:54:00:12:34:56",
  isUp: true,
  canBroadcast: true,
  hasNoArp,
  operState: "up",
  addresses: [],
});
const ipvs = link("kube-ipvs0", true);

describe("strict ARP", () => {
  it("L2-198 L2-190: with kube-ipvs0 and arp_ignore 0 the interface, the setting and the mend are named", () => {
    const advice = strictArpAdvice([link("eth0"), link("eth1"), ipvs], (name) =>
      name === "eth1" ? 1 : 0,
    );
    assert.match(advice ?? "", /kube-ipvs0.*arp_ignore is 0 on eth0:.*strictARP: true.*kube-proxy/);
  });

  for (const [name, interfaces, settings] of [
    ["no kube-ipvs0", [link("eth0")], { all: 0, eth0: 0 }],
    [
      "strictARP or kube-router (L2-197), which set it for all",
      [link("eth0"), ipvs],
      { all: 1, eth0: 0 },
    ],
    ["the interface's own setting", [link("eth0"), ipvs], { all: 0, eth0: 2 }],
    ["only interfaces that do no ARP", [ipvs], { all: 0, "kube-ipvs0": 0 }],
    ["settings that cannot be read", [link("eth0"), ipvs], {}],
  ] as const) {
    it(`L2-198 L2-191 L2-195: nothing is said with ${name}`, () => {
      const read = (of: string) => new Map<string, number>(Object.entries(settings)).get(of);
      assert.equal(strictArpAdvice(interfaces, read), undefined);
    });
  }
});
