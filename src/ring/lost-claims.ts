/**
 * Addresses that we claimed from an owner that lives, and how often another's claim took them from us again. Whoever
 * loses one waits twice as long before the next time: where two do not see the same Services each would have it, and it
 * would go to and fro for as long. Reads no clock.
 */

interface Lost {
  readonly times: number;
  readonly lastMs: number;
}

/** 64 s where the first claim is made after 0.5 s. */
const mostDoublings = 7;
const forgivenMs = 10 * 60_000;

export class LostClaims {
  readonly #lost = new Map<string, Lost>();

  /** We claim it from an owner that lives. */
  claimed(address: string, nowMs: number): void {
    if (!this.#lost.has(address)) this.#lost.set(address, { times: 0, lastMs: nowMs });
  }

  /** Another claimed what we had claimed; nothing where it was not from an owner that lived. */
  lost(address: string, nowMs: number): void {
    const known = this.#lost.get(address);
    if (known === undefined) return;
    const times = nowMs - known.lastMs > forgivenMs ? 0 : known.times + 1;
    this.#lost.set(address, { times, lastMs: nowMs });
  }

  /** No Service has it any more. */
  forget(address: string): void {
    this.#lost.delete(address);
  }

  /** How many times as long as at first we wait before we claim it again: 1 and more. */
  patience(address: string, nowMs: number): number {
    const known = this.#lost.get(address);
    if (known === undefined || nowMs - known.lastMs > forgivenMs) return 1;
    return 2 ** Math.min(known.times, mostDoublings);
  }
}
