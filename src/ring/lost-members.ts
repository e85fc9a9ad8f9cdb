/** Members that died, as far as we know: hailed now and then, so that a healed partition is noticed at once. */

import type { Place } from "../memberlist/index.ts";

interface Lost {
  readonly place: Place;
  readonly sinceMs: number;
  hailedMs: number;
  /** When its hardware address was asked for last. */
  resolvedMs: number;
}

export interface Hail {
  readonly place: Place;
  /** Its hardware address is asked for as well. */
  readonly isResolved: boolean;
}

/** One member is hailed with every beat; many lost ones share `hailsPerBeat`. */
const hailEveryMs = 150;
const hailsPerBeat = 3;
/**
 * With every other beat, so that whoever comes back is met within 0.4 s; the kernel asks once a second. Each question
 * goes to the whole LAN: about one that is away for longer than an hour the kernel's are enough.
 */
const resolveEveryMs = 350;
const resolvedForMs = 3_600_000;
/** A node that was away for longer comes back through the list of pods (ML-153). */
const rememberedMs = 24 * 3_600_000;
const mostRemembered = 2000;

export class LostMembers {
  readonly #lost = new Map<string, Lost>();

  has(name: string): boolean {
    return this.#lost.has(name);
  }

  add(name: string, place: Place, nowMs: number): void {
    if (this.#lost.size >= mostRemembered) return;
    this.#lost.set(name, { place, sinceMs: nowMs, hailedMs: nowMs, resolvedMs: nowMs });
  }

  delete(name: string): boolean {
    return this.#lost.delete(name);
  }

  /** Who has no pod any more does not come back. */
  keepAddresses(addresses: ReadonlySet<string>): void {
    for (const [name, { place }] of this.#lost) {
      if (!addresses.has(place.address)) this.#lost.delete(name);
    }
  }

  names(): IterableIterator<string> {
    return this.#lost.keys();
  }

  /** They may be reached from now on: all of them are due. */
  hurry(): void {
    for (const lost of this.#lost.values()) {
      lost.hailedMs = Number.NEGATIVE_INFINITY;
      lost.resolvedMs = Number.NEGATIVE_INFINITY;
    }
  }

  /** Whom of these to hail now; the longest waiting first. */
  due(those: ReadonlySet<string>, nowMs: number): Hail[] {
    const places: Hail[] = [];
    for (const [name, lost] of this.#lost) {
      if (places.length === hailsPerBeat) break;
      if (nowMs - lost.sinceMs > rememberedMs) {
        this.#lost.delete(name);
        continue;
      }
      if (!those.has(name)) continue;
      if (nowMs - lost.hailedMs < hailEveryMs) continue;
      lost.hailedMs = nowMs;
      places.push({ place: lost.place, isResolved: isResolvedNow(lost, nowMs) });
      // Behind the others, so that each has its turn.
      this.#lost.delete(name);
      this.#lost.set(name, lost);
    }
    return places;
  }
}

function isResolvedNow(lost: Lost, nowMs: number): boolean {
  const isOften = nowMs - lost.sinceMs < resolvedForMs;
  const isDue = nowMs - lost.resolvedMs >= (isOften ? resolveEveryMs : Number.POSITIVE_INFINITY);
  if (isDue) lost.resolvedMs = nowMs;
  return isDue;
}
