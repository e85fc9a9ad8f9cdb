/** What happened in the ring lately and why, for `metallb members`. Holds no key. */

import type { Member, MemberChange } from "../memberlist/index.ts";
import { type Finding, readOwnKind, type Ring } from "../ring/index.ts";
import { timestamp } from "../platform/index.ts";

interface Change {
  readonly change: MemberChange;
  readonly member: Member;
  readonly why: string;
}

export interface KeyFacts {
  readonly isEncrypted: boolean;
  readonly keyBits: number;
  readonly beatMs: number;
}

const mostKept = 100;
const mostDropsTold = 200;

export class RingHistory {
  readonly #entries: Readonly<Record<string, unknown>>[] = [];
  readonly #drops = new Set<string>();

  add({ change, member, why }: Change): void {
    const { name, address, state, incarnation } = member;
    this.#keep({ what: change, member: name, address, state, incarnation, why });
  }

  found(finding: Finding): void {
    const { kind, ...facts } = finding;
    this.#keep({ what: kind, ...facts });
  }

  /** Each reason and sender is told once. */
  isFirstDrop(reason: string, from: string): boolean {
    const key = `${reason} ${from}`;
    if (this.#drops.has(key) || this.#drops.size >= mostDropsTold) return false;
    this.#drops.add(key);
    return true;
  }

  show(ring: Ring, nowMs: number, { isEncrypted, keyBits, beatMs }: KeyFacts): object {
    const watched = new Map(ring.watched().map((one) => [one.name, one]));
    const members = [...ring.gossip.members.values()].map((member) => {
      const { name, address, port, state, incarnation, changedMs, meta } = member;
      const ackMs = ring.ackMs(name);
      const kind = readOwnKind(meta);
      const watch = watched.get(name);
      return {
        name,
        address: `${address}:${port}`,
        state,
        incarnation,
        sinceSeconds: rounded((nowMs - changedMs) / 1000),
        isOurs: kind !== undefined,
        ...(kind !== undefined && kind.words.size > 0 && { says: Object.fromEntries(kind.words) }),
        ...(ackMs !== undefined && { ackMs: rounded(ackMs) }),
        ...(watch !== undefined && {
          detector: {
            heardMsAgo: rounded(nowMs - watch.heardMs),
            silenceMs: rounded(watch.silenceMs),
            shortestMs: rounded(watch.shortestMs),
            lossPercent: rounded(watch.loss * 100),
            jitterMs: rounded(watch.jitterMs),
          },
        }),
      };
    });
    return {
      self: ring.gossip.self?.name,
      encryption: isEncrypted ? `AES-${keyBits}` : "none",
      fastFailover: beatMs > 0,
      beatMs,
      watchedBy: ring.watchers,
      awareness: ring.gossip.awareness,
      ...(ring.claimedAddresses > 0 && { claimedAddresses: ring.claimedAddresses }),
      members: members.sort((a, b) => (a.name < b.name ? -1 : 1)),
      changes: this.#entries.toReversed(),
    };
  }

  #keep(entry: Readonly<Record<string, unknown>>): void {
    this.#entries.push({ at: timestamp(), ...entry });
    if (this.#entries.length > mostKept) this.#entries.shift();
  }
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
