/** Keys whose time is over at moments of their own: those that are due are found without a look at the others. */

import { LowestFirst } from "../allocator/index.ts";

interface Entry {
  readonly key: string;
  readonly dueMs: number;
}

/** Each step is amortised O(log n). Moments are milliseconds of one clock. */
export class Deadlines {
  readonly #dueMs = new Map<string, number>();
  /** What was put off or dropped stays in it until its old moment. */
  readonly #entries = new LowestFirst<Entry>(
    ({ key, dueMs }) => this.#dueMs.get(key) === dueMs,
    (one, other) => one.dueMs < other.dueMs,
  );

  /** In place of what was set for the key before. */
  set(key: string, dueMs: number): void {
    this.#dueMs.set(key, dueMs);
    this.#entries.add({ key, dueMs });
  }

  delete(key: string): void {
    this.#dueMs.delete(key);
  }

  isAhead(key: string, nowMs: number): boolean {
    return (this.#dueMs.get(key) ?? Number.NEGATIVE_INFINITY) > nowMs;
  }

  /** Infinity: never. */
  nextMs(): number {
    return this.#entries.lowest()?.dueMs ?? Number.POSITIVE_INFINITY;
  }

  /** Drops the keys that are due, and returns them, the earliest first. */
  takeDue(nowMs: number): string[] {
    const due: string[] = [];
    for (
      let first = this.#entries.lowest();
      first !== undefined && first.dueMs <= nowMs;
      first = this.#entries.lowest()
    ) {
      due.push(first.key);
      this.#dueMs.delete(first.key);
    }
    return due;
  }
}
