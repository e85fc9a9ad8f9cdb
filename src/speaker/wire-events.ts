/** Events about what is seen on the wire: on each Service that it touches, and few however much is forged. */

import type { EventNote, ObjectReference } from "../kube/index.ts";
import {
  type Conflict,
  type Finding,
  findingText,
  hasStrangers,
  namedMac,
  type Subject,
} from "../wire/index.ts";
import { EventBudget } from "./event-budget.ts";

/** At once; then one every `refillMs`: whoever forges frames for hours has 360 an hour written. */
const most = 50;
const refillMs = 10_000;

export interface Touched {
  readonly subject: Subject;
  readonly object: ObjectReference;
}

export interface WireStory {
  readonly reason: "AddressConflict" | "AddressConflictOver" | "AddressNotSeen" | "AddressSeen";
  readonly message: string;
}

export class WireEvents {
  readonly #budget = new EventBudget(most, refillMs);
  #untold = 0;

  /** Events for these Services; none for those that come when too many were written already. */
  notes({ reason, message }: WireStory, objects: Iterable<ObjectReference>, nowMs: number) {
    const notes: EventNote[] = [];
    for (const object of objects) {
      if (!this.#budget.spend(nowMs)) {
        this.#untold++;
        continue;
      }
      const more = this.#untold > 0 ? ` (${this.#untold} events before were not written)` : "";
      this.#untold = 0;
      const isBad = reason === "AddressConflict" || reason === "AddressNotSeen";
      const type = isBad ? "Warning" : "Normal";
      notes.push({ object, type, reason, message: `${message}${more}` });
    }
    return notes;
  }
}

const claims = {
  answers: "answers for it too",
  instead: "answers for it, and the owner does not",
  claims: "claims it for itself",
  uses: "uses it as its own address",
  probes: "asks whether it may use it (duplicate address detection)",
} as const;

/** `node`: whose MAC address it is, as far as known; `self`: who heard it. */
export function conflictStory(
  { ip, mac, on, kind }: Conflict,
  { owners, node, self }: { owners: readonly string[]; node: string | undefined; self: string },
): WireStory {
  const who = namedMac(mac, node);
  const mend =
    node === undefined
      ? "give that machine another address, or take this one out of the pool"
      : "the speakers disagree, or its kernel answers: see metallb members, and strictARP of kube-proxy";
  const message =
    `${ip} is announced by node ${quoted(owners)}, but ${who} ${claims[kind]} ` +
    `(heard on ${on} of node "${self}"); ${mend}`;
  return { reason: "AddressConflict", message };
}

export function conflictOverStory({ ip, mac }: Conflict): WireStory {
  const message = `${mac} was not heard with ${ip} for three minutes or longer`;
  return { reason: "AddressConflictOver", message };
}

/** What the wire check found, where an event is due; strangers that have a name have their own. */
export function findingStory(
  ip: string,
  owners: readonly string[],
  finding: Finding,
  self: string,
): WireStory | undefined {
  const text = findingText(ip, owners.join('", "'), finding);
  if (finding.seen === "yes") return { reason: "AddressSeen", message: text };
  if (hasStrangers(finding) && finding.strangers.length === 0) {
    return { reason: "AddressConflict", message: `${text} (asked from node "${self}")` };
  }
  if (finding.seen !== "nobody") return undefined;
  const mend = `asked from node "${self}"; clients cannot reach it: look at the speaker of the node and the switch ports`;
  return { reason: "AddressNotSeen", message: `${text} (${mend})` };
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(", ");
}
