/** The lowest free number of a row of numbers, found without walking over the taken ones. */
import { LowestFirst } from "./lowest-first.ts";

/**
 * Which numbers below `size` are free. Neither time nor memory depends on the size: a frontier
 * separates the numbers that were never reached from those that were, and of the latter only the
 * given-back ones are kept, lowest first. Each step is amortised O(log n) in the numbers given back.
 */
export class FreeAddresses {
  readonly #size: bigint;
  readonly #isOpen: (position: bigint) => boolean;
  /** Invariant: each open number below the frontier waits in `#returned`. */
  #frontier = 0n;
  readonly #returned = new LowestFirst();

  /** `isOpen`: whether the number can be given now; false for taken ones and for those left out. */
  constructor(size: bigint, isOpen: (position: bigint) => boolean) {
    this.#size = size;
    this.#isOpen = isOpen;
    this.#advance();
  }

  /** The lowest open number, or undefined if there is none. */
  lowest(): bigint | undefined {
    const beyond = this.#frontier < this.#size ? this.#frontier : undefined;
    return this.#returned.lowest() ?? beyond;
  }

  /** To be called when the number is no longer open. */
  taken(position: bigint): void {
    this.#returned.delete(position);
    this.#advance();
  }

  /** To be called when the number is open again. */
  givenBack(position: bigint): void {
    if (position < this.#frontier) this.#returned.add(position);
  }

  /** Passes each number at most once in its life. */
  #advance(): void {
    while (this.#frontier < this.#size && !this.#isOpen(this.#frontier)) this.#frontier += 1n;
  }
}
