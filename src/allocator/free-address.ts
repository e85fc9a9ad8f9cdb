/** The lowest free address of a run of addresses, found without walking over the taken ones. */
import { isBuggyAddress } from "../config/index.ts";
import type { Family } from "../ip/index.ts";
import { LowestFirst } from "./lowest-first.ts";

/** Consecutive addresses, both ends included. */
export interface AddressRun {
  readonly family: Family;
  readonly first: bigint;
  readonly last: bigint;
}

/**
 * Which addresses of one run are taken. Neither time nor memory depends on the size of the run:
 * a frontier separates the addresses that were never reached from those that were, and of the
 * latter only the given-back ones are kept, lowest first. Each step is amortised O(log n) in the
 * number of addresses given back.
 */
export class FreeAddresses {
  readonly #run: AddressRun;
  readonly #skipsBuggy: boolean;
  readonly #taken = new Set<bigint>();
  /** Invariant: each usable address below the frontier is taken or waits in `#returned`. */
  #frontier: bigint;
  readonly #returned = new LowestFirst();

  constructor(run: AddressRun, skipsBuggy: boolean) {
    this.#run = run;
    this.#skipsBuggy = skipsBuggy;
    this.#frontier = run.first;
    this.#advance();
  }

  /** The lowest usable address that is not taken, or undefined if the run is full. */
  lowest(): bigint | undefined {
    const beyond = this.#frontier <= this.#run.last ? this.#frontier : undefined;
    return this.#returned.lowest() ?? beyond;
  }

  take(value: bigint): void {
    this.#taken.add(value);
    this.#returned.delete(value);
    this.#advance();
  }

  giveBack(value: bigint): void {
    this.#taken.delete(value);
    if (value < this.#frontier) this.#returned.add(value);
  }

  get takenCount(): number {
    return this.#taken.size;
  }

  /** Passes each address at most once in the life of the run. */
  #advance(): void {
    while (this.#frontier <= this.#run.last && !this.#isOpen(this.#frontier)) this.#frontier += 1n;
  }

  #isOpen(value: bigint): boolean {
    if (this.#taken.has(value)) return false;
    return !(this.#skipsBuggy && isBuggyAddress({ family: this.#run.family, value }));
  }
}
