/** Where a service that shares may join others, without asking at each of their addresses. */
import { LowestFirst } from "./lowest-first.ts";
import { sharingIdentity, type Sharer, type SharingTerms } from "./sharing.ts";

/** Addresses on which the same ports are taken: they are all equally good, so the lowest wins. */
interface Group {
  readonly ports: readonly string[];
  readonly addresses: LowestFirst;
}

export class SharedAddresses {
  /** By sharing identity, then by the text of the ports taken. */
  readonly #groups = new Map<string, Map<string, Group>>();

  /** The lowest address whose holders have the claimant's keys and leave it its ports. */
  lowestFor(claim: SharingTerms): bigint | undefined {
    const identity = sharingIdentity(claim);
    if (identity === undefined) return undefined;
    let best: bigint | undefined;
    for (const { ports, addresses } of this.#groups.get(identity)?.values() ?? []) {
      if (ports.some((port) => claim.ports.includes(port))) continue;
      const lowest = addresses.lowest();
      if (lowest !== undefined && (best === undefined || lowest < best)) best = lowest;
    }
    return best;
  }

  /** Files the address under its present holders instead of the former ones. */
  move(value: bigint, before: readonly Sharer[], after: readonly Sharer[]): void {
    this.#remove(value, before);
    this.#add(value, after);
  }

  #add(value: bigint, holders: readonly Sharer[]): void {
    const identity = holders[0] && sharingIdentity(holders[0]);
    if (identity === undefined) return;
    const ports = portsOf(holders);
    const groups = this.#groups.get(identity) ?? new Map<string, Group>();
    this.#groups.set(identity, groups);
    const group = groups.get(ports.join()) ?? { ports, addresses: new LowestFirst() };
    groups.set(ports.join(), group);
    group.addresses.add(value);
  }

  #remove(value: bigint, holders: readonly Sharer[]): void {
    const identity = holders[0] && sharingIdentity(holders[0]);
    const groups = identity === undefined ? undefined : this.#groups.get(identity);
    if (identity === undefined || groups === undefined) return;
    const key = portsOf(holders).join();
    const group = groups.get(key);
    group?.addresses.delete(value);
    if (group?.addresses.size === 0) groups.delete(key);
    if (groups.size === 0) this.#groups.delete(identity);
  }
}

function portsOf(holders: readonly Sharer[]): string[] {
  return holders.flatMap(({ ports }) => ports).sort();
}
