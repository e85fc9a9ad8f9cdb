/**
 * How often beats alone kept a suspect from counting as dead. Those of an earlier life can be recorded and sent again, so
 * that a dead member would live as long as somebody does so; the numbers of pings, which an answer repeats, cannot be known.
 */

/** So often in a row without an answered ping. */
const most = 3;

export class BeatReprieves {
  readonly #given = new Map<string, number>();

  /** Whether its beats may keep it alive once more. */
  grant(name: string): boolean {
    if (this.areSpent(name)) return false;
    this.#given.set(name, (this.#given.get(name) ?? 0) + 1);
    return true;
  }

  /** Its beats are no sign of life until it answers a ping. */
  areSpent(name: string): boolean {
    return (this.#given.get(name) ?? 0) >= most;
  }

  /** It answered a ping, or is no member any more. */
  reset(name: string): void {
    this.#given.delete(name);
  }
}
