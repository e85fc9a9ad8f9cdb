/** Addresses that are spread, gathered by who may announce them: what decides is how many of each each node has. */

export interface SpreadAddress {
  /** Canonical text; each once. */
  readonly address: string;
  /** Who may announce it now; never empty. Addresses with the same ones share one list where that is easy. */
  readonly candidates: readonly string[];
  /** Where it is: the candidate that claims it, else the first in MetalLB's order. */
  readonly at: string;
  /** Somebody claims it: others go first. */
  readonly isClaimed: boolean;
  /** It stays where it is (`metallb-ts/preempt: "false"`). */
  readonly isFixed: boolean;
}

/** Addresses with the same candidates: only how many each node has of them matters until the end. */
export interface Group {
  /** By name. */
  readonly candidates: readonly string[];
  readonly at: Map<string, SpreadAddress[]>;
  /** By node: how many it shall have, and how many of them may still go. */
  readonly count: Map<string, number>;
  readonly movable: Map<string, number>;
}

export function groupsOf(addresses: Iterable<SpreadAddress>): Group[] {
  const byList = new Map<readonly string[], Group>();
  const byNames = new Map<string, Group>();
  for (const one of addresses) {
    const group = byList.get(one.candidates) ?? groupOf(one.candidates, byNames);
    byList.set(one.candidates, group);
    const { at, count, movable } = group;
    const there = at.get(one.at) ?? [];
    there.push(one);
    at.set(one.at, there);
    count.set(one.at, there.length);
    if (!one.isFixed) movable.set(one.at, (movable.get(one.at) ?? 0) + 1);
  }
  // In whatever order the addresses came.
  return [...byNames].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
}

function groupOf(list: readonly string[], byNames: Map<string, Group>): Group {
  const candidates = [...list].sort();
  const names = candidates.join("\n");
  const group = byNames.get(names) ?? {
    candidates,
    at: new Map(),
    count: new Map(),
    movable: new Map(),
  };
  byNames.set(names, group);
  return group;
}

/** One of the addresses that `from` may give goes to `to`. */
export function giveOne({ count, movable }: Group, from: string, to: string): void {
  add(count, from, -1);
  add(movable, from, -1);
  add(count, to, 1);
  add(movable, to, 1);
}

function add(counts: Map<string, number>, name: string, more: number): void {
  counts.set(name, (counts.get(name) ?? 0) + more);
}
