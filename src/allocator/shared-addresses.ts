/** Where a service that shares may join others, without asking at each of their addresses. */
import { LowestFirst } from "./lowest-first.ts";
import { sharingIdentity, type Sharer, type SharingTerms } from "./sharing.ts";

/** Addresses on which the same ports are taken: they are all equally good, so the lowest wins. */
interface Group {
  readonly identity: string;
  readonly ports: readonly string[];
  readonly addresses: LowestFirst;
}

export class SharedAddresses {
  /** By sharing identity, then by the text of the ports taken. */
  readonly #groups = new Map<string, Map<string, Group>>();
  /** The group of each address. */
  readonly #groupOf = new Map<bigint, Group>();

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

  /** Files the address under what its present holders share, if they do; all have the same keys. */
  file(value: bigint, holders: readonly Sharer[]): void {
    this.#remove(value);
    const identity = holders[0] && sharingIdentity(holders[0]);
    if (identity === undefined) return;
    const ports = holders.flatMap((holder) => holder.ports).sort();
    const groups = this.#groups.get(identity) ?? new Map<string, Group>();
    const group = groups.get(ports.join()) ?? { identity, ports, addresses: new LowestFirst() };
    group.addresses.add(value);
    groups.set(ports.join(), group);
    this.#groups.set(identity, groups);
    this.#groupOf.set(value, group);
  }

  #remove(value: bigint): void {
    const group = this.#groupOf.get(value);
    if (group === undefined) return;
    this.#groupOf.delete(value);
    group.addresses.delete(value);
    if (group.addresses.size > 0) return;
    const groups = this.#groups.get(group.identity);
    groups?.delete(group.ports.join());
    if (groups?.size === 0) this.#groups.delete(group.identity);
  }
}
