import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { parseAddress } from "../ip/index.ts";
import { parseAbility } from "../layer2/index.ts";
import { electAnswering, notReadyBy } from "./advertised-readiness.ts";
import { answeringOwner, type Readiness, readinessFor } from "./answering-owner.ts";

const v4 = parseAddress("192.168.1.240")!;
const v6 = parseAddress("2001:db8::240")!;

/** What a node that tells this text can do for the address. */
function readiness(
  text: string,
  { ip = v4, on, aware = false }: { ip?: typeof v4; on?: string[]; aware?: boolean } = {},
): Readiness {
  const interfaces = on && new Set(on);
  return readinessFor(parseAbility(text), { ip, interfaces, isSubnetAware: aware });
}

describe("the owner that can answer", () => {
  const node = fc.constantFrom<Readiness | "stock">("ready", "settling", "unable", "stock");

  it("is the first in the order while it can, or is a stock speaker; else the first of ours that can best", () => {
    fc.assert(
      fc.property(fc.array(node, { maxLength: 9 }), (kinds) => {
        const order = kinds.map((_, index) => `n${index}`);
        const kindOf = (name: string) => kinds[order.indexOf(name)]!;
        const { owner, isAble } = answeringOwner(order, (name) => {
          const kind = kindOf(name);
          return kind === "stock" ? undefined : kind;
        });
        if (kinds.length === 0) return assert.equal(owner, undefined);
        const first = kinds[0]!;
        const best = (["ready", "settling"] as const).find((kind) => kinds.includes(kind));
        const expected = first === "stock" ? 0 : best === undefined ? 0 : kinds.indexOf(best);
        assert.equal(owner, `n${expected}`);
        assert.equal(isAble, first === "stock" || best !== undefined);
      }),
    );
  });

  it("is what MetalLB elects in a ring of stock speakers, and where all of ours can answer", () => {
    const order = ["b", "a", "c"];
    assert.equal(answeringOwner(order, () => undefined).owner, "b");
    assert.equal(answeringOwner(order, () => "ready").owner, "b");
    assert.equal(answeringOwner(order, () => "unable").owner, "b");
  });

  it("looks no further than it must", () => {
    const asked: string[] = [];
    answeringOwner(["a", "b", "c"], (name) => {
      asked.push(name);
      return name === "a" ? "unable" : "ready";
    });
    assert.deepEqual(asked, ["a", "b"]);
  });
});

describe("whether a node can answer", () => {
  it("depends on all its interfaces where the address may be announced on all, in both families", () => {
    for (const ip of [v4, v6]) {
      assert.equal(readiness("eth0;eth1", { ip }), "ready");
      assert.equal(readiness("eth0!carrier;eth1", { ip }), "ready");
      assert.equal(readiness("eth0!carrier;eth1!down", { ip }), "unable");
      assert.equal(readiness("eth0?;eth1!down", { ip }), "settling");
      assert.equal(readiness("", { ip }), "unable");
    }
  });

  it("depends on the interfaces that the advertisement names, also where one is not there", () => {
    assert.equal(readiness("eth0!carrier;eth1", { on: ["eth0"] }), "unable");
    assert.equal(readiness("eth0!carrier;eth1", { on: ["eth0", "eth1"] }), "ready");
    assert.equal(readiness("eth1", { on: ["eth0"] }), "unable");
  });

  it("depends on the interface in the subnet of the address alone, where there is one", () => {
    const failed = "eth0!carrier:192.168.1.0/24,2001:db8::/64;mgmt:10.0.0.0/8";
    for (const ip of [v4, v6]) assert.equal(readiness(failed, { ip }), "unable");
    assert.equal(readiness(failed, { ip: parseAddress("10.1.1.1")! }), "ready");
    assert.equal(readiness(failed, { ip: parseAddress("203.0.113.9")! }), "ready");
    const twice = "eth0!carrier:192.168.1.0/24;eth1?:192.168.1.0/24;mgmt:10.0.0.0/8";
    assert.equal(readiness(twice), "settling");
  });

  it("depends on the family: an interface without a link-local address answers no NDP", () => {
    assert.equal(readiness("eth0/4", { ip: v4 }), "ready");
    assert.equal(readiness("eth0/4", { ip: v6 }), "unable");
    assert.equal(readiness("eth0/6", { ip: v6 }), "ready");
  });

  it("is believed where not all interfaces are told, unless the one in the subnet failed", () => {
    assert.equal(readiness("*"), "ready");
    assert.equal(readiness("eth0!down;*", { on: ["eth1"] }), "ready");
    assert.equal(readiness("eth0!down;*", { on: ["eth0"] }), "unable");
    assert.equal(readiness("eth0!carrier:192.168.1.0/24;*"), "unable");
    assert.equal(readiness("*", { aware: true }), "unable");
    assert.equal(readiness("*:*", { aware: true }), "ready");
  });

  it("does not depend on links where the operator wants what MetalLB does", () => {
    assert.equal(readiness("+eth0!carrier:192.168.1.0/24"), "ready");
    assert.equal(readiness("+", { on: ["eth0"] }), "ready");
    assert.equal(readiness("+eth0!carrier:192.168.1.0/24", { aware: true }), "ready");
    assert.equal(readiness("+eth0:10.0.0.0/8", { aware: true }), "unable");
  });

  it("depends, where the advertisement is aware of subnets, on an address in the subnet, in both families", () => {
    const node = "eth0:192.168.1.0/24,2001:db8::/64;eth1:10.0.0.0/8";
    for (const ip of [v4, v6]) {
      assert.equal(readiness(node, { ip, aware: true }), "ready");
      assert.equal(readiness(node, { ip, aware: true, on: ["eth1"] }), "unable");
    }
    assert.equal(readiness("eth1:10.0.0.0/8,2001:db8:1::/64", { aware: true }), "unable");
    assert.equal(readiness("eth1:10.0.0.0/8", { ip: v6, aware: true }), "unable");
  });
});

