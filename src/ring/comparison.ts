/**
 * Finds news that never arrived: gossip tells each a few times and to a few only, so now and then somebody misses some.
 * Members of our kind say with each beat whom they count as alive and which claims they know; those who differ for longer
 * than news take exchange their tables, and ever more seldom while that does not help.
 */

interface Difference {
  sinceMs: number;
  patienceMs: number;
}

/** Who hears of Services late, or cannot hear of a member, differs for as long: one exchange a minute is enough for that. */
const longestPatienceMs = 60_000;

export class Comparison {
  readonly #differences = new Map<string, Difference>();

  /** Whether it is time for an exchange with `name`. The next one comes after `patienceMs` again, then twice, four times. */
  differsForLong(
    name: string,
    what: { readonly own: number; readonly told: number },
    { nowMs, patienceMs }: { readonly nowMs: number; readonly patienceMs: number },
  ): boolean {
    if (what.own === what.told) {
      this.#differences.delete(name);
      return false;
    }
    const known = this.#differences.get(name);
    if (known === undefined) this.#differences.set(name, { sinceMs: nowMs, patienceMs });
    if (known === undefined || nowMs - known.sinceMs < known.patienceMs) return false;
    known.sinceMs = nowMs;
    known.patienceMs = Math.min(2 * known.patienceMs, longestPatienceMs);
    return true;
  }

  forget(name: string): void {
    this.#differences.delete(name);
  }
}
