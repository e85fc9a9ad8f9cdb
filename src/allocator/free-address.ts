/** The lowest free number of a row of numbers, found without walking over the taken ones. */
import { LowestFirst } from "./lowest-first.ts";

/**
 * Which numbers below `size` are open. Neither time nor memory depends on the size: a frontier
 * separates the numbers that were never reached from those that were, and of the latter only the
 * given-back ones are kept, lowest first. Each step is amortised O(log n) in the numbers given back.
 */
export class FreeAddresses {
  readonly #size: bigint;
  readonly #isOpen: (position: bigint) => boolean;
  /** Invariant: each open number below the frontier is in `#returned`. */
  #frontier = 0n;
  /** Made for the first that is given back. */
  #returned: LowestFirst<bigint> | undefined;

  /** `isOpen`: whether the number can be given now; false for taken ones and for those left out. */
  constructor(size: bigint, isOpen: (position: bigint) => boolean) {
    this.#size = size;
    this.#isOpen = isOpen;
  }

  /** The lowest open number, or undefined if there is none. */
  lowest(): bigint | undefined {
    const returned = this.#returned?.lowest();
    if (returned !== undefined) return returned;
    // Passes each number at most once in its life.
    while (this.#frontier < this.#size && !this.#isOpen(this.#frontier)) this.#frontier += 1n;
    return this.#frontier < this.#size ? this.#frontier : undefined;
  }

  /** To be called when the number is open again. */
  giveBack(position: bigint): void {
    if (position >= this.#frontier) return;
    this.#returned ??= new LowestFirst(this.#isOpen);
    this.#returned.add(position);
  }
}
