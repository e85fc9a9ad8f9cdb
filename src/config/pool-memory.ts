/** What a compilation may take from the one before: most pools stay as they are when one object changes. */
import type { IPAddressPool } from "../kube/index.ts";
import type { PoolEntry } from "./resource-pools.ts";

/** Objects are told apart by identity: whoever keeps a memory must not change them in place. */
export class PoolMemory {
  readonly #entries = new WeakMap<IPAddressPool, readonly PoolEntry[]>();
  #apart: readonly (readonly PoolEntry[])[] = [];

  /** The entries of a pool in which nothing was wrong. */
  soundEntries(object: IPAddressPool): readonly PoolEntry[] | undefined {
    return this.#entries.get(object);
  }

  keepSound(object: IPAddressPool, entries: readonly PoolEntry[]): void {
    this.#entries.set(object, entries);
  }

  /** Whether these pools, and no others, were found not to overlap last time. */
  areApart(pools: readonly (readonly PoolEntry[])[]): boolean {
    const known = this.#apart;
    return known.length === pools.length && known.every((one, index) => one === pools[index]);
  }

  keepApart(pools: readonly (readonly PoolEntry[])[]): void {
    this.#apart = pools;
  }
}
