import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Config } from "../config/index.ts";
import { advertisement, configOf, poolOf } from "./layer2-config.ts";
import { takeoverMs } from "./ring-bounds.ts";
import { RingSimulation, type SimulationOptions } from "./ring-simulation.ts";
import { seededRandom } from "./seeded-random.ts";
import { simulatedService, SimulatedSpeakers } from "./simulated-speakers.ts";

const prefixes = ["10.9.0.0/16", "2001:db8::/64"];
const sticky = configOf(poolOf("lan", prefixes, [advertisement({ preempt: false })]));
const spread = configOf(poolOf("lan", prefixes, [advertisement({ spread: "bounded" })]));
const spreadAndSticky = configOf(
  poolOf("lan", prefixes, [advertisement({ spread: "bounded", preempt: false })]),
);
const plain = configOf(poolOf("lan", prefixes));
/** From the last thing that happens to one owner for each address that all agree upon. */
const agreedMs = 1000 + takeoverMs;

interface Wish extends Partial<SimulationOptions> {
  readonly config?: Config;
  readonly services?: number;
  /** Of every second Service. */
  readonly externalTrafficPolicy?: "Local";
}

function speakersOf(nodes: number, wish: Wish = {}): SimulatedSpeakers {
  const { config = sticky, services = 40, externalTrafficPolicy, stockFrom, ...options } = wish;
  const simulation = new RingSimulation({ seed: 1, nodes, transcriptLines: 0, ...options });
  return new SimulatedSpeakers(simulation, config, {
    services: Array.from({ length: services }, (_, index) => {
      const isLocal = externalTrafficPolicy !== undefined && index % 2 === 0;
      return simulatedService(index, isLocal ? { externalTrafficPolicy } : {});
    }),
    ...(stockFrom !== undefined && { stockFrom }),
  });
}

/** Owner by Service, where there is exactly one. */
function ownersIn(speakers: SimulatedSpeakers): Record<string, string> {
  assert.deepEqual(speakers.wronglyOwned(), []);
  return Object.fromEntries([...speakers.owners()].map(([key, [name]]) => [key, name!]));
}

function of(owners: Record<string, string>, name: string): string[] {
  return Object.keys(owners).filter((key) => owners[key] === name);
}

const others = (count: number, index: number): number[] =>
  Array.from({ length: count }, (_, other) => other).filter((other) => other !== index);

