/** A lookup from an address to what was filed under the prefix around it. */
import { compareAddresses, type IpAddress } from "./address.ts";
import { comparePrefixes, prefixContains, type Prefix } from "./prefix.ts";

/** Immutable; the prefixes must not overlap. A lookup costs O(log n). */
export class PrefixMap<T> {
  readonly #entries: readonly (readonly [Prefix, T])[];

  constructor(entries: Iterable<readonly [Prefix, T]>) {
    this.#entries = [...entries].sort(([a], [b]) => comparePrefixes(a, b));
  }

  get(address: IpAddress): T | undefined {
    let low = 0;
    let high = this.#entries.length;
    // Invariant: entries before `low` start at or below the address, those from `high` on above it.
    while (low < high) {
      const middle = (low + high) >>> 1;
      const [prefix] = this.#entries[middle] as readonly [Prefix, T];
      const start = { family: prefix.family, value: prefix.first };
      if (compareAddresses(start, address) <= 0) low = middle + 1;
      else high = middle;
    }
    const [prefix, value] = this.#entries[low - 1] ?? [];
    return prefix !== undefined && prefixContains(prefix, address) ? value : undefined;
  }
}
