import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { NodeMacs } from "./node-macs.ts";

const [one, two] = ["02:00:00:00:00:01", "02:00:00:00:00:02"] as const;
const windowMs = 1000;

describe("MAC addresses that answer for a node's own address", () => {
  const of = (macs: NodeMacs, nowMs: number) => [...macs.of("a", "eth0", nowMs)];

  it("are learned from answers to a question, on the interface that they came on, and from nothing else", () => {
    const macs = new NodeMacs(windowMs);
    macs.heard("a", { on: "eth0", mac: two }, 0);
    macs.asked("a", 100);
    macs.heard("a", { on: "eth0", mac: one }, 100 + windowMs);
    macs.heard("a", { on: "eth0", mac: two }, 101 + windowMs);
    assert.deepEqual(of(macs, 2000), [one]);
    assert.deepEqual([...macs.of("a", "eth1", 2000)], []);
    assert.deepEqual([...macs.of("b", "eth0", 2000)], []);
    assert.equal(macs.nodeWith(one), "a");
    assert.equal(macs.nodeWith(two), undefined);
  });

  it("are replaced by the answers to the next question, once that had its time", () => {
    const macs = new NodeMacs(windowMs);
    macs.asked("a", 0);
    macs.heard("a", { on: "eth0", mac: one }, 10);
    macs.asked("a", 60_000);
    assert.deepEqual(of(macs, 60_000), [one]);
    macs.heard("a", { on: "eth0", mac: two }, 60_010);
    assert.deepEqual(of(macs, 60_010), [two, one]);
    assert.deepEqual(of(macs, 60_000 + windowMs), [two]);
    macs.asked("a", 120_000);
    assert.deepEqual(of(macs, 120_000 + windowMs), []);
    assert.equal(macs.wasSeenOn("a", "eth0"), true);
  });

  it("are forgotten together with the node", () => {
    const macs = new NodeMacs(windowMs);
    macs.asked("a", 0);
    macs.heard("a", { on: "eth0", mac: one }, 10);
    macs.forget("a");
    assert.deepEqual(of(macs, 20), []);
    assert.equal(macs.nodeWith(one), undefined);
    assert.equal(macs.wasSeenOn("a", "eth0"), false);
    assert.equal(macs.isDue("a", 20, false), true);
  });

  it("are asked for each minute, and after a second where they are doubted", () => {
    const macs = new NodeMacs(windowMs);
    assert.equal(macs.isDue("a", 0, false), true);
    macs.asked("a", 0);
    assert.deepEqual(
      [macs.isDue("a", 59_999, false), macs.isDue("a", 60_000, false)],
      [false, true],
    );
    assert.deepEqual([macs.isDue("a", 999, true), macs.isDue("a", 1000, true)], [false, true]);
  });

  it("are eight at most, however many somebody forges", () => {
    const macs = new NodeMacs(windowMs);
    macs.asked("a", 0);
    for (let last = 10; last < 30; last++) {
      macs.heard("a", { on: "eth0", mac: `02:00:00:00:00:${last}` }, 10);
    }
    assert.equal(of(macs, 20).length, 8);
  });
});
