/**
 * Spreads addresses evenly over the nodes that may announce them, and moves none that need not move: a pure function of
 * what all speakers know, so that all come to the same. As long as an address can go, straight or by way of others,
 * from a node to one that has at least two fewer, one goes; then no spread is more even. What could stay is taken back.
 */

import { giveOne, type Group, groupsOf, type SpreadAddress } from "./spread-groups.ts";
import { takeBackMoves } from "./spread-moves.ts";

/** Owner by address. Of equal nodes the first by name receives, and the last by name gives. */
export function spreadAddresses(addresses: Iterable<SpreadAddress>): ReadonlyMap<string, string> {
  const groups = groupsOf(addresses);
  takeBackMoves(groups, new Balance(groups).settle());
  const owners = new Map<string, string>();
  for (const group of groups) assign(group, owners);
  return owners;
}

interface Step {
  readonly from: string;
  readonly by: Group;
}

/** How many addresses each node has, and which one more could go where. */
class Balance {
  readonly #loads = new Map<string, number>();
  /** By node: groups of which it may give. */
  readonly #groups = new Map<string, Set<Group>>();
  readonly #donors: Set<string>;

  constructor(groups: readonly Group[]) {
    for (const group of groups) {
      for (const name of group.candidates) {
        this.#loads.set(name, (this.#loads.get(name) ?? 0) + (group.count.get(name) ?? 0));
      }
      for (const name of group.movable.keys()) this.#groupsOf(name).add(group);
    }
    this.#donors = new Set([...this.#loads.keys()].sort().reverse());
  }

  /** The result is how many each node has then. */
  settle(): Map<string, number> {
    for (let donor = this.#fullest(); donor !== undefined; donor = this.#fullest()) {
      const reached = new Map<string, Step>();
      const target = this.#search(donor, reached);
      if (target !== undefined) this.#move(donor, target, reached);
      // Nobody whom it could give to, over however many, has fewer; and none of these ever will.
      else for (const name of [donor, ...reached.keys()]) this.#donors.delete(name);
    }
    return this.#loads;
  }

  /** Of equal ones the last by name. */
  #fullest(): string | undefined {
    let fullest: string | undefined;
    for (const name of this.#donors) {
      if (fullest === undefined || this.#load(name) > this.#load(fullest)) fullest = name;
    }
    return fullest;
  }

  /** The nearest node with two fewer; of equally near ones the emptiest. `reached`: how one came to each node. */
  #search(donor: string, reached: Map<string, Step>): string | undefined {
    const most = this.#load(donor) - 2;
    const asked = new Set<Group>();
    let front = [donor];
    while (front.length > 0) {
      const next = front.flatMap((from) => this.#reach(from, donor, { asked, reached }));
      const fit = next.filter((name) => this.#load(name) <= most).sort();
      if (fit.length > 0) return fit.reduce((a, b) => (this.#load(b) < this.#load(a) ? b : a));
      front = next;
    }
    return undefined;
  }

  #reach(
    from: string,
    donor: string,
    { asked, reached }: { readonly asked: Set<Group>; readonly reached: Map<string, Step> },
  ): string[] {
    const names: string[] = [];
    for (const by of this.#groupsOf(from)) {
      if (asked.has(by)) continue;
      asked.add(by);
      for (const name of by.candidates) {
        if (name === donor || reached.has(name)) continue;
        reached.set(name, { from, by });
        names.push(name);
      }
    }
    return names;
  }

  #move(donor: string, target: string, reached: ReadonlyMap<string, Step>): void {
    this.#loads.set(donor, this.#load(donor) - 1);
    this.#loads.set(target, this.#load(target) + 1);
    for (let to = target; to !== donor;) {
      const { from, by } = reached.get(to)!;
      giveOne(by, from, to);
      this.#groupsOf(to).add(by);
      if (by.movable.get(from) === 0) this.#groupsOf(from).delete(by);
      to = from;
    }
  }

  #load(name: string): number {
    return this.#loads.get(name) ?? 0;
  }

  #groupsOf(name: string): Set<Group> {
    const known = this.#groups.get(name);
    if (known !== undefined) return known;
    const groups = new Set<Group>();
    this.#groups.set(name, groups);
    return groups;
  }
}

/**
 * Which ones go: those that nobody claims before others, the last ones first. They go in order to the nodes in order, so
 * that whoever claims one of them changes nothing about the others.
 */
function assign({ candidates, at, count }: Group, owners: Map<string, string>): void {
  const moving: string[] = [];
  for (const [name, there] of at) {
    const stay = count.get(name) ?? 0;
    for (const [index, { address }] of there.sort(staysBefore).entries()) {
      if (index < stay) owners.set(address, name);
      else moving.push(address);
    }
  }
  moving.sort();
  let next = 0;
  for (const name of candidates) {
    const missing = (count.get(name) ?? 0) - (at.get(name)?.length ?? 0);
    for (let index = 0; index < missing; index++) owners.set(moving[next++]!, name);
  }
}

function staysBefore(a: SpreadAddress, b: SpreadAddress): number {
  const rank = ({ isFixed, isClaimed }: SpreadAddress): number => (isFixed ? 0 : isClaimed ? 1 : 2);
  return rank(a) - rank(b) || (a.address < b.address ? -1 : 1);
}
