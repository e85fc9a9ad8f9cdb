import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { takeoverMs } from "../testing/ring-bounds.ts";
import { shortestSilenceMs } from "./beat-record.ts";
import { answerMs } from "./inquiry.ts";
import { defaultBeatMs } from "./ring.ts";
import { RingSimulation } from "../testing/ring-simulation.ts";

/** A ping and its answer, for itself and for another. */
const probePacketsPerSecond = 2;

/** A ring that has stood for ten seconds. */
function ringOf(
  nodes: number,
  options: Partial<ConstructorParameters<typeof RingSimulation>[0]> = {},
) {
  const ring = new RingSimulation({ seed: 1, nodes, ...options });
  for (let index = 0; index < nodes; index++) ring.at(index * 10, () => ring.start(index, [0, 1]));
  ring.run(10_000);
  return ring;
}

/** On a quick network: the silence, an inquiry with stock members in it, and a little. */
const foundMs = shortestSilenceMs(defaultBeatMs) + answerMs(0) + 20;

const aliveFor = (ring: RingSimulation, index: number): string[] =>
  [...ring.node(index).ring.alive()].sort();

describe("the ring", () => {
  it("ML-142, L2-171, L2-173: finds a dead member when it is silent for too long, and stock members believe it at once", () => {
    const ring = ringOf(5, { stockFrom: 3 });
    ring.kill(0);
    ring.run(10_000 + foundMs);
    const survivors = ["node1", "node2", "node3", "node4"];
    for (const index of [1, 2, 3, 4]) assert.deepEqual(aliveFor(ring, index), survivors);
  });

  it("L2-34: has the own node among the living from the start until it leaves, alone too", () => {
    const ring = new RingSimulation({ seed: 1, nodes: 1 });
    ring.start(0, []);
    assert.deepEqual(aliveFor(ring, 0), ["node0"]);
    const other = ringOf(3);
    other.partition([0]);
    other.run(60_000);
    assert.ok(aliveFor(other, 0).includes("node0"));
    other.step(other.node(0), { kind: "leave" });
    assert.ok(!aliveFor(other, 0).includes("node0"));
  });

  it("tells all members at once what we say of ourselves, stock ones too, and nobody counts as gone for it", () => {
    const ring = ringOf(5, { stockFrom: 3 });
    const words = new Map([["l2", "eth0!carrier"]]);
    ring.step(ring.node(0), { kind: "words", words });
    ring.run(10_000 + 5);
    for (const index of [0, 1, 2, 3, 4]) {
      const { ring: seen } = ring.node(index);
      assert.deepEqual(seen.ownKind("node0")?.words, words, `node${index}`);
      assert.equal(seen.ownKind("stranger"), undefined);
      assert.equal(aliveFor(ring, index).length, 5);
    }
    ring.run(20_000);
    assert.deepEqual(ring.node(4).ring.ownKind("node0")?.words, words);
  });

  it("ML-145: is quick by default where stock speakers ask for it, yet towards stock members its timers are stock's", () => {
    const ring = ringOf(3, { stockFrom: 1 });
    ring.kill(1);
    ring.run(10_000 + 4 * foundMs);
    assert.ok(aliveFor(ring, 0).includes("node1"));
    const switchedOff = ringOf(3, { beatMs: 0 });
    switchedOff.kill(1);
    switchedOff.run(10_000 + 4 * foundMs);
    assert.ok(aliveFor(switchedOff, 0).includes("node1"));
  });

  it("ML-140, L2-33: leaves a stock member to gossip's own time", () => {
    const ring = ringOf(5, { stockFrom: 3 });
    ring.kill(4);
    ring.run(13_000);
    const stateFor = (index: number) => ring.node(index).ring.gossip.members.get("node4")!.state;
    assert.ok([0, 1, 2, 3].some((index) => stateFor(index) === "suspect"));
    for (const index of [0, 1, 2, 3]) assert.ok(aliveFor(ring, index).includes("node4"));
    ring.run(40_000);
    assert.ok(!aliveFor(ring, 0).includes("node4"));
  });

  it("finds a member that died together with all who watched it", () => {
    const ring = ringOf(12);
    const dead = [
      0,
      ...ring.node(0).ring.watchers.map((name) => Number(name.slice("node".length))),
    ];
    for (const index of dead) ring.kill(index);
    ring.run(12_000);
    const others = Array.from({ length: 12 }, (_, index) => index).filter((i) => !dead.includes(i));
    const expected = others.map((index) => `node${index}`).sort();
    for (const index of others) assert.deepEqual(aliveFor(ring, index), expected);
  });

  it("beats in step soon, and never much faster than agreed", () => {
    const ring = ringOf(9);
    ring.run(60_000);
    const { packets } = ring;
    ring.run(70_000);
    const beats = (ring.packets - packets) / 9 / 10 - probePacketsPerSecond;
    const atMost = (2 * 1000) / defaultBeatMs;
    assert.ok(beats > 0.9 * atMost && beats < 1.1 * atMost, `${beats} beats a second`);
  });

  it("does not accuse anybody after a pause of its own", () => {
    const ring = ringOf(3);
    ring.pause(0, 300);
    ring.run(20_000);
    assert.deepEqual(
      ring.transcript
        .text()
        .split("\n")
        .filter((line) => / leave | dead /.test(line)),
      [],
    );
  });

  it("finds a member that is stopped again and again, and others after their own stops, as quickly as the first", () => {
    for (const seed of [1, 2, 3]) {
      const ring = ringOf(3, { seed });
      for (let round = 0; round < 12; round++) {
        const stopped = round % 3;
        const began = ring.nowMs;
        ring.pause(stopped, 1500);
        ring.run(began + foundMs + 150);
        const others = [0, 1, 2].filter((index) => index !== stopped);
        const expected = others.map((index) => `node${index}`);
        for (const index of others) {
          assert.deepEqual(aliveFor(ring, index), expected, `seed ${seed}, round ${round}`);
        }
        ring.run(began + 2500);
        assert.equal(aliveFor(ring, stopped).length, 3);
      }
    }
  });

  it("notices within a second that a partition healed", () => {
    const ring = ringOf(4);
    ring.partition([0, 1]);
    ring.run(20_000);
    assert.deepEqual(aliveFor(ring, 0), ["node0", "node1"]);
    assert.deepEqual(aliveFor(ring, 2), ["node2", "node3"]);
    ring.heal();
    ring.run(21_000);
    for (const index of [0, 1, 2, 3]) assert.equal(aliveFor(ring, index).length, 4);
  });

  it("ML-109: takes back at once who died and returns with a new address, also before its death was found", () => {
    for (const awayMs of [50, 3000]) {
      const ring = ringOf(5, { seed: awayMs });
      ring.kill(4);
      ring.run(10_000 + awayMs);
      ring.move(4);
      ring.start(4, [0, 1, 2, 3]);
      ring.run(10_000 + awayMs + 2 * takeoverMs);
      for (const index of [0, 1, 2, 3]) {
        const { place } = ring.node(4);
        assert.equal(ring.node(index).ring.gossip.members.get("node4")!.address, place.address);
        assert.equal(aliveFor(ring, index).length, 5);
      }
    }
  });

  it("ML-109: who was cut off meanwhile learns where a member has moved as soon as it is back", () => {
    const ring = ringOf(6);
    ring.partition([0]);
    ring.run(11_000);
    ring.kill(3);
    ring.run(13_000);
    ring.move(3);
    ring.start(3, [1, 2]);
    ring.run(15_000);
    ring.heal();
    ring.run(15_000 + 2 * takeoverMs);
    const { place } = ring.node(3);
    assert.equal(ring.node(0).ring.gossip.members.get("node3")!.address, place.address);
    assert.equal(aliveFor(ring, 0).length, 6);
  });

  it("ML-109: in a ring with stock members they take it back once they have forgotten the dead one", () => {
    const ring = ringOf(4, { stockFrom: 2 });
    ring.kill(0);
    ring.run(12_000);
    ring.move(0);
    ring.start(0, [1, 2, 3]);
    ring.run(14_000);
    assert.equal(aliveFor(ring, 1).length, 4);
    ring.run(60_000);
    for (const index of [2, 3]) ring.join(index, [0]);
    ring.run(61_000);
    for (const index of [1, 2, 3]) assert.equal(aliveFor(ring, index).length, 4);
  });

  it("finds a dead member as quickly while somebody sends its packets again, as they were", () => {
    const ring = ringOf(5);
    ring.record(4);
    ring.run(20_000);
    ring.kill(4);
    ring.replay(4, 60_000);
    ring.run(20_000 + takeoverMs);
    for (const index of [0, 1, 2, 3]) assert.equal(aliveFor(ring, index).length, 4);
    ring.run(80_000);
    for (const index of [0, 1, 2, 3]) assert.equal(aliveFor(ring, index).length, 4);
  });

  it("L2-174: accuses nobody whom only itself does not hear", () => {
    const ring = ringOf(4);
    ring.cut(0, 1);
    ring.cut(1, 0);
    ring.run(30_000);
    assert.deepEqual(
      ring.transcript
        .text()
        .split("\n")
        .filter((line) => line.includes(" leave ")),
      [],
    );
  });

  it("ML-108, ML-170..176, L2-170: takes a goodbye at its word, and does not look for who said it", () => {
    const ring = ringOf(3);
    ring.step(ring.node(0), { kind: "leave" });
    ring.run(10_100);
    assert.deepEqual(aliveFor(ring, 1), ["node1", "node2"]);
    assert.ok(
      !ring.transcript
        .text()
        .split("\n")
        .some((line) => line.includes("decided")),
    );
  });
});
