/** A set of numbers that knows its lowest member: a binary heap that forgets late. */

export class LowestFirst {
  readonly #members = new Set<bigint>();
  /** The heap; may still hold numbers that were deleted, but each number only once. */
  readonly #heap: bigint[] = [];
  readonly #inHeap = new Set<bigint>();

  get size(): number {
    return this.#members.size;
  }

  /** The lowest member, or undefined; amortised O(log n). */
  lowest(): bigint | undefined {
    for (let top = this.#heap[0]; top !== undefined; top = this.#heap[0]) {
      if (this.#members.has(top)) return top;
      this.#inHeap.delete(top);
      this.#removeTop();
    }
    return undefined;
  }

  add(value: bigint): void {
    this.#members.add(value);
    if (this.#inHeap.has(value)) return;
    this.#inHeap.add(value);
    let index = this.#heap.length;
    // Invariant: no parent is above its children; the gap at `index` rises until value fits in.
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const parentValue = this.#heap[parent] as bigint;
      if (parentValue <= value) break;
      this.#heap[index] = parentValue;
      index = parent;
    }
    this.#heap[index] = value;
  }

  delete(value: bigint): void {
    this.#members.delete(value);
  }

  /** Moves the last number into the gap at the top and lets it sink to where it fits in. */
  #removeTop(): void {
    const value = this.#heap.pop();
    if (value === undefined || this.#heap.length === 0) return;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const leftValue = this.#heap[left];
      if (leftValue === undefined) break;
      const rightValue = this.#heap[left + 1];
      const isRightLower = rightValue !== undefined && rightValue < leftValue;
      const lower = isRightLower ? rightValue : leftValue;
      if (value <= lower) break;
      this.#heap[index] = lower;
      index = isRightLower ? left + 1 : left;
    }
    this.#heap[index] = value;
  }
}
