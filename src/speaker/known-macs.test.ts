import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { planInterfaces } from "../layer2/index.ts";
import { describeOwnKind, readOwnKind } from "../ring/index.ts";
import { link } from "../testing/fake-announcer-sockets.ts";
import { KnownMacs } from "./known-macs.ts";
import { macsText, macWord, memberMacs } from "./member-macs.ts";

const [one, two, three] = ["02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:03"] as const;

/** What the ring knows while these members are alive and say these MAC addresses. */
function told(members: Readonly<Record<string, readonly string[]>>) {
  return memberMacs({
    alive: () => Object.keys(members).values(),
    ownKind: (name) =>
      readOwnKind(describeOwnKind(200, new Map([[macWord, macsText(members[name] ?? [])]]))),
  });
}

describe("MAC addresses that are known", () => {
  it("of speakers are learned, replaced after a change, and forgotten when the speaker leaves", () => {
    const known = new KnownMacs();
    const nodes = () => [one, two, three].map((mac) => known.memberWith(mac));
    assert.deepEqual(nodes(), [undefined, undefined, undefined]);
    known.setMembers(told({ a: [one], b: [two] }));
    assert.deepEqual(nodes(), ["a", "b", undefined]);
    known.setMembers(told({ a: [three], b: [two] }));
    assert.deepEqual(nodes(), [undefined, "b", "a"]);
    known.setMembers(told({ a: [three] }));
    assert.deepEqual(nodes(), [undefined, undefined, "a"]);
  });

  it("go to another node with the network card", () => {
    const known = new KnownMacs();
    known.setMembers(told({ a: [one, two], b: [] }));
    known.setMembers(told({ a: [one], b: [two] }));
    assert.equal(known.memberWith(two), "b");
  });

  it("of this machine are those of all its interfaces, as they are now, also of ones that are left out", () => {
    const known = new KnownMacs();
    const own = () => [1, 2, 3].map((index) => known.isOwn(`52:54:00:00:00:0${index}`));
    known.setInterfaces(planInterfaces([link(1), link(2, { isUp: false })], /^eth1$/));
    assert.deepEqual(own(), [true, true, false]);
    const { mac: _, ...tunnel } = link(2);
    known.setInterfaces(planInterfaces([tunnel, link(3)]));
    assert.deepEqual(own(), [false, false, true]);
  });

  it("of speakers and of this machine are told apart", () => {
    const known = new KnownMacs();
    known.setInterfaces(planInterfaces([link(1)]));
    known.setMembers(told({ a: [one] }));
    assert.equal(known.isOwn(one), false);
    assert.equal(known.memberWith("52:54:00:00:00:01"), undefined);
  });
});