describe("a ring whose owners keep their addresses", () => {
  it("begins in MetalLB's order, also where its speakers start one after another", () => {
    const [kept, ordered] = [speakersOf(5), speakersOf(5, { config: plain })];
    kept.startAll(5000);
    ordered.startAll();
    assert.deepEqual(ownersIn(kept), ownersIn(ordered));
  });

  for (const how of ["kill", "leave"] as const) {
    it(`gives nothing back to a node that returns after a ${how}`, () => {
      const speakers = speakersOf(5);
      speakers.startAll();
      const { simulation } = speakers;
      const before = ownersIn(speakers);
      assert.ok(of(before, "node2").length > 0);
      simulation[how](2);
      simulation.run(simulation.nowMs + 5000);
      const without = ownersIn(speakers);
      assert.equal(of(without, "node2").length, 0);
      for (const key of Object.keys(before)) {
        if (before[key] !== "node2") assert.equal(without[key], before[key]);
      }
      speakers.start(2, others(5, 2));
      simulation.run(simulation.nowMs + 10_000);
      assert.deepEqual(ownersIn(speakers), without);
      // Without the annotation they go back.
      const ordered = speakersOf(5, { config: plain });
      ordered.startAll();
      ordered.simulation[how](2);
      ordered.simulation.run(ordered.simulation.nowMs + 5000);
      ordered.start(2, others(5, 2));
      ordered.simulation.run(ordered.simulation.nowMs + 10_000);
      assert.deepEqual(ownersIn(ordered), before);
    });
  }

  it("gives nothing back to a node that died while the ring was young, and goes by the order for new Services", () => {
    const speakers = speakersOf(5);
    const { simulation } = speakers;
    for (const { index } of simulation.nodes) {
      simulation.at(index * 60, () => speakers.start(index, [0, 1, 2]));
    }
    simulation.run(5000);
    const before = ownersIn(speakers);
    assert.ok(of(before, "node2").length > 0);
    simulation.kill(2);
    simulation.run(simulation.nowMs + 3000);
    const without = ownersIn(speakers);
    speakers.start(2, others(5, 2));
    simulation.run(simulation.nowMs + 5000);
    assert.deepEqual(ownersIn(speakers), without);
    const service = simulatedService(40);
    const key = `shop/${service.metadata.name}`;
    speakers.tell({ kind: "endpoints", key, endpoints: [{ isReady: true, canServe: true }] });
    speakers.tell({ kind: "service", key, service });
    simulation.run(simulation.nowMs + 1000);
    const ordered = speakersOf(5, { config: plain, services: 41 });
    ordered.startAll();
    assert.equal(ownersIn(speakers)[key], ownersIn(ordered)[key]);
  });

  it("gives nothing back to a node that may announce again", () => {
    const speakers = speakersOf(4);
    speakers.startAll();
    const { simulation } = speakers;
    const before = ownersIn(speakers);
    const labels = { "node.kubernetes.io/exclude-from-external-load-balancers": "" };
    speakers.tell({ kind: "node", name: "node1", node: { metadata: { name: "node1", labels } } });
    simulation.run(simulation.nowMs + 2000);
    const without = ownersIn(speakers);
    assert.equal(of(without, "node1").length, 0);
    speakers.tell({ kind: "node", name: "node1", node: { metadata: { name: "node1" } } });
    simulation.run(simulation.nowMs + 2000);
    assert.deepEqual(ownersIn(speakers), without);
    assert.notDeepEqual(without, before);
  });

  it("moves nothing but the addresses of a node that was cut off for a while", () => {
    const speakers = speakersOf(5);
    speakers.startAll();
    const { simulation } = speakers;
    const before = ownersIn(speakers);
    simulation.partition([3]);
    simulation.run(simulation.nowMs + 120_000);
    simulation.heal();
    simulation.run(simulation.nowMs + agreedMs);
    const after = ownersIn(speakers);
    for (const key of Object.keys(before)) {
      if (before[key] !== "node3") assert.equal(after[key], before[key]);
    }
    assert.equal(of(after, "node3").length, 0);
  });

  it("goes by the order alone while a stock speaker is in it, and says so on its Node", () => {
    const speakers = speakersOf(4, { stockFrom: 3 });
    const { simulation } = speakers;
    for (const index of [0, 1, 2])
      simulation.at(index * 60, () => speakers.start(index, [0, 1, 2]));
    simulation.run(45_000);
    simulation.kill(0);
    simulation.run(simulation.nowMs + 5000);
    speakers.start(0, [1, 2]);
    simulation.run(simulation.nowMs + 5000);
    assert.equal(of(ownersIn(speakers), "node0").length, 0);
    assert.deepEqual(
      speakers.log.filter(({ kind }) => kind === "record-event").filter(isAboutOrder),
      [],
    );
    speakers.start(3, [0, 1, 2]);
    simulation.run(simulation.nowMs + 5000);
    const ordered = speakersOf(4, { config: plain });
    ordered.startAll();
    assert.deepEqual(ownersIn(speakers), ownersIn(ordered));
    const told = speakers.log.filter(isAboutOrder);
    assert.deepEqual(
      told.map(
        (one) => one.kind === "record-event" && [one.note.object.kind, one.note.object.name],
      ),
      [["Node", "node3"]],
    );
  });

  it("costs a ring without the annotation nothing, not a byte", () => {
    const [kept, ordered] = [speakersOf(5, { services: 0 }), speakersOf(5, { config: plain })];
    for (const speakers of [kept, ordered]) speakers.startAll();
    assert.equal(kept.simulation.bytes, ordered.simulation.bytes);
    assert.equal(kept.simulation.packets, ordered.simulation.packets);
  });
});

describe("a ring whose addresses are spread", () => {
  it("has even shares at once, after a death and after a return, and moves what that needs", () => {
    const speakers = speakersOf(5, { config: spread, services: 43 });
    speakers.startAll();
    const { simulation } = speakers;
    assert.deepEqual(speakers.shares(), [9, 9, 9, 8, 8]);
    const before = ownersIn(speakers);
    // Not far from MetalLB's order.
    const ordered = speakersOf(5, { config: plain, services: 43 });
    ordered.startAll();
    assert.ok(differences(before, ownersIn(ordered)) <= 43 / 2);
    simulation.kill(1);
    simulation.run(simulation.nowMs + 5000);
    const without = ownersIn(speakers);
    assert.deepEqual(speakers.shares(), [11, 11, 11, 10]);
    assert.equal(differences(before, without), of(before, "node1").length);
    speakers.start(1, others(5, 1));
    simulation.run(simulation.nowMs + 5000);
    const after = ownersIn(speakers);
    assert.deepEqual(speakers.shares(), [9, 9, 9, 8, 8]);
    assert.equal(differences(without, after), of(after, "node1").length);
    const wanted = Object.keys(after).length;
    simulation.run(simulation.nowMs + 60_000);
    assert.deepEqual(ownersIn(speakers), after);
    assert.equal(wanted, 43);
  });

  it("spreads new Services and what a death leaves, and moves nothing to a node that returns where owners keep", () => {
    const speakers = speakersOf(4, { config: spreadAndSticky, services: 40 });
    speakers.startAll();
    const { simulation } = speakers;
    assert.deepEqual(speakers.shares(), [10, 10, 10, 10]);
    simulation.kill(2);
    simulation.run(simulation.nowMs + 5000);
    assert.deepEqual(speakers.shares(), [14, 13, 13]);
    const without = ownersIn(speakers);
    speakers.start(2, others(4, 2));
    simulation.run(simulation.nowMs + 5000);
    assert.deepEqual(ownersIn(speakers), without);
    for (let index = 40; index < 44; index++) {
      const service = simulatedService(index);
      const key = `shop/${service.metadata.name}`;
      const endpoints = [{ nodeName: "node0", isReady: true, canServe: true }];
      speakers.tell({ kind: "endpoints", key, endpoints });
      speakers.tell({ kind: "service", key, service });
    }
    simulation.run(simulation.nowMs + 3000);
    assert.equal(of(ownersIn(speakers), "node2").length, 4);
  });
});

