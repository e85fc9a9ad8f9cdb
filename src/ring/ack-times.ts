/** How long members take to answer pings: smoothed, with its spread (as RFC 6298 section 2 does for TCP). */

interface AckTime {
  readonly meanMs: number;
  readonly spreadMs: number;
}

export class AckTimes {
  readonly #times = new Map<string, AckTime>();

  add(name: string, ms: number): void {
    const known = this.#times.get(name);
    if (known === undefined) {
      this.#times.set(name, { meanMs: ms, spreadMs: ms / 2 });
      return;
    }
    const spreadMs = known.spreadMs + (Math.abs(ms - known.meanMs) - known.spreadMs) / 4;
    this.#times.set(name, { meanMs: known.meanMs + (ms - known.meanMs) / 8, spreadMs });
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
