/**
 * Claims that wait to be told. They are user messages, which go out directly: memberlist's queue of news, which sends a
 * few packets every 200 ms, does not hold them back. One node that dies may leave ten thousand addresses. Told in one
 * turn their claims are 70 packets for IPv4 and 176 for IPv6 to each of four speakers: that keeps the sender from beats
 * and answers for 100 ms, and longer whoever passes them on. A default socket buffer holds some 90 such packets, and
 * beats would be lost with the rest.
 *
 * So a batch goes at once, and the next one a moment later, when others had their turn: 250 claims are 2 packets, for
 * IPv6 5, to each of four speakers, 20 kB at most. Ten thousand take 0.2 s, less than the 0.4 s after which speakers that
 * know different claims exchange their tables. What comes in meanwhile, to be passed on, waits for the next batch: where
 * a thousand nodes claim ten addresses each, all at one time, a node tells four others 40 batches, and not a thousand
 * small messages.
 */

import type { Claim } from "./claims.ts";

/** Claims of one batch. */
export const batchSize = 250;
/** From one batch to the next, in milliseconds. */
export const batchEveryMs = 5;

export class UntoldClaims {
  /** By address, so that a stronger claim takes the place of a weaker one. */
  readonly #claims = new Map<string, Claim>();

  get size(): number {
    return this.#claims.size;
  }

  add(claims: Iterable<Claim>): void {
    for (const claim of claims) this.#claims.set(claim.address, claim);
  }

  /** The next batch, oldest first; empty where nothing waits. */
  take(): Claim[] {
    const batch: Claim[] = [];
    for (const [address, claim] of this.#claims) {
      if (batch.length === batchSize) break;
      this.#claims.delete(address);
      batch.push(claim);
    }
    return batch;
  }
}
