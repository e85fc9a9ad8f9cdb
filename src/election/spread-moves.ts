/**
 * Takes back the moves that an even spread does not need. Where not every node may announce every address there are many
 * spreads that are as even, and the search for one may end at one that moves more addresses than another. What can be
 * saved is a cycle: addresses go from node to node around it, back to where they were as far as possible, and every node
 * has as many as before, or two that differ by one change places. While a cycle saves something, addresses go around it;
 * then no spread that is as even moves fewer (the cycles of negative cost in the residual network of a flow).
 */

import { giveOne, type Group } from "./spread-groups.ts";

/** Of a claimed address, and of one that nobody claims: among equally few moves those of the latter are preferred. */
const claimedCost = 0x10001;
const unclaimedCost = 0x10000;

/** `loads`: how many addresses each node has in all. */
export function takeBackMoves(groups: readonly Group[], loads: ReadonlyMap<string, number>): void {
  if (groups.length < 2 || !groups.some(hasMoved)) return;
  const network = new Residual(groups, loads);
  for (let cycles = network.savingCycles(); cycles.length > 0; cycles = network.savingCycles()) {
    for (const cycle of cycles) network.goAround(cycle);
  }
}

function hasMoved({ at, count }: Group): boolean {
  return [...at].some(([name, there]) => (count.get(name) ?? 0) < there.length);
}

/** Around a cycle: node, group, node: the first gives one of the group to the other. Node, load, node: these two swap loads. */
interface Arc {
  from: number;
  to: number;
  /** Infinity: not now. */
  cost: number;
}

/** A node as a candidate of a group. */
interface Place {
  readonly group: Group;
  readonly name: string;
  readonly gives: Arc;
  readonly takes: Arc;
}

/** One vertex for each node, for each group, and for each load that a node may have. */
class Residual {
  readonly #arcs: Arc[] = [];
  readonly #places = new Map<Arc, Place>();
  /** From a node to the load of those that have one more, and to the node from its own load. */
  readonly #loadArcs: (readonly [Arc, Arc])[];
  readonly #distances: Float64Array;

  constructor(groups: readonly Group[], loads: ReadonlyMap<string, number>) {
    const names = [...loads.keys()].sort();
    const indexOf = new Map(names.map((name, index) => [name, index]));
    for (const [index, group] of groups.entries()) {
      const hub = names.length + index;
      for (const name of group.candidates) {
        const node = indexOf.get(name)!;
        const place = {
          group,
          name,
          gives: this.#arc(node, hub),
          takes: this.#arc(hub, node),
        };
        this.#places.set(place.gives, place).set(place.takes, place);
        price(place);
      }
    }
    const none = names.length + groups.length;
    this.#loadArcs = names.map((name, node) => {
      const own = none + loads.get(name)!;
      return [this.#arc(node, own + 1), this.#arc(own, node)];
    });
    this.#distances = new Float64Array(none + Math.max(...loads.values()) + 2);
  }

  #arc(from: number, to: number): Arc {
    const arc = { from, to, cost: 0 };
    this.#arcs.push(arc);
    return arc;
  }

  /**
   * Cycles without a vertex in common, each of which saves something; none: nothing can be saved. Bellman and Ford's
   * search, which goes on from the distances that it had before.
   */
  savingCycles(): Arc[][] {
    const distances = this.#distances;
    const cameBy = Array.from<Arc | undefined>({ length: distances.length });
    for (let isNew = true; isNew;) {
      isNew = false;
      for (const arc of this.#arcs) {
        const distance = distances[arc.from]! + arc.cost;
        if (distance >= distances[arc.to]!) continue;
        distances[arc.to] = distance;
        cameBy[arc.to] = arc;
        isNew = true;
      }
      const cycles = isNew ? cyclesAmong(cameBy) : [];
      if (cycles.length > 0) return cycles;
    }
    return [];
  }

  goAround(cycle: readonly Arc[]): void {
    for (const [index, arc] of cycle.entries()) {
      const next = cycle[(index + 1) % cycle.length]!;
      const [giver, taker] = [this.#places.get(arc), this.#places.get(next)];
      if (giver?.gives === arc && taker !== undefined) {
        giveOne(giver.group, giver.name, taker.name);
        price(giver);
        price(taker);
      } else if (arc === this.#loadArcs[arc.from]?.[0]) this.#swapLoads(arc.from, next.to);
    }
  }

  /** `more` has one more than `fewer`, which gets it. */
  #swapLoads(fewer: number, more: number): void {
    for (const [node, change] of [
      [fewer, 1],
      [more, -1],
    ] as const) {
      const [up, own] = this.#loadArcs[node]!;
      up.to += change;
      own.from += change;
    }
  }
}

/** What it costs to give one more, and what it saves to take one: nothing where that is one that came before. */
function price({ group, name, gives, takes }: Place): void {
  const before = group.at.get(name) ?? [];
  const gone = before.length - (group.count.get(name) ?? 0);
  const unclaimed = before.filter(({ isClaimed }) => !isClaimed).length;
  const costOf = (nth: number): number => (nth <= unclaimed ? unclaimedCost : claimedCost);
  const canGive = (group.movable.get(name) ?? 0) > 0;
  gives.cost = canGive ? (gone < 0 ? 0 : costOf(gone + 1)) : Infinity;
  takes.cost = gone > 0 ? -costOf(gone) : 0;
}

/** `cameBy`: by vertex, the arc by which the shortest way so far comes to it. */
function cyclesAmong(cameBy: readonly (Arc | undefined)[]): Arc[][] {
  const seenFrom = new Int32Array(cameBy.length).fill(-1);
  const cycles: Arc[][] = [];
  for (let start = 0; start < cameBy.length; start++) {
    let vertex = start;
    while (seenFrom[vertex] === -1 && cameBy[vertex] !== undefined) {
      seenFrom[vertex] = start;
      vertex = cameBy[vertex]!.from;
    }
    if (seenFrom[vertex] === start) cycles.push(cycleAt(vertex, cameBy));
  }
  return cycles;
}

function cycleAt(vertex: number, cameBy: readonly (Arc | undefined)[]): Arc[] {
  const cycle: Arc[] = [];
  let at = vertex;
  do {
    const arc = cameBy[at]!;
    cycle.unshift(arc);
    at = arc.from;
  } while (at !== vertex);
  return cycle;
}
