/** How long members take to answer pings: smoothed, with its spread (as RFC 6298 section 2 does for TCP). */

interface AckTime {
  readonly meanMs: number;
  readonly spreadMs: number;
  /** The last answer was so late that it was not believed yet. */
  readonly late?: number;
}

/** One answer so much later than usual tells of a member that was stopped; a second one, of a slow network. */
const lateByMs = 50;

export class AckTimes {
  readonly #times = new Map<string, AckTime>();

  add(name: string, ms: number): void {
    const known = this.#times.get(name);
    if (known === undefined) {
      this.#times.set(name, { meanMs: ms, spreadMs: ms / 2 });
      return;
    }
    const { meanMs, spreadMs, late } = known;
    if (ms > this.worstMs(name) + lateByMs && late === undefined) {
      this.#times.set(name, { meanMs, spreadMs, late: ms });
      return;
    }
    const believed = Math.min(ms, late ?? ms);
    this.#times.set(name, {
      meanMs: meanMs + (believed - meanMs) / 8,
      spreadMs: spreadMs + (Math.abs(believed - meanMs) - spreadMs) / 4,
    });
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
