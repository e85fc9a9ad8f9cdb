import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Generation } from "../config/index.ts";
import type { Node } from "../kube/index.ts";
import { Electorate } from "./electorate.ts";

function node(name: string, ready: "True" | "Unknown", labels: Record<string, string> = {}): Node {
  const conditions = [{ type: "Ready", status: ready }];
  return { metadata: { name, labels }, status: { conditions } };
}

const excluded = { "node.kubernetes.io/exclude-from-external-load-balancers": "" };

describe("the electorate with gossip", () => {
  it("L2-21, L2-22: counts its members as alive, whatever the API says of their nodes", () => {
    const electorate = new Electorate(false);
    electorate.setNode("a", node("a", "Unknown"));
    electorate.setNode("b", node("b", "True"));
    assert.deepEqual([electorate.isCandidate("a"), electorate.isCandidate("b")], [false, true]);
    electorate.setMembers(new Set(["a"]));
    assert.deepEqual([electorate.isCandidate("a"), electorate.isCandidate("b")], [true, false]);
    assert.deepEqual([electorate.isAlive("a"), electorate.isAlive("b")], [true, false]);
    assert.deepEqual(electorate.setNode("a", node("a", "True")), { legacy: false, modern: false });
  });

  it("L2-24, L2-25: keeps a member out whose node has the exclude label", () => {
    const electorate = new Electorate(false);
    electorate.setMembers(new Set(["a", "b"]));
    const effect = electorate.setNode("a", node("a", "True", excluded));
    assert.deepEqual(effect, { legacy: false, modern: true });
    assert.deepEqual([electorate.isCandidate("a"), electorate.isAlive("a")], [false, true]);
  });

  it("L2-29: lets a member stand that the API does not know, also after its node is deleted", () => {
    const electorate = new Electorate(false);
    electorate.setMembers(new Set(["a"]));
    assert.ok(electorate.isCandidate("a"));
    electorate.setNode("a", node("a", "True", excluded));
    electorate.setNode("a", undefined);
    assert.ok(electorate.isCandidate("a"));
    assert.deepEqual([...electorate.names], ["a"]);
  });

  it("says what speaks against a node: the ring first, then its Node object, whose labels v0.9.5 does not look at", () => {
    const electorate = new Electorate(false);
    electorate.setNode("a", node("a", "Unknown"));
    electorate.setNode("b", node("b", "True", excluded));
    electorate.setNode("c", undefined);
    const details = (generation: Generation) =>
      ["a", "b", "c", "d"].map((name) => electorate.objection(name, generation));
    const [notReady, label, gone] = [
      "its Node object is not Ready",
      "the node has the label node.kubernetes.io/exclude-from-external-load-balancers",
      "its Node object is gone",
    ].map((detail) => ({ because: "node", detail }));
    assert.deepEqual(details("modern"), [notReady, label, gone, undefined]);
    assert.deepEqual(details("legacy"), [notReady, undefined, gone, undefined]);
    electorate.setMembers(new Set(["a", "b"]));
    const lost = { because: "ring" };
    assert.deepEqual(details("modern"), [undefined, label, lost, lost]);
  });

  it("L2-48: takes a member out that left, and back in when it returns", () => {
    const electorate = new Electorate(false);
    for (const name of ["a", "b"]) electorate.setNode(name, node(name, "True"));
    for (const alive of [["a", "b"], ["b"], ["a", "b"]]) {
      electorate.setMembers(new Set(alive));
      assert.equal(electorate.isCandidate("a"), alive.includes("a"));
    }
  });
});
