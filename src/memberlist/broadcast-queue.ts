/** News that wait to be passed on, each as often as the size of the list asks for (ML-91, ML-92). */

import type { PacketMessage } from "./wire/index.ts";

/** A message with its bytes: encoded once, however often it is sent. */
export interface Outgoing {
  readonly message: PacketMessage;
  readonly bytes: Uint8Array;
}

interface Queued extends Outgoing {
  /** The member that it is about. */
  readonly subject: string;
  readonly order: number;
  transmissions: number;
}

/** Each part of a packet costs its length in the table of the compound. */
const partOverheadBytes = 2;

export class BroadcastQueue {
  /** Sorted: what is taken first comes first. */
  #queued: Queued[] = [];
  #nextOrder = 0;

  get size(): number {
    return this.#queued.length;
  }

  /** News about `subject` that are older are worth nothing any more. */
  add(subject: string, outgoing: Outgoing): void {
    this.#queued = this.#queued.filter((one) => one.subject !== subject);
    this.#insert({ ...outgoing, subject, order: this.#nextOrder++, transmissions: 0 });
  }

  has(subject: string): boolean {
    return this.#queued.some((one) => one.subject === subject);
  }

  /** What fits into `roomBytes`; each counts as sent, and leaves once it was sent `limit` times. */
  take(roomBytes: number, limit: number): Outgoing[] {
    let left = roomBytes;
    const taken = this.#queued.filter(({ bytes }) => {
      const cost = bytes.length + partOverheadBytes;
      if (cost > left) return false;
      left -= cost;
      return true;
    });
    if (taken.length === 0) return taken;
    const gone = new Set(taken);
    this.#queued = this.#queued.filter((one) => !gone.has(one));
    for (const one of taken) {
      one.transmissions++;
      if (one.transmissions < limit) this.#insert(one);
    }
    return taken;
  }

  #insert(one: Queued): void {
    let [low, high] = [0, this.#queued.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isBefore(one, this.#queued[middle]!)) high = middle;
      else low = middle + 1;
    }
    this.#queued.splice(low, 0, one);
  }
}

/** Fewest transmissions, then larger, then newer. */
function isBefore(a: Queued, b: Queued): boolean {
  const byTransmissions = a.transmissions - b.transmissions;
  const bySize = b.bytes.length - a.bytes.length;
  return (byTransmissions || bySize || b.order - a.order) < 0;
}
