/** The addresses of one family of a pool, numbered from 0 in the order of allocation (IPAM-10). */
import { prefixLast, prefixSize, type Prefix } from "../ip/index.ts";

/** Consecutive addresses; `offset` is the number of the first. */
interface Run {
  readonly first: bigint;
  last: bigint;
  readonly offset: bigint;
}

/** Takes memory for the prefixes it was made of, not for their addresses. */
export class AddressOrder {
  readonly #runs: Run[] = [];
  /** The same, by address. */
  readonly #ascending: readonly Run[];
  readonly size: bigint;

  /** Prefixes of one family in listed order; they must not overlap. */
  constructor(prefixes: Iterable<Prefix>) {
    let size = 0n;
    for (const prefix of prefixes) {
      const previous = this.#runs.at(-1);
      // Neighbours, such as the prefixes of one range, make one run: there is less to search.
      if (previous?.last === prefix.first - 1n) previous.last = prefixLast(prefix);
      else this.#runs.push({ first: prefix.first, last: prefixLast(prefix), offset: size });
      size += prefixSize(prefix);
    }
    this.size = size;
    this.#ascending = [...this.#runs].sort((a, b) => (a.first < b.first ? -1 : 1));
  }

  /** The address with this number, which must be below `size`; O(log of the number of runs). */
  valueAt(position: bigint): bigint {
    const run = lastRun(this.#runs, ({ offset }) => offset <= position);
    return run.first + position - run.offset;
  }

  /** The number of an address, which must be of one of the prefixes; O(log of the number of runs). */
  positionOf(value: bigint): bigint {
    const run = lastRun(this.#ascending, ({ first }) => first <= value);
    return run.offset + value - run.first;
  }
}

/** The last run that holds the condition, which all before it hold too. */
function lastRun(runs: readonly Run[], isMet: (run: Run) => boolean): Run {
  let low = 0;
  let high = runs.length - 1;
  // Invariant: the run is in low..high.
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (isMet(runs[middle] as Run)) low = middle;
    else high = middle - 1;
  }
  return runs[low] as Run;
}
