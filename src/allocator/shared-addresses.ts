/** Where a service that shares may join others, without asking at each of their addresses. */
import { LowestFirst } from "./lowest-first.ts";
import { sharingIdentity, type SharedUse, type SharingTerms } from "./sharing.ts";

/** Addresses on which the same ports are taken: they are all equally good, so the lowest wins. */
interface Group {
  readonly identity: string;
  readonly name: string;
  readonly ports: ReadonlyMap<string, string>;
  readonly addresses: LowestFirst<bigint>;
  size: number;
}

/** An address on which more ports are taken makes a group of its own: naming it by them would cost too much. */
const portsToGroupBy = 32;

export class SharedAddresses {
  /** By sharing identity, then by name. */
  readonly #groups = new Map<string, Map<string, Group>>();
  /** The group of each address. */
  readonly #groupOf = new Map<bigint, Group>();

  /** The lowest address whose holders have the claimant's keys and leave it its ports. */
  lowestFor(claim: SharingTerms): bigint | undefined {
    const identity = sharingIdentity(claim);
    if (identity === undefined) return undefined;
    let best: bigint | undefined;
    for (const { ports, addresses } of this.#groups.get(identity)?.values() ?? []) {
      if (claim.ports.some((port) => ports.has(port))) continue;
      const lowest = addresses.lowest();
      if (lowest !== undefined && (best === undefined || lowest < best)) best = lowest;
    }
    return best;
  }

  /** Files the address under what its present holders share, if there are any. */
  file(position: bigint, use: SharedUse): void {
    const former = this.#groupOf.get(position);
    const group = this.#groupFor(position, use);
    if (group === former) return;
    if (group === undefined) {
      this.#groupOf.delete(position);
    } else {
      this.#groupOf.set(position, group);
      group.size += 1;
      group.addresses.add(position);
    }
    if (former !== undefined) this.#leave(former);
  }

  #groupFor(position: bigint, { identity, ports }: SharedUse): Group | undefined {
    if (identity === undefined) return undefined;
    const isSmall = ports.size <= portsToGroupBy;
    const name = isSmall ? [...ports.keys()].sort().join() : `at ${position}`;
    const groups = this.#groups.get(identity) ?? new Map<string, Group>();
    this.#groups.set(identity, groups);
    const known = groups.get(name);
    if (known !== undefined) return known;
    const group: Group = {
      identity,
      name,
      ports: isSmall ? new Map(ports) : ports,
      addresses: new LowestFirst((one) => this.#groupOf.get(one) === group),
      size: 0,
    };
    groups.set(name, group);
    return group;
  }

  #leave(group: Group): void {
    group.size -= 1;
    if (group.size > 0) return;
    const groups = this.#groups.get(group.identity);
    groups?.delete(group.name);
    if (groups?.size === 0) this.#groups.delete(group.identity);
  }
}
