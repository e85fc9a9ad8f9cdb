import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { shortestSilenceMs } from "../ring/beat-record.ts";
import { defaultBeatMs } from "../ring/index.ts";
import { watcherCount } from "../ring/watchers.ts";
import { planFaults } from "./fault-plan.ts";
import { bounds, takeoverMs } from "./ring-bounds.ts";
import { runHistory } from "./ring-history.ts";
import { RingProperties } from "./ring-properties.ts";
import { RingSimulation } from "./ring-simulation.ts";

const seeds = 200;
const linkSeeds = 60;

describe("rings of speakers under random faults", () => {
  it(`keep one owner an address and one view in ${seeds} histories, without false deaths`, () => {
    for (let seed = 1; seed <= seeds; seed++) {
      const { failures, transcript } = runHistory(planFaults(seed));
      const replay = `npm run -s simulate -- --seed ${seed}`;
      assert.deepEqual(failures, [], `replay with: ${replay}\n${transcript}`);
    }
  });

  it(`keep an owner that can answer where links fail and nodes live, in ${linkSeeds} histories`, () => {
    for (let seed = 1; seed <= linkSeeds; seed++) {
      const plan = planFaults(seed, { kind: "ours", faults: ["link", "link", "kill", "leave"] });
      const { failures, transcript } = runHistory(plan);
      assert.deepEqual(failures, [], transcript);
    }
  });

  it("go the same way again under the same seed", () => {
    assert.equal(runHistory(planFaults(7)).transcript, runHistory(planFaults(7)).transcript);
  });

  it("keep a transcript of bounded length, however long they run", () => {
    const simulation = new RingSimulation({ seed: 1, nodes: 3, transcriptLines: 10 });
    for (let line = 0; line < 1000; line++) simulation.note(`line ${line}`);
    const lines = simulation.transcript.text().split("\n");
    assert.equal(lines.length, 11);
    assert.match(lines[0]!, /^\(990 lines before\)$/);
  });
});

describe("a large ring", () => {
  /** Packets a node and second of a ring at rest. */
  function packetsAtRest(nodes: number): number {
    const simulation = new RingSimulation({ seed: nodes, nodes, transcriptLines: 0 });
    simulation.startComplete();
    simulation.run(2000);
    const { packets } = simulation;
    simulation.run(5000);
    return (simulation.packets - packets) / nodes / 3;
  }

  it("at rest costs a node as many packets with 8, 64 and 512 members", () => {
    const [few, some, many] = [8, 64, 512].map(packetsAtRest) as [number, number, number];
    const beats = (watcherCount * 1000) / defaultBeatMs;
    assert.ok(
      few >= beats - 2 && few < beats + 7,
      `${few} packets a second, ${beats} of them beats`,
    );
    assert.ok(Math.abs(some - few) < 2, `${some} with 64, ${few} with 8`);
    assert.ok(Math.abs(many - few) < 2, `${many} with 512, ${few} with 8`);
  });

  it("of 1000 members moves the addresses of a dead one within the bound", () => {
    const simulation = new RingSimulation({ seed: 1000, nodes: 1000, transcriptLines: 0 });
    simulation.startComplete();
    simulation.run(500);
    const properties = new RingProperties(
      simulation,
      3,
      bounds({ kind: "ours", loss: 0, late: 0, delayMs: [0, 1] }),
    );
    properties.checkOwners();
    properties.begin();
    const owner = properties.ownerOf(0)!;
    properties.faultBegins([owner], 2);
    simulation.kill(owner);
    simulation.run(500 + takeoverMs);
    properties.checkOwners();
    properties.checkMostViews();
    assert.deepEqual(properties.failures, []);
    assert.equal(properties.deaths, 999);
    const { longestUnownedMs } = properties;
    const quickestMs = shortestSilenceMs(defaultBeatMs) - defaultBeatMs;
    assert.ok(longestUnownedMs > quickestMs && longestUnownedMs < takeoverMs);
  });
});
