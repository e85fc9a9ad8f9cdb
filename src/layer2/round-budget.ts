/** How many unasked rounds may go out: at once for some addresses, at a bounded rate for thousands (L2-139). */

/** Sent without any wait, so that few addresses keep their times to the millisecond. */
const ROUNDS_AT_ONCE = 128;
/**
 * The first round of an address moves clients to this node: 10,000 a second, which is 20,000 ARP or 10,000 NDP frames
 * on each interface, some 13 Mbit/s.
 */
const FIRST_ROUNDS_PER_MS = 10;
/** Repetitions are for who missed it: 2,000 a second, so 2,000 addresses take one period of 1100 ms. */
const REPETITION_COST = 5;

/** A bucket of tokens: a first round takes one, a repetition five. */
export class RoundBudget {
  #tokens = ROUNDS_AT_ONCE;
  #filledMs: number | undefined;

  refill(nowMs: number): void {
    const passedMs = Math.max(0, nowMs - (this.#filledMs ?? nowMs));
    this.#tokens = Math.min(ROUNDS_AT_ONCE, this.#tokens + passedMs * FIRST_ROUNDS_PER_MS);
    this.#filledMs = nowMs;
  }

  /** False: not now. */
  take(round: "first" | "repetition"): boolean {
    const cost = round === "first" ? 1 : REPETITION_COST;
    if (this.#tokens < cost) return false;
    this.#tokens -= cost;
    return true;
  }
}
