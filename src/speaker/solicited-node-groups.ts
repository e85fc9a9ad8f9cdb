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
}

/**
 * Addresses whose last 24 bits are equal share a group: it is joined for the first and left after the last of them.
 * Joining waits for `joinNext`, because the kernel goes through all groups of the interface for each one: two thousand
 * take it a tenth of a second, ten thousand some seconds.
 */
export class SolicitedNodeGroups {
  readonly #memberships: GroupMemberships;
  readonly #groups = new Map<string, Group>();
  readonly #toJoin = new Map<string, IpAddress>();

  constructor(memberships: GroupMemberships) {
    this.#memberships = memberships;
  }

  /** An address that was not there before. */
  add(ip: IpAddress): void {
    const group = solicitedNodeGroup(ip);
    const text = formatAddress(group);
    const known = this.#groups.get(text) ?? { group, users: 0 };
    this.#groups.set(text, known);
    known.users++;
    if (known.users === 1) this.#toJoin.set(text, group);
  }

  /** An address that was added. */
  remove(ip: IpAddress): void {
    const text = formatAddress(solicitedNodeGroup(ip));
    const known = this.#groups.get(text);
    if (known === undefined || --known.users > 0) return;
    this.#groups.delete(text);
    if (!this.#toJoin.delete(text)) this.#memberships.leave(known.group);
  }

  /** Joins one group that waits; false: none does. Throws when the kernel refuses, and the group waits behind the others. */
  joinNext(): boolean {
    const [next] = this.#toJoin;
    if (next === undefined) return false;
    const [text, group] = next;
    this.#toJoin.delete(text);
    try {
      this.#memberships.join(group);
    } catch (error) {
      this.#toJoin.set(text, group);
      throw error;
    }
    return true;
  }

  /** Leaves all groups, and joins none any more. */
  close(): void {
    this.#toJoin.clear();
    this.#memberships.close();
  }
}
