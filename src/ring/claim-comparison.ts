/**
 * Finds claims that never arrived: members of our kind say with each beat which ones they know, and those who differ for
 * longer than news take exchange them.
 */

interface Difference {
  sinceMs: number;
  patienceMs: number;
}

/** Who hears of Services late, or not at all, differs for as long: one exchange a minute is enough for that. */
const longestPatienceMs = 60_000;

export class ClaimComparison {
  readonly #differences = new Map<string, Difference>();

  /** Whether it is time for an exchange with `name`. The next one comes after `patienceMs` again, then twice, four times. */
  differsForLong(
    name: string,
    claims: { readonly own: number; readonly told: number },
    { nowMs, patienceMs }: { readonly nowMs: number; readonly patienceMs: number },
  ): boolean {
    if (claims.own === claims.told) {
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
