/** Addresses that wait for their question: those that moved, then the doubted, the new, and all others in turn. */

/**
 * Of questions that come again and again, those that would be due so soon go along with the first: a process that is
 * woken for each of twenty a second costs five times as much.
 */
const togetherMs = 500;

/** Who has just taken over may still be joined by the one before it; so long is waited. */
const settleMs = 500;

export type Urgency = "moved" | "doubted" | "new";

export class Questions {
  /** Address -> when it is due. Each goes to the end of its queue, so the first is the next. */
  readonly #urgent: Readonly<Record<Urgency, Map<string, number>>> = {
    moved: new Map(),
    doubted: new Map(),
    new: new Map(),
  };
  /** Address -> when it was asked for. */
  readonly #asked = new Map<string, number>();

  add(ip: string, urgency: Urgency, nowMs: number): void {
    const isQueued = urgency === "new" && this.#urgent.moved.has(ip);
    if (isQueued) return;
    this.remove(ip);
    this.#urgent[urgency].set(ip, nowMs + (urgency === "doubted" ? 0 : settleMs));
  }

  /** It was asked for now: its turn comes again after all others'. */
  asked(ip: string, nowMs: number): void {
    this.remove(ip);
    this.#asked.set(ip, nowMs);
  }

  remove(ip: string): void {
    for (const queue of Object.values(this.#urgent)) queue.delete(ip);
    this.#asked.delete(ip);
  }

  /**
   * The next one, and when it is due, in milliseconds of the same clock; undefined: there is none. `isGoing`: one goes
   * out now, and others may go along with it.
   */
  next(
    nowMs: number,
    periodMs: number,
    isGoing = false,
  ): { readonly ip: string; readonly dueMs: number } | undefined {
    const earlyMs = isGoing ? togetherMs : 0;
    const heads = [...Object.values(this.#urgent), this.#asked].flatMap((queue) => {
      const [head] = queue;
      if (head === undefined) return [];
      return { ip: head[0], dueMs: head[1] + (queue === this.#asked ? periodMs - earlyMs : 0) };
    });
    const due = heads.find(({ dueMs }) => dueMs <= nowMs);
    return due ?? heads.sort((a, b) => a.dueMs - b.dueMs)[0];
  }
}
