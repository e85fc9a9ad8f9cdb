/** Who owned each Service's address until now, as elections here saw it: what tells a move from a first announcement. */

import type { AddressMove, OwnerStanding } from "../election/index.ts";
import { formatAddress } from "../ip/index.ts";
import type { Announcement, Decision, Objection, WithdrawReason } from "./announcements.ts";

/** What made the Service be looked at again. */
export type PassCause =
  | "ring"
  | "link"
  | "claims"
  /** A stock speaker came, or the last one went: the order alone counts now, or does not any more. */
  | "order"
  | "node"
  | "configuration"
  | "endpoints"
  | "service";

export interface Decided {
  readonly decision: Decision;
  /** What this node announced before the decision. */
  readonly announced: Announcement | undefined;
  readonly cause: PassCause;
}

/** While nobody can be elected the last owner is kept: the address comes from there when somebody is again. */
const keepsOwner: ReadonlySet<WithdrawReason> = new Set<WithdrawReason>([
  "notOwner",
  "noMatchingAdvertisement",
  "sharedIPWithServiceSelector",
]);

export class AddressOwners {
  readonly #self: string;
  readonly #owners = new Map<string, string>();
  #alive: ReadonlySet<string> = new Set();
  /** Who came with the last news of the ring. */
  #joined: ReadonlySet<string> = new Set();

  constructor(self: string) {
    this.#self = self;
  }

  /** Another node that owned it; undefined before the first election, and where this node did. */
  former(key: string): string | undefined {
    const owner = this.#owners.get(key);
    return owner === this.#self ? undefined : owner;
  }

  setMembers(alive: ReadonlySet<string>): void {
    this.#joined = new Set([...alive].filter((name) => !this.#alive.has(name)));
    this.#alive = alive;
  }

  /** It cannot know who had the address; whoever was there before does, and tells why it takes it. */
  #came(owner: string, cause: PassCause): boolean {
    return (cause === "ring" || cause === "order") && this.#joined.has(owner);
  }

  /** It has another address now, or none. */
  forget(key: string): void {
    this.#owners.delete(key);
  }

  /**
   * The move that a decision is, if it is this node's to tell: to this node, whose speaker knows why; or from it to one
   * whose speaker was not there before and cannot know. `because: "dead"` stands for whatever the ring knows.
   */
  follow(key: string, { decision, announced, cause }: Decided): AddressMove | undefined {
    if (decision.kind === "wait") return undefined;
    const from = this.#owners.get(key);
    if (decision.kind === "announce") {
      this.#owners.set(key, this.#self);
      if (from === undefined || from === this.#self) return undefined;
      const { objection, standing } = decision;
      const why = reasonOf({ objection, standing, cause, from, to: this.#self });
      return { service: key, ips: textsOf(decision.announcement), from, to: this.#self, ...why };
    }
    const { owner, reason, isUnable } = decision;
    if (owner !== undefined) this.#owners.set(key, owner);
    else if (!keepsOwner.has(reason)) this.#owners.delete(key);
    if (owner === undefined || announced === undefined || reason !== "notOwner") return undefined;
    // It was lost together with our link, and the new owner told that; or it tells why it takes it.
    if (isUnable === true || !this.#came(owner, cause)) return undefined;
    const ips = textsOf(announced);
    return { service: key, ips, from: this.#self, to: owner, because: "joined" };
  }
}

interface Change {
  /** What speaks against `from` now. */
  readonly objection: Objection | undefined;
  /** What makes `to` the owner besides the order. */
  readonly standing: OwnerStanding | undefined;
  readonly cause: PassCause;
  readonly from: string;
  readonly to: string;
}

function reasonOf({
  objection,
  standing,
  cause,
  from,
  to,
}: Change): Pick<AddressMove, "because" | "detail"> {
  if (objection?.because === "ring") return { because: "dead" };
  if (objection !== undefined) {
    const { because, detail } = objection;
    if (because === "link") return { because, detail: `node "${from}" cannot answer: ${detail}` };
    return { because, detail: `node "${from}" may not announce it any more: ${detail}` };
  }
  if (standing === "spread") {
    const detail = `so that the nodes' shares of addresses are even, node "${to}" claimed it`;
    return { because: "spread", detail };
  }
  const isFirst = `node "${to}" is first in the order now`;
  switch (cause) {
    case "claims":
    case "order":
      return { because: "claims", detail: claimsChanged(to, standing) };
    case "configuration":
      return { because: cause, detail: `the configuration changed, and ${isFirst}` };
    case "service":
      return { because: cause, detail: `the Service changed, and ${isFirst}` };
    case "link":
      return { because: cause, detail: `node "${to}" can answer again, and comes first` };
    case "endpoints":
      return { because: cause, detail: `the endpoints changed, and ${isFirst}` };
    default:
      return {
        because: "node",
        detail: `node "${to}" may announce again, and is first in the order`,
      };
  }
}

/** Neither node came or went: claims count now, or do not any more. */
function claimsChanged(to: string, standing: OwnerStanding | undefined): string {
  return standing === "kept"
    ? `node "${to}" claims it (metallb-ts/preempt is false)`
    : `only the order counts now (see OwnershipByOrderOnly), and node "${to}" is first in it`;
}

function textsOf({ ips }: Announcement): string[] {
  return ips.map(formatAddress);
}
