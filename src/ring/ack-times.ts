/** How long members take to answer pings: smoothed, with its spread (as RFC 6298 section 2 does for TCP). */

interface AckTime {
  readonly meanMs: number;
  readonly spreadMs: number;
}

/** The first answer counts as so much at most; who is really that slow shows it with the next ones. */
const firstMostMs = 50;
/** A later one counts as twice the worst so far and this, so that one late answer does not slow us for minutes. */
const surpriseMs = 10;

export class AckTimes {
  readonly #times = new Map<string, AckTime>();

  add(name: string, ms: number): void {
    const known = this.#times.get(name);
    if (known === undefined) {
      const meanMs = Math.min(ms, firstMostMs);
      this.#times.set(name, { meanMs, spreadMs: meanMs / 2 });
      return;
    }
    const takenMs = Math.min(ms, 2 * this.worstMs(name) + surpriseMs);
    const spreadMs = known.spreadMs + (Math.abs(takenMs - known.meanMs) - known.spreadMs) / 4;
    this.#times.set(name, { meanMs: known.meanMs + (takenMs - known.meanMs) / 8, spreadMs });
  }

  forget(name: string): void {
    this.#times.delete(name);
  }

  /** The usual time; undefined before the first answer. */
  meanMs(name: string): number | undefined {
    return this.#times.get(name)?.meanMs;
  }

  /** What all but a few answers stay below; 0 before the first one. */
  worstMs(name: string): number {
    const known = this.#times.get(name);
    return known === undefined ? 0 : known.meanMs + 4 * known.spreadMs;
  }
}
