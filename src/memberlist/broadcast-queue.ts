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
/** No news are shorter: type, map and the names of three fields. Less room needs no search. */
const shortestBytes = 24;

export class BroadcastQueue {
  /** By number of transmissions: larger ones first, among equal ones newer first. */
  readonly #bySent: Queued[][] = [];
  readonly #bySubject = new Map<string, Queued>();
  #nextOrder = 0;

  get size(): number {
    return this.#bySubject.size;
  }

  /** News about `subject` that are older are worth nothing any more. */
  add(subject: string, outgoing: Outgoing): void {
    const older = this.#bySubject.get(subject);
    if (older !== undefined) {
      const among = this.#bySent[older.transmissions]!;
      among.splice(placeIn(among, older), 1);
    }
    const { message, bytes } = outgoing;
    this.#insert({ message, bytes, subject, order: this.#nextOrder++, transmissions: 0 });
  }

  has(subject: string): boolean {
    return this.#bySubject.has(subject);
  }

  /** What fits into `roomBytes`; each counts as sent, and leaves once it was sent `limit` times. */
  take(roomBytes: number, limit: number): Outgoing[] {
    const taken: Queued[] = [];
    let left = roomBytes;
    for (const among of this.#bySent) {
      if (left < shortestBytes) break;
      left = takeFitting(among, left, taken);
    }
    for (const one of taken) {
      one.transmissions++;
      if (one.transmissions < limit) this.#insert(one);
      else this.#bySubject.delete(one.subject);
    }
    return taken;
  }

  #insert(one: Queued): void {
    const among = (this.#bySent[one.transmissions] ??= []);
    among.splice(placeIn(among, one), 0, one);
    this.#bySubject.set(one.subject, one);
  }
}

/** Moves what fits from `among` to `taken`; answers the room that is left. */
function takeFitting(among: Queued[], roomBytes: number, taken: Queued[]): number {
  let left = roomBytes;
  for (let at = 0; at < among.length && left >= shortestBytes;) {
    const one = among[at]!;
    const cost = one.bytes.length + partOverheadBytes;
    if (cost > left) {
      at++;
      continue;
    }
    left -= cost;
    taken.push(one);
    among.splice(at, 1);
  }
  return left;
}

/** Where `one` stands, or would stand. */
function placeIn(among: readonly Queued[], one: Queued): number {
  let [low, high] = [0, among.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBefore(among[middle]!, one)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Larger, then newer. */
function isBefore(a: Queued, b: Queued): boolean {
  return (b.bytes.length - a.bytes.length || b.order - a.order) < 0;
}
