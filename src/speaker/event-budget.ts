/** How many events may be written in a while: a few at once, then one now and then. */

export class EventBudget {
  readonly #most: number;
  readonly #refillMs: number;
  #left: number;
  #atMs: number | undefined;

  /** `most` at once, and another one every `refillMs` milliseconds. Needs no timer. */
  constructor(most: number, refillMs: number) {
    this.#most = most;
    this.#refillMs = refillMs;
    this.#left = most;
  }

  /** Whether one more may be written now (any monotonic milliseconds). */
  spend(nowMs: number): boolean {
    const refill = (nowMs - (this.#atMs ?? nowMs)) / this.#refillMs;
    this.#left = Math.min(this.#most, this.#left + refill);
    this.#atMs = nowMs;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
