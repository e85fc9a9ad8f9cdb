/** Wall time, monotonic time and named timers: the only door to the machine's clocks. */

/** Milliseconds since an arbitrary moment; never goes back. */
export function monotonicMs(): number {
  return performance.now();
}

/**
 * A number of 32 bits that grows by 20 a second, through restarts too: where counters begin whose numbers shall not
 * come again. It wraps after 6.8 years.
 */
export function restartNumber(): number {
  return Math.floor(Date.now() / 50) % 2 ** 32;
}

/** Nanoseconds of Linux's CLOCK_MONOTONIC, which programs in the kernel read too. */
export function monotonicNs(): bigint {
  return process.hrtime.bigint();
}

/** Now, as the API server and the logs write it: RFC 3339 in UTC with milliseconds. */
export function timestamp(): string {
  return new Date().toISOString();
}

/** The same with whole seconds, as fields of objects have it. */
export function timestampOfSecond(): string {
  return timestamp().replace(/\.\d+/, "");
}

/** Milliseconds since 1970 of an RFC 3339 time, such as the API server writes; NaN if it is none. */
export function timestampMs(text: string): number {
  return Date.parse(text);
}

/** Timers by name: setting one again replaces it, as the machines' `setTimer` commands ask. */
export class NamedTimers<Name extends string = string> {
  readonly #timers = new Map<Name, NodeJS.Timeout>();
  readonly #onTimer: (name: Name) => void;

  constructor(onTimer: (name: Name) => void) {
    this.#onTimer = onTimer;
  }

  set(name: Name, ms: number): void {
    this.cancel(name);
    const timer = setTimeout(() => {
      this.#timers.delete(name);
      this.#onTimer(name);
    }, ms);
    this.#timers.set(name, timer);
  }

  /** As `set`, unless it is set already. */
  setOnce(name: Name, ms: number): void {
    if (!this.#timers.has(name)) this.set(name, ms);
  }

  cancel(name: Name): void {
    clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
  }

  cancelAll(): void {
    for (const name of this.#timers.keys()) this.cancel(name);
  }
}