describe("a ring whose addresses are spread, where one speaker's watch of the API is stuck", () => {
  for (const owner of ["node0", "node3"]) {
    for (const count of [1, 4, 8]) {
      it(`loses no address and moves ever fewer after ${count} Services of ${owner} were deleted that node3 still sees`, () => {
        const speakers = speakersOf(4, { config: spread, services: 41 });
        speakers.startAll();
        const { simulation } = speakers;
        const deleted = of(ownersIn(speakers), owner).slice(0, count);
        for (const key of deleted) {
          speakers.tell({ kind: "service", key, service: undefined }, new Set([3]));
        }
        const nobody = new Set<string>();
        const watch = (forMs: number): void => {
          const untilMs = simulation.nowMs + forMs;
          while (simulation.nowMs < untilMs) {
            simulation.run(simulation.nowMs + 10);
            for (const [key, names] of speakers.owners()) if (names.length === 0) nobody.add(key);
          }
        };
        watch(20_000);
        const { moves } = speakers;
        watch(60_000);
        assert.deepEqual([...nobody], []);
        assert.ok(speakers.moves - moves <= 4, `${speakers.moves - moves} moves`);
        assert.deepEqual(speakers.wronglyOwned(), []);
        // It sees them end at last.
        for (const key of deleted) speakers.tell({ kind: "service", key, service: undefined });
        simulation.run(simulation.nowMs + 65_000);
        assert.deepEqual(speakers.wronglyOwned(), []);
        const shares = speakers.shares();
        assert.ok(shares[0]! - shares.at(-1)! <= 1, shares.join());
      });
    }
  }
});

function differences(a: Record<string, string>, b: Record<string, string>): number {
  return Object.keys(a).filter((key) => a[key] !== b[key]).length;
}

function isAboutOrder(one: SimulatedSpeakers["log"][number]): boolean {
  return one.kind === "record-event" && one.note.reason === "OwnershipByOrderOnly";
}

const histories = 12;

describe("rings whose owners are claimed, under random faults", () => {
  const kinds = {
    "keep their addresses": { config: sticky },
    "are spread": { config: spread },
    "do both": { config: spreadAndSticky },
    "are spread, not all over all nodes": { config: spread, externalTrafficPolicy: "Local" },
    "do both, not all over all nodes": { config: spreadAndSticky, externalTrafficPolicy: "Local" },
  } as const;
  for (const [kind, wish] of Object.entries(kinds)) {
    it(`have one owner for each address soon after, where they ${kind}, in ${histories} histories`, () => {
      for (let seed = 1; seed <= histories; seed++) {
        const random = seededRandom(seed);
        const nodes = 3 + Math.floor(random() * 4);
        const speakers = speakersOf(nodes, { seed, services: 12, ...wish });
        speakers.startAll();
        const { simulation } = speakers;
        simulation.network.loss = random() < 0.5 ? 0 : 0.05;
        for (let episode = 0; episode < 4; episode++) {
          const what = disturb(speakers, random);
          simulation.run(simulation.nowMs + agreedMs + 1500);
          const where = `seed ${seed}, episode ${episode}: ${what}`;
          assert.deepEqual(speakers.wronglyOwned(), [], where);
          const shares = speakers.shares();
          if (wish.config === spread)
            assert.ok(shares[0]! - shares.at(-1)! <= 1, `${where}: ${shares.join()}`);
        }
      }
    });
  }
});

/** One or two faults, over when this returns. */
function disturb(speakers: SimulatedSpeakers, random: () => number): string {
  const { simulation } = speakers;
  const count = simulation.nodes.length;
  const index = Math.floor(random() * count);
  const downMs = 500 + random() * 8000;
  const kind = ["kill", "leave", "partition", "pause", "two"][Math.floor(random() * 5)]!;
  const startMs = simulation.nowMs;
  if (kind === "partition") {
    const group = simulation.nodes.map((node) => node.index).filter(() => random() < 0.5);
    simulation.partition(group);
    simulation.run(startMs + downMs * 4);
    simulation.heal();
    // Gossip alone finds some of the dead, and takes as long to forgive.
    simulation.run(simulation.nowMs + 1500);
  } else if (kind === "pause") {
    simulation.pause(index, downMs);
    simulation.run(startMs + downMs);
  } else {
    const second = (index + 1) % count;
    const gone = kind === "two" ? [index, second] : [index];
    for (const one of gone) {
      if (kind === "leave") simulation.leave(one);
      else simulation.kill(one);
    }
    simulation.run(startMs + 1500 + downMs);
    for (const one of gone) speakers.start(one, others(count, one));
  }
  return `${kind} of node${index} for ${downMs.toFixed(0)} ms`;
}
