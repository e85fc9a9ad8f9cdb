/** Finds two prefixes that share an address, by sorting instead of comparing all pairs (LC-9). */
import { comparePrefixes, prefixLast, type Prefix } from "../ip/index.ts";

type Placed = { readonly prefix: Prefix };

/** Two entries that overlap, in the order given, and the position of the later one. */
export interface Overlap<T> {
  readonly earlier: T;
  readonly later: T;
  readonly laterIndex: number;
}

/**
 * For each entry that shares an address with others one overlap, by the order of the later entries.
 * Costs O(n log n), not a comparison of all pairs.
 */
export function findOverlaps<T extends Placed>(entries: readonly T[]): readonly Overlap<T>[] {
  return [...overlapsOf(entries)].sort((a, b) => a.laterIndex - b.laterIndex);
}

function* overlapsOf<T extends Placed>(entries: readonly T[]): Generator<Overlap<T>> {
  const sorted = entries.map((entry, index) => ({ entry, index }));
  sorted.sort((a, b) => comparePrefixes(a.entry.prefix, b.entry.prefix));
  // Prefixes either nest or are apart: `open` holds those around the present one, widest first,
  // each with the earliest given among itself and all around it.
  const open: { prefix: Prefix; earliest: (typeof sorted)[number] }[] = [];
  for (const next of sorted) {
    const { prefix } = next.entry;
    while (open.length > 0 && !isInside(prefix, open.at(-1)?.prefix)) open.pop();
    const rival = open.at(-1)?.earliest ?? next;
    const [earlier, later] = rival.index < next.index ? [rival, next] : [next, rival];
    if (rival !== next) {
      yield { earlier: earlier.entry, later: later.entry, laterIndex: later.index };
    }
    open.push({ prefix, earliest: earlier });
  }
}

function isInside(inner: Prefix, outer: Prefix | undefined): boolean {
  return outer?.family === inner.family && inner.first <= prefixLast(outer);
}
