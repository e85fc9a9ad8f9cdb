/** Runs one planned history of a ring, and tells what of it must not have been. */

import { lanTimings } from "../memberlist/index.ts";
import type { Ring } from "../ring/index.ts";
import { linkHoldMs } from "../layer2/index.ts";
import {
  describePlan,
  type Fault,
  type FaultPlan,
  hasLinkFaults,
  type Stop,
} from "./fault-plan.ts";
import { bounds, type Bounds, forgivenPauseMs, rejoinMs } from "./ring-bounds.ts";
import { RingProperties } from "./ring-properties.ts";
import { SimulatedLinks } from "./simulated-links.ts";
import { RingSimulation } from "./ring-simulation.ts";

export interface HistoryOutcome {
  readonly seed: number;
  readonly failures: readonly string[];
  readonly simulatedMs: number;
  readonly packets: number;
  readonly deaths: number;
  readonly longestUnownedMs: number;
  /** The plan, and the last of what happened. */
  readonly transcript: string;
}

/** Nothing happens for so long after each check, and nothing may change. */
const observedMs = 1500;
/** Gossip needs two seconds or three for news in a small ring. */
const spreadMs = 2500;
/** How often one fault may move an address: away, and back; where parts of a ring are apart, in both. */
const movesPerFault = 2;
const movesApart = 4;
/** A stopped or leaving process needs so long to be gone (ML-108), and what it said to arrive. */
const goodbyeMs = 1200;
/** So long what a dead node sent is sent again: longer than any verdict among our own. */
const replayMs = 5000;

export function runHistory(plan: FaultPlan, ring?: typeof Ring): HistoryOutcome {
  const history = new History(plan, ring);
  history.run();
  const { properties, simulation } = history;
  return {
    seed: plan.seed,
    failures: properties.failures,
    simulatedMs: simulation.nowMs,
    packets: simulation.packets,
    deaths: properties.deaths,
    longestUnownedMs: properties.longestUnownedMs,
    transcript: `${describePlan(plan)}\n${simulation.transcript.text()}`,
  };
}

/** Which nodes are in a fault, for how long, and how often that may move an address. */
interface Trouble {
  readonly nodes: readonly number[];
  readonly ms: number;
  readonly moves?: number;
}

type LastingFault = Extract<Fault, { kind: "pause" | "jump" | "link" }>;

class History {
  readonly simulation: RingSimulation;
  readonly properties: RingProperties;
  readonly #plan: FaultPlan;
  readonly #bounds: Bounds;
  readonly #links: SimulatedLinks | undefined;
  readonly #up = new Set<number>();
  /** When the last fault of the episode is over. */
  #overMs = 0;
  /** Until then packets of a dead node are sent again. */
  #replayedMs = 0;
  /** There is only one fault in this episode. */
  #isCalm = false;

  constructor(plan: FaultPlan, ring?: typeof Ring) {
    const { seed, nodes, stockFrom, delayMs } = plan;
    this.#plan = plan;
    const rings = ring === undefined ? {} : { ring };
    this.simulation = new RingSimulation({ seed, nodes, stockFrom, delayMs, ...rings });
    this.#bounds = bounds(plan);
    this.#links = hasLinkFaults(plan) ? new SimulatedLinks(this.simulation) : undefined;
    this.properties = new RingProperties(
      this.simulation,
      plan.addresses,
      this.#bounds,
      this.#links,
    );
  }

  run(): void {
    this.#startAll();
    for (const faults of this.#plan.episodes) {
      if (this.properties.failures.length > 0) return;
      const startMs = this.simulation.nowMs;
      this.#overMs = startMs;
      this.#isCalm = faults.length === 1;
      this.properties.wereApart = false;
      this.properties.leavesWithoutGap = this.#isOneLeave(faults.map(({ fault }) => fault));
      for (const { afterMs, fault } of faults) {
        this.#overMs = Math.max(this.#overMs, startMs + afterMs);
        this.simulation.at(startMs + afterMs, () => this.#begin(fault));
      }
      this.#settle(startMs + 1500);
    }
    this.properties.checkMoves();
  }

  #startAll(): void {
    const { simulation } = this;
    for (const { fault } of this.#plan.episodes.flat()) {
      if (fault.kind === "replay") simulation.record(fault.node);
    }
    const { lateFrom, loss, duplicates, late } = this.#plan;
    const indices = Array.from({ length: lateFrom }, (_, index) => index);
    for (const index of indices) {
      simulation.at(index * 60, () => this.#start(index, indices));
      this.#rejoin(index);
    }
    simulation.run(1000);
    simulation.network.loss = loss;
    simulation.network.duplicates = duplicates;
    simulation.network.late = late;
    simulation.run(1000 + spreadMs);
    this.properties.checkMostViews();
    this.#overMs = 1000;
    this.#runAfterAll(this.#bounds.viewsMs);
    this.properties.checkOwners();
    this.properties.checkViews();
    this.properties.begin();
  }

  /** Waits for the end of all faults, looks whether all is well in time, and stays so. */
  #settle(earliestMs: number): void {
    const { simulation, properties } = this;
    simulation.run(earliestMs);
    const { oneOwnerMs, viewsMs } = this.#bounds;
    this.#runAfterAll(oneOwnerMs);
    properties.checkOwners();
    this.#runAfterAll(Math.max(viewsMs, oneOwnerMs));
    properties.checkOwners();
    properties.checkViews();
    properties.isQuiet = true;
    const { packets } = simulation;
    const replays = { ...simulation.replays };
    simulation.run(simulation.nowMs + observedMs);
    const answers = simulation.replays.answers - replays.answers;
    // Whoever sends recorded pings again gets an answer to each, as to any ping: that is no traffic of the ring's own.
    properties.checkTraffic(simulation.packets - packets - answers, observedMs);
    properties.checkAnswers(simulation.replays.packets - replays.packets, answers);
  }

