/** A queue of keys: each waits once, is worked on once at a time, and comes back later after a failure (CTL-16). */

const firstDelayMs = 5;
const lastDelayMs = 1_000_000;
const retriesPerSecond = 10;
const retryBurst = 100;

/**
 * Per key the delay grows from 5 ms, doubling, to 1000 s until a success. Retries (only they: a full pass is not
 * throttled, as L2-59 asks) also share a budget of 10 a second after a burst of 100.
 * Moments are monotonic milliseconds handed in by the caller.
 */
export class WorkQueue {
  readonly #ready = new Set<string>();
  /** Stands before the first ready key; a new one would first have to walk over the places of all that are gone. */
  #front = this.#ready.values();
  /** Being worked on; true: asked for again meanwhile. */
  readonly #working = new Map<string, boolean>();
  readonly #dueMs = new Map<string, number>();
  readonly #failures = new Map<string, number>();
  /** No retry is due before this moment; spares a walk over all of them. */
  #earliestDueMs = Infinity;
  #budget = retryBurst;
  #budgetAtMs = 0;

  /** Asks for work on `key`, now; a retry that waits for its time becomes needless. */
  add(key: string): void {
    this.#dueMs.delete(key);
    if (this.#working.has(key)) this.#working.set(key, true);
    else this.#ready.add(key);
  }

  /** The next key to work on; the caller must answer with `done` or `retry`. */
  take(nowMs: number): string | undefined {
    if (nowMs >= this.#earliestDueMs) this.#collectDue(nowMs);
    const key = this.#firstReady();
    if (key === undefined) return undefined;
    this.#ready.delete(key);
    this.#working.set(key, false);
    return key;
  }

  /** The work succeeded, or failed in a way that only a change can mend: the back-off starts anew. */
  done(key: string): void {
    this.#failures.delete(key);
    this.#release(key);
  }

  /** The work failed: `key` comes back by itself, unless it was asked for meanwhile anyway. */
  retry(key: string, nowMs: number): void {
    if (this.#release(key)) return;
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    const ownDelayMs = Math.min(lastDelayMs, firstDelayMs * 2 ** Math.min(failures, 30));
    const dueMs = nowMs + Math.max(ownDelayMs, this.#budgetDelayMs(nowMs));
    this.#dueMs.set(key, dueMs);
    this.#earliestDueMs = Math.min(this.#earliestDueMs, dueMs);
  }

  /** When to call `take` again: 0 when a key is ready, undefined when nothing waits. It may be early, never late. */
  nextDueMs(): number | undefined {
    if (this.#ready.size > 0) return 0;
    return this.#dueMs.size > 0 ? this.#earliestDueMs : undefined;
  }

  #firstReady(): string | undefined {
    if (this.#ready.size === 0) return undefined;
    const first = this.#front.next();
    if (first.done !== true) return first.value;
    // An iterator that reached the end stays there.
    this.#front = this.#ready.values();
    return this.#front.next().value;
  }

  #collectDue(nowMs: number): void {
    this.#earliestDueMs = Infinity;
    for (const [key, dueMs] of this.#dueMs) {
      if (dueMs <= nowMs) this.add(key);
      else this.#earliestDueMs = Math.min(this.#earliestDueMs, dueMs);
    }
  }

  /** Ends work on `key`; true if it was asked for again meanwhile and so is ready at once. */
  #release(key: string): boolean {
    const isWanted = this.#working.get(key) === true;
    this.#working.delete(key);
    if (isWanted) this.#ready.add(key);
    return isWanted;
  }

  /** Takes one retry out of the shared budget; how long until it is there. */
  #budgetDelayMs(nowMs: number): number {
    const earned = ((nowMs - this.#budgetAtMs) / 1000) * retriesPerSecond;
    this.#budget = Math.min(retryBurst, this.#budget + earned) - 1;
    this.#budgetAtMs = nowMs;
    return this.#budget >= 0 ? 0 : (-this.#budget / retriesPerSecond) * 1000;
  }
}
