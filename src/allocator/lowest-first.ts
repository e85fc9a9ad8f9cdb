/** Values in an order, of which some count: a binary heap that knows the lowest, and forgets late. */

/**
 * Whether a value counts is asked, not told: one that stops to count is dropped when it comes to the
 * top, and one that counts again before that needs no work at all.
 */
export class LowestFirst<T> {
  /** No value is in it twice. */
  readonly #heap: T[] = [];
  readonly #inHeap = new Set<T>();
  readonly #counts: (value: T) => boolean;
  readonly #isLower: (one: T, other: T) => boolean;

  constructor(counts: (value: T) => boolean, isLower = (one: T, other: T): boolean => one < other) {
    this.#counts = counts;
    this.#isLower = isLower;
  }

  /** The lowest of the added values that count, or undefined; amortised O(log n). */
  lowest(): T | undefined {
    for (let top = this.#heap[0]; top !== undefined; top = this.#heap[0]) {
      if (this.#counts(top)) return top;
      this.#inHeap.delete(top);
      this.#removeTop();
    }
    return undefined;
  }

  /** To be called whenever the value begins to count. */
  add(value: T): void {
    if (this.#inHeap.has(value)) return;
    this.#inHeap.add(value);
    let index = this.#heap.length;
    // Invariant: no parent is above its children; the gap at `index` rises until value fits in.
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const parentValue = this.#heap[parent] as T;
      if (!this.#isLower(value, parentValue)) break;
      this.#heap[index] = parentValue;
      index = parent;
    }
    this.#heap[index] = value;
  }

  /** Moves the last value into the gap at the top and lets it sink to where it fits in. */
  #removeTop(): void {
    const value = this.#heap.pop();
    if (value === undefined || this.#heap.length === 0) return;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const leftValue = this.#heap[left];
      if (leftValue === undefined) break;
      const rightValue = this.#heap[left + 1];
      const isRightLower = rightValue !== undefined && this.#isLower(rightValue, leftValue);
      const lower = isRightLower ? rightValue : leftValue;
      if (!this.#isLower(lower, value)) break;
      this.#heap[index] = lower;
      index = isRightLower ? left + 1 : left;
    }
    this.#heap[index] = value;
  }
}
