/** Random histories of a ring: its size, its network, and what goes wrong when. All from one seed. */

import { seededRandom } from "./seeded-random.ts";

/** `ours`: all members beat; `mixed`: some do; `stock`: none does. */
export type RingKind = "ours" | "mixed" | "stock";

/**
 * A process ends, and starts again after so long, or not: without a word; with a goodbye; without a word, and starts
 * at a new address; without a word, while somebody sends again what it sent.
 */
export interface Stop {
  readonly kind: "kill" | "leave" | "move" | "replay";
  readonly node: number;
  readonly downMs: number | undefined;
  /** What its wall clock has gained when it starts again. */
  readonly clockMs: number;
}

export type Fault =
  | Stop
  /** `link`: to the LAN of the clients; gossip goes on. Only where it is wished for. */
  | { readonly kind: "pause" | "jump" | "link"; readonly node: number; readonly ms: number }
  | { readonly kind: "partition"; readonly group: readonly number[]; readonly ms: number }
  | { readonly kind: "one-way"; readonly from: number; readonly to: number; readonly ms: number }
  | { readonly kind: "start"; readonly node: number };

type FaultKind = Exclude<Fault["kind"], "start">;

export interface PlannedFault {
  /** After the start of its episode. */
  readonly afterMs: number;
  readonly fault: Fault;
}

export interface FaultPlan {
  readonly seed: number;
  readonly kind: RingKind;
  readonly nodes: number;
  readonly stockFrom: number;
  readonly addresses: number;
  readonly loss: number;
  readonly duplicates: number;
  /** The share of packets that come so late that others overtake them. */
  readonly late: number;
  readonly delayMs: readonly [number, number];
  /** Nodes that come in later, by a fault "start". */
  readonly lateFrom: number;
  readonly episodes: readonly (readonly PlannedFault[])[];
}

/** Whether links fail apart from their nodes. */
export function hasLinkFaults({ episodes }: FaultPlan): boolean {
  return episodes.some((faults) => faults.some(({ fault }) => fault.kind === "link"));
}

type Random = () => number;

const anyFault: readonly FaultKind[] = [
  "kill",
  "kill",
  "leave",
  "move",
  "replay",
  "pause",
  "pause",
  "jump",
  "partition",
  "one-way",
];
const losses = [0, 0, 0, 0, 0, 0.02, 0.02, 0.05, 0.1];
/** Among stock members some healthy one is called dead now and then where so much is lost. */
const highestLoss = 0.3;
const hourMs = 3_600_000;
/** Nobody has another address, and a process there, sooner. */
const movingMs = 3000;
const delays: readonly (readonly [number, number])[] = [
  [0.1, 1],
  [0.1, 1],
  [0.5, 5],
  [1, 30],
];

/** Only histories of that kind, or of that size. */
export interface PlanWishes {
  readonly kind?: RingKind;
  readonly nodes?: number;
  readonly delayMs?: readonly [number, number];
  readonly loss?: number;
  /** Only faults of these kinds. */
  readonly faults?: readonly FaultKind[];
}

export function planFaults(seed: number, wishes: PlanWishes = {}): FaultPlan {
  const random = seededRandom(Math.imul(seed, 2_654_435_761) ^ 0x5eed);
  const kinds = ["ours", "ours", "ours", "ours", "mixed", "stock"] as const;
  const [anyKind, anySize] = [oneOf(kinds, random), oneOf([3, 3, 4, 5, 5, 6, 7, 9], random)];
  const { kind = anyKind, nodes = anySize } = wishes;
  const isLate = random() < 0.2 && nodes > 3;
  const lateFrom = isLate ? nodes - 1 : nodes;
  const episodes = planEpisodes({
    kind,
    nodes,
    lateFrom,
    random,
    faults: wishes.faults ?? anyFault,
  });
  const stockFrom = kind === "ours" ? nodes : kind === "stock" ? 0 : 1 + below(nodes - 1, random);
  return {
    seed,
    kind,
    nodes,
    stockFrom,
    addresses: 3,
    loss: wishes.loss ?? lossOf(kind, random),
    duplicates: oneOf([0, 0, 0.05], random),
    late: oneOf([0, 0, 0, 0.02], random),
    delayMs: wishes.delayMs ?? oneOf(delays, random),
    lateFrom,
    episodes,
  };
}

function lossOf(kind: RingKind, random: Random): number {
  return oneOf(kind === "ours" ? [...losses, highestLoss] : losses, random);
}

