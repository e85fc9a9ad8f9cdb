import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { type IpAddress, parseAddress, parsePrefix, type Prefix } from "../ip/index.ts";
import { Assignments } from "./assignments.ts";
import { Neighbours } from "./neighbours.ts";

const ip = (text: string): IpAddress => parseAddress(text) as IpAddress;
const subnet = (text: string): Prefix => parsePrefix(text) as Prefix;
/** Rack 1 and rack 2 of both families. */
const racks = {
  1: [subnet("10.1.0.0/24"), subnet("fd00:1::/64")],
  2: [subnet("10.2.0.0/24"), subnet("fd00:2::/64")],
};

describe("who is in a network with a node", () => {
  it("is whoever has a subnet with one of its addresses, also in several networks, and nobody where nobody says so", () => {
    const neighbours = new Neighbours();
    neighbours.setNode("n1", [ip("10.1.0.1")]);
    neighbours.setNode("n2", [ip("fd00:2::1")]);
    neighbours.setNode("n3", [ip("10.1.0.3"), ip("10.2.0.3")]);
    const of = (node: string) => [...neighbours.of(node)].sort().join();
    assert.equal(of("n1"), "");
    const told = new Map([
      ["n1", racks[1]],
      ["n2", racks[2]],
      ["n3", [...racks[1], ...racks[2]]],
    ]);
    assert.ok(neighbours.setSubnets(told));
    assert.ok(!neighbours.setSubnets(new Map(told)));
    assert.deepEqual(["n1", "n2", "n3", "n9"].map(of), ["n1,n3", "n2,n3", "n1,n2,n3", ""]);
    neighbours.setNode("n1", []);
    assert.equal(of("n1"), "");
    assert.ok(neighbours.setSubnets(new Map()));
    assert.equal(of("n3"), "");
  });
});

describe("who asks, where nodes are in several networks", () => {
  const names = ["a", "b", "c", "d", "e"];
  const named = (name: string) => names.indexOf(name) + 1;

  it("is the first of those in a network with the owner, whatever came in between; and anybody where there is none", () => {
    const change = fc.record({
      alive: fc.subarray(names, { minLength: 1 }),
      inRack1: fc.subarray(names),
      silent: fc.subarray(names),
    });
    const anyOwners = fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(
        fc.array(change, { minLength: 1, maxLength: 6 }),
        anyOwners,
        (history, owners) => {
          const neighbours = new Neighbours();
          const rackOf = new Map<string, 1 | 2>();
          const fresh = () => new Assignments("a", (node) => neighbours.of(node));
          const lasting = fresh();
          const subjects = owners.map((owner, at) => ({
            service: `shop/${at}`,
            ips: [ip(`192.0.2.${at}`)],
            owner,
            interfaces: undefined,
          }));
          for (const subject of subjects) lasting.setSubject(subject);
          for (const { alive, inRack1, silent } of history) {
            for (const name of names) {
              const rack = inRack1.includes(name) ? 1 : 2;
              rackOf.set(name, rack);
              neighbours.setNode(name, [ip(`10.${rack}.0.${named(name)}`)]);
            }
            const telling = alive.filter((name) => !silent.includes(name));
            neighbours.setSubnets(
              new Map(telling.map((name) => [name, racks[rackOf.get(name) ?? 1]])),
            );
            const speakers = new Set(alive);
            lasting.setSpeakers(speakers);
            lasting.chooseAgain();
            const anew = fresh();
            anew.setSpeakers(speakers);
            for (const subject of subjects) {
              anew.setSubject(subject);
              const asker = lasting.askerOf(subject.service) ?? "";
              assert.equal(asker, anew.askerOf(subject.service));
              const near = telling.filter(
                (name) => name !== subject.owner && rackOf.get(name) === rackOf.get(subject.owner),
              );
              const others = alive.filter((name) => name !== subject.owner);
              if (near.length > 0) assert.ok(near.includes(asker), asker);
              else if (others.length > 0) assert.ok(others.includes(asker), asker);
              else assert.equal(asker, subject.owner);
            }
          }
        },
      ),
    );
  });
});
