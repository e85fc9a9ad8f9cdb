/** Members that died, as far as we know: hailed now and then, so that a healed partition is noticed at once. */

import type { Place } from "../memberlist/index.ts";

interface Lost {
  readonly place: Place;
  readonly sinceMs: number;
  hailedMs: number;
}

/** One member is hailed so often; many lost ones share `hailsPerBeat`. */
const hailEveryMs = 150;
const hailsPerBeat = 3;
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
    this.#lost.set(name, { place, sinceMs: nowMs, hailedMs: nowMs });
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

  /** Whom to hail now; the longest waiting first. */
  due(nowMs: number): Place[] {
    const places: Place[] = [];
    for (const [name, lost] of this.#lost) {
      if (places.length === hailsPerBeat) break;
      if (nowMs - lost.sinceMs > rememberedMs) this.#lost.delete(name);
      if (nowMs - lost.hailedMs < hailEveryMs) continue;
      lost.hailedMs = nowMs;
      places.push(lost.place);
      // Behind the others, so that each has its turn.
      this.#lost.delete(name);
      this.#lost.set(name, lost);
    }
    return places;
  }
}