describe("the election among those who can answer", () => {
  const ad = { name: "ad", nodes: undefined, interfaces: undefined, serviceSelectors: [] };
  const aware = [{ ...ad, preference: new Map<string, number>(), isSubnetAware: true }];
  const abilities = new Map(
    [
      ["a", "eth0:10.0.0.0/8"],
      ["b", "eth0:192.168.1.0/24"],
      ["c", "eth0!carrier:10.0.0.0/8"],
    ].map(([name = "", text = ""]) => [name, parseAbility(text)]),
  );
  const elect = (ip: string, ...order: string[]) => {
    const offer = { ip: parseAddress(ip)!, advertisements: aware };
    return electAnswering(
      () => order,
      offer,
      (name) => abilities.get(name),
    );
  };

  it("leaves out who is not in the subnet, as a cluster over two segments needs it", () => {
    assert.equal(elect("192.168.1.240", "a", "b", "c").owner, "b");
    assert.equal(elect("10.1.1.1", "b", "a", "c").owner, "a");
    assert.equal(elect("10.1.1.1", "b", "c", "a").owner, "a");
  });

  it("leaves nobody out where no node is in the subnet, and says so; links still count", () => {
    const isOutsideSubnets = true;
    const ofFirst = elect("203.0.113.9", "a", "b", "c");
    assert.deepEqual(ofFirst, { owner: "a", isFirst: true, isOutsideSubnets });
    const ofSecond = elect("203.0.113.9", "c", "b", "a");
    assert.deepEqual(ofSecond, { owner: "b", isFirst: false, isOutsideSubnets });
    assert.equal(elect("10.1.1.1", "b", "c").owner, "b");
  });

  it("says nothing of subnets where nobody can answer and the first of the order is in the subnet", () => {
    const isOutsideSubnets = false;
    assert.deepEqual(elect("10.1.1.1", "c"), { owner: "c", isFirst: true, isOutsideSubnets });
    assert.equal(elect("192.168.1.240", "c").isOutsideSubnets, true);
  });

  it("takes a stock speaker as owner where it is first, and never to stand in", () => {
    assert.equal(elect("192.168.1.240", "stock", "b").owner, "stock");
    assert.equal(elect("192.168.1.240", "c", "stock", "b").owner, "b");
    assert.equal(elect("192.168.1.240", "c", "stock").owner, "c");
  });

  it("says why a node was passed by", () => {
    const why = (text: string, ip = v4, names?: string[], isSubnetAware = false) => {
      const interfaces = names && new Set(names);
      const advertisements = [{ ...aware[0]!, interfaces, isSubnetAware }];
      return notReadyBy(parseAbility(text), { ip, advertisements }, "n");
    };
    assert.equal(why("eth0"), undefined);
    assert.equal(why("eth0!carrier:192.168.1.0/24;mgmt"), "its interface eth0 has no carrier");
    assert.equal(why("eth0!down"), "its interface eth0 is down");
    assert.equal(why("eth0!gone"), "its interface eth0 is gone");
    assert.equal(why("eth0?"), "its interface eth0 came back a moment ago");
    assert.equal(why("eth0/4", v6), "its interface eth0 cannot answer for IPv6");
    assert.equal(why("eth0", v4, ["eth1"]), "it has no interface eth1");
    assert.equal(why("eth0", v4, ["eth2", "eth1"]), "it has none of the interfaces eth1, eth2");
    assert.equal(why(""), "it has no interface that could answer");
    assert.equal(
      why("eth0:10.0.0.0/8", v4, undefined, true),
      "none of its interfaces has an address in the subnet of 192.168.1.240",
    );
    const two = "eth0:192.168.1.0/24;eth1:10.0.0.0/8;eth2";
    const in240 = "address in the subnet of 192.168.1.240";
    assert.equal(why(two, v4, ["eth1"], true), `its interface eth1 has no ${in240}`);
    assert.equal(
      why(two, v4, ["eth2", "eth1"], true),
      `none of its interfaces eth1, eth2 has an ${in240}`,
    );
    assert.equal(why(two, v4, ["eth9"], true), "it has no interface eth9");
  });
});
