/** How often questions go out: few on a quiet wire, and never many at once. */

/** Questions of one node: some at once, then 50 a second, whatever happens. */
const atOnce = 10;
const perMs = 50 / 1000;
/** All speakers together, while nothing happens: 20 a second. */
const togetherPerMs = 20 / 1000;
/** No address is asked for more often, so that what is wrong shows within five seconds where there are few. */
const shortestPeriodMs = 2000;

/** How long until an address is asked for again, with so many addresses in the cluster; milliseconds. */
export function periodMs(addresses: number): number {
  return Math.max(shortestPeriodMs, addresses / togetherPerMs);
}

/** A bucket of questions. */
export class Pace {
  #left = atOnce;
  #atMs: number | undefined;

  /** Whether one may be sent now. What is necessary for another may go below zero: it is paid for later. */
  canAsk(nowMs: number): boolean {
    this.#left = Math.min(atOnce, this.#left + (nowMs - (this.#atMs ?? nowMs)) * perMs);
    this.#atMs = nowMs;
    return this.#left >= 1;
  }

  asked(): void {
    this.#left -= 1;
  }

  /** How long until `canAsk`; milliseconds. */
  waitMs(): number {
    return Math.max(0, (1 - this.#left) / perMs);
  }
}
