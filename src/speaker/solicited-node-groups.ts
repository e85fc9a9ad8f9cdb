/** The solicited-node groups that one interface listens in, for as long as an announced address needs each (L2-111). */

import { formatAddress, type IpAddress } from "../ip/index.ts";
import { solicitedNodeGroup } from "../layer2/index.ts";

/** Of one interface. `join` throws when the kernel refuses. */
export interface GroupMemberships {
  join(group: IpAddress): void;
  leave(group: IpAddress): void;
  close(): void;
}

interface Group {
  readonly group: IpAddress;
  users: number;
  isJoined: boolean;
}

/** Addresses whose last 24 bits are equal share a group: it is joined for the first and left after the last of them. */
export class SolicitedNodeGroups {
  readonly #memberships: GroupMemberships;
  readonly #groups = new Map<string, Group>();

  constructor(memberships: GroupMemberships) {
    this.#memberships = memberships;
  }

  /** An address that was not there before. Throws when its group cannot be joined, and remembers it all the same. */
  add(ip: IpAddress): void {
    const group = solicitedNodeGroup(ip);
    const text = formatAddress(group);
    const known = this.#groups.get(text) ?? { group, users: 0, isJoined: false };
    this.#groups.set(text, known);
    known.users++;
    if (known.users === 1) this.#join(known);
  }

  /** An address that was added. */
  remove(ip: IpAddress): void {
    const text = formatAddress(solicitedNodeGroup(ip));
    const known = this.#groups.get(text);
    if (known === undefined || --known.users > 0) return;
    this.#groups.delete(text);
    if (known.isJoined) this.#memberships.leave(known.group);
  }

  /** Tries again what failed before; throws at the first that fails again. */
  joinMissing(): void {
    for (const known of this.#groups.values()) if (!known.isJoined) this.#join(known);
  }

  close(): void {
    this.#memberships.close();
  }

  #join(known: Group): void {
    this.#memberships.join(known.group);
    known.isJoined = true;
  }
}