/** In plain words, one line a fault. */
export function describePlan(plan: FaultPlan): string {
  const { seed, kind, nodes, stockFrom, loss, duplicates, late, delayMs } = plan;
  const stock = kind === "mixed" ? `, stock from node${stockFrom}` : "";
  const head =
    `seed ${seed}: ${nodes} nodes (${kind}${stock}), loss ${loss * 100} %, ` +
    `duplicates ${duplicates * 100} %, late ${late * 100} %, delay ${delayMs.join(" to ")} ms`;
  const lines = plan.episodes.flatMap((faults, at) =>
    faults.map(({ afterMs, fault }) => `  ${at + 1}: +${afterMs.toFixed(0)} ms ${words(fault)}`),
  );
  return [head, ...lines].join("\n");
}

function words(fault: Fault): string {
  return Object.entries(fault)
    .map(([key, value]) => {
      if (key === "kind") return String(value);
      return `${key} ${typeof value === "number" ? Math.round(value) : String(value)}`;
    })
    .join(", ");
}

interface Draft {
  readonly kind: RingKind;
  readonly nodes: number;
  readonly lateFrom: number;
  readonly random: Random;
  readonly faults: readonly FaultKind[];
}

/** Never are so many in a fault, or down, that the others are no majority. */
function planEpisodes({ kind, nodes, lateFrom, random, faults: kinds }: Draft): PlannedFault[][] {
  const count = kind === "ours" ? 2 + below(3, random) : 1 + below(2, random);
  const most = Math.floor((nodes - 1) / 2);
  const down = new Set<number>();
  for (let index = lateFrom; index < nodes; index++) down.add(index);
  return Array.from({ length: count }, () => {
    const up = shuffledNumbers(nodes, random).filter((index) => !down.has(index));
    const back = [...down].filter(() => random() < 0.5);
    const room = Math.max(0, most - down.size);
    const victims = up.slice(0, Math.min(room, 1 + below(2, random)));
    const faults: PlannedFault[] = back.map((node) => {
      return { afterMs: random() * 500, fault: { kind: "start", node } };
    });
    if (victims.length > 1 && random() < 0.4 && kinds.includes("partition")) {
      faults.push({ afterMs: 0, fault: partitionOf(victims, kind, random) });
    } else {
      for (const node of victims) faults.push(planFault(node, { kind, up, random, kinds }, down));
    }
    // Not before: what comes back in this episode still counts as down in it.
    for (const node of back) down.delete(node);
    return faults;
  });
}

function partitionOf(group: readonly number[], kind: RingKind, random: Random): Fault {
  return { kind: "partition", group, ms: lengthMs(kind, random) };
}

/** From a moment to longer than any verdict. */
function lengthMs(kind: RingKind, random: Random): number {
  const longest = kind === "ours" ? 5000 : 40_000;
  return 60 * (longest / 60) ** random();
}

interface Around {
  readonly kind: RingKind;
  readonly up: readonly number[];
  readonly random: Random;
  readonly kinds: readonly FaultKind[];
}

function planFault(
  node: number,
  { kind, up, random, kinds }: Around,
  down: Set<number>,
): PlannedFault {
  const afterMs = random() * 1500;
  const isGone = random() < 0.4;
  const returnMs = 50 * 60 ** random();
  const downMs = isGone ? undefined : returnMs;
  const clockMs = oneOf([0, 0, 0, hourMs, -hourMs], random);
  const ms = lengthMs(kind, random);
  const which = oneOf(kinds, random);
  switch (which) {
    case "kill":
    case "leave":
    case "replay":
      if (isGone) down.add(node);
      return { afterMs, fault: { kind: which, node, downMs, clockMs } };
    case "move":
      return { afterMs, fault: { kind: which, node, downMs: movingMs + returnMs, clockMs } };
    case "pause":
    case "jump":
    case "link":
      return { afterMs, fault: { kind: which, node, ms } };
    case "partition":
      return { afterMs, fault: { kind: "partition", group: [node], ms } };
    default: {
      const to = up[up.length - 1]!;
      return { afterMs, fault: { kind: "one-way", from: node, to, ms } };
    }
  }
}

function below(count: number, random: Random): number {
  return Math.floor(random() * count);
}

function oneOf<T>(choices: readonly T[], random: Random): T {
  return choices[below(choices.length, random)]!;
}

function shuffledNumbers(count: number, random: Random): number[] {
  const numbers = Array.from({ length: count }, (_, index) => index);
  return numbers
    .map((number) => ({ number, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ number }) => number);
}
