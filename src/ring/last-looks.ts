/** Suspects that we ask about once more before they count as dead, and whether somebody heard them since. */

interface Look {
  readonly sinceMs: number;
  isHeard: boolean;
}

/** The inquiry has its verdict by then. */
export const lastLookMs = 1000;
/** Who contradicted in the meantime left its look behind: that says nothing about a suspicion hours later. */
const validForMs = 2 * lastLookMs;

export class LastLooks {
  readonly #looks = new Map<string, Look>();

  begin(name: string, nowMs: number): void {
    this.#looks.set(name, { sinceMs: nowMs, isHeard: false });
  }

  heard(name: string): void {
    const look = this.#looks.get(name);
    if (look !== undefined) look.isHeard = true;
  }

  /** Whether it was heard; undefined where nobody looked, or too long ago. */
  end(name: string, nowMs: number): boolean | undefined {
    const look = this.#looks.get(name);
    this.#looks.delete(name);
    return look === undefined || nowMs - look.sinceMs > validForMs ? undefined : look.isHeard;
  }

  forget(name: string): void {
    this.#looks.delete(name);
  }
}
