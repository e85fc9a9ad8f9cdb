/** Keys whose time is over at moments of their own: those that are due are found without a look at the others. */

interface Entry {
  readonly key: string;
  readonly dueMs: number;
}

/** Each step is amortised O(log n). Moments are milliseconds of one clock. */
export class Deadlines {
  readonly #dueMs = new Map<string, number>();
  /** A binary heap, the earliest at the top; what was put off or dropped stays in it until its old moment. */
  readonly #heap: Entry[] = [];

  /** In place of what was set for the key before. */
  set(key: string, dueMs: number): void {
    this.#dueMs.set(key, dueMs);
    let index = this.#heap.length;
    // Invariant: no parent is due after its children; the gap at `index` rises until the entry fits in.
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = this.#heap[parent] as Entry;
      if (above.dueMs <= dueMs) break;
      this.#heap[index] = above;
      index = parent;
    }
    this.#heap[index] = { key, dueMs };
  }

  delete(key: string): void {
    this.#dueMs.delete(key);
  }

  isAhead(key: string, nowMs: number): boolean {
    return (this.#dueMs.get(key) ?? Number.NEGATIVE_INFINITY) > nowMs;
  }

  /** Infinity: never. */
  nextMs(): number {
    return this.#earliest()?.dueMs ?? Number.POSITIVE_INFINITY;
  }

  /** Drops the keys that are due, and returns them, the earliest first. */
  takeDue(nowMs: number): string[] {
    const due: string[] = [];
    for (let top = this.#earliest(); top && top.dueMs <= nowMs; top = this.#earliest()) {
      due.push(top.key);
      this.#dueMs.delete(top.key);
    }
    return due;
  }

  #earliest(): Entry | undefined {
    for (let top = this.#heap[0]; top !== undefined; top = this.#heap[0]) {
      if (this.#dueMs.get(top.key) === top.dueMs) return top;
      this.#removeTop();
    }
    return undefined;
  }

  /** Moves the last entry into the gap at the top and lets it sink to where it fits in. */
  #removeTop(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const [one, other] = [this.#heap[left], this.#heap[left + 1]];
      if (one === undefined) break;
      const isOtherEarlier = other !== undefined && other.dueMs < one.dueMs;
      const earlier = isOtherEarlier ? other : one;
      if (last.dueMs <= earlier.dueMs) break;
      this.#heap[index] = earlier;
      index = isOtherEarlier ? left + 1 : left;
    }
    this.#heap[index] = last;
  }
}