  /** Until so long after the last fault, which may come or last longer meanwhile. */
  #runAfterAll(ms: number): void {
    const { simulation, properties } = this;
    const untilMs = (): number => Math.max(this.#overMs, properties.falseDeathMs) + ms;
    while (simulation.nowMs < untilMs()) simulation.run(untilMs());
  }

  #isOneLeave(faults: readonly Fault[]): boolean {
    return faults.length === 1 && faults[0]!.kind === "leave" && this.#plan.loss <= 0.02;
  }

  #start(index: number, others: Iterable<number>): void {
    if (this.simulation.nowMs < this.#replayedMs) {
      // Who knows nobody takes in the dead whose packets somebody sends again, and finds out by gossip's own probes.
      const turnMs = (this.#plan.nodes + 2) * lanTimings.probeIntervalMs;
      this.#overMs = Math.max(this.#overMs, this.#replayedMs + turnMs);
    }
    this.#up.add(index);
    this.simulation.start(index, [...others].slice(0, 6));
  }

  /** Once a minute the list of pods is read (ML-153). */
  #rejoin(index: number): void {
    this.simulation.at(this.simulation.nowMs + rejoinMs - 100 * index, () => {
      const node = this.simulation.node(index);
      const lost = [...this.#up].filter((other) => !node.ring.isAlive(`node${other}`));
      if (node.isUp && !node.isLeaving && lost.length > 0) this.simulation.join(index, lost);
      this.#rejoin(index);
    });
  }

  #begin(fault: Fault): void {
    switch (fault.kind) {
      case "start":
        return this.#during({ nodes: [fault.node], ms: 0 }, () =>
          this.#start(fault.node, this.#up),
        );
      case "kill":
      case "leave":
      case "move":
      case "replay":
        return this.#stop(fault);
      case "pause":
      case "jump":
        return this.#pause(fault.kind, fault);
      case "link":
        return this.#failLink(fault);
      case "partition":
        return this.#partition(fault);
      default: {
        const { from, to, ms } = fault;
        this.simulation.note(`${from} no longer reaches ${to}`);
        // Others hear it, so nobody is to die of that; with three nodes one of the others may be in a fault, too.
        const troubled = this.#plan.nodes > 3 ? [] : [from, to];
        return this.#cut(troubled, ms, () => this.simulation.cut(from, to));
      }
    }
  }

  /** It counts again only when it has been up for long. */
  #failLink({ node: index, ms }: LastingFault): void {
    const node = this.simulation.node(index);
    const set = (isUp: boolean) => () => {
      this.#links?.set(node, isUp);
      this.properties.linkChanged(node);
    };
    this.simulation.at(this.simulation.nowMs + ms, set(true));
    this.#during({ nodes: [index], ms: ms + linkHoldMs + spreadMs }, set(false));
  }

  #pause(kind: "pause" | "jump", { node, ms }: LastingFault): void {
    const isForgiven = this.#bounds.forgivesPauses && ms < forgivenPauseMs;
    const run = (): void => this.simulation[kind](node, ms);
    this.#during({ nodes: isForgiven ? [] : [node], ms: kind === "pause" ? ms : 0 }, run);
  }

  #partition({ group, ms }: Extract<Fault, { kind: "partition" }>): void {
    // With others in a fault, too, one that is stopped might seem to be gone.
    if (group.length === 1 && this.#isCalm) this.properties.isolate(group[0]!);
    this.properties.wereApart = true;
    this.#cut(group, ms, () => this.simulation.partition(group));
  }

  #cut(nodes: readonly number[], ms: number, run: () => void): void {
    // The others lose those nodes, and those nodes lose the others.
    const all = nodes.length === 0 ? [] : this.simulation.nodes.map(({ index }) => index);
    this.#during({ nodes: all, ms }, run, () => this.simulation.heal());
  }

  #stop({ kind, node, downMs, clockMs }: Stop): void {
    const { simulation } = this;
    this.#up.delete(node);
    const goneMs = kind === "leave" ? goodbyeMs : 0;
    const lastsMs = goneMs + (downMs ?? 0);
    const moves = kind === "move" ? movesApart : movesPerFault;
    this.#during(
      { nodes: [node], ms: lastsMs, moves },
      () => {
        if (kind === "leave") simulation.leave(node);
        else simulation.kill(node);
        if (kind === "replay") this.#replay(node);
      },
      () => {
        if (downMs === undefined) return;
        if (kind === "move") simulation.move(node);
        simulation.node(node).wallOffsetMs += clockMs;
        this.#start(node, this.#up);
      },
    );
    if (kind !== "move") return;
    this.#overMs = Math.max(this.#overMs, simulation.nowMs + lastsMs + this.#bounds.reclaimMs);
  }

  #replay(node: number): void {
    this.#replayedMs = this.simulation.nowMs + replayMs;
    this.simulation.replay(node, replayMs);
  }

  #during({ nodes, ms, moves }: Trouble, run: () => void, end?: () => void): void {
    const { properties, simulation } = this;
    properties.faultBegins(nodes, moves ?? (nodes.length > 1 ? movesApart : movesPerFault));
    run();
    this.#overMs = Math.max(this.#overMs, simulation.nowMs + ms);
    simulation.at(simulation.nowMs + ms, () => {
      end?.();
      properties.faultEnds(nodes);
    });
  }
}
