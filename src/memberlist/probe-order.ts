/** Whom to probe next: everybody once a round, in an order that is new each time (ML-80, ML-81). */

/** A number in [0, 1). */
export type Random = () => number;

export class ProbeOrder {
  readonly #random: Random;
  #names: string[] = [];
  #known = new Set<string>();
  #at = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** A newcomer comes in at a random place, so that not all ask it at one time. */
  add(name: string): void {
    if (this.#known.has(name)) return;
    this.#known.add(name);
    this.#names.splice(Math.floor(this.#random() * (this.#names.length + 1)), 0, name);
  }

  /**
   * The next name that `isCandidate`; undefined when a whole round has none.
   * `onRoundEnd` may forget members; it answers who is left.
   */
  next(
    isCandidate: (name: string) => boolean,
    onRoundEnd: () => Iterable<string>,
  ): string | undefined {
    for (let looked = 0, most = this.#names.length; looked <= most; looked++) {
      if (this.#at >= this.#names.length) {
        this.#names = shuffled([...onRoundEnd()], this.#random);
        this.#known = new Set(this.#names);
        this.#at = 0;
      }
      const name = this.#names[this.#at++];
      if (name !== undefined && isCandidate(name)) return name;
    }
    return undefined;
  }
}

/** Fisher and Yates. */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [result[last], result[other]] = [result[other]!, result[last]!];
  }
  return result;
}

/** Up to `count` of the items, each as likely as another; costs as much as it gives where few are wanted. */
export function pick<T>(items: readonly T[], count: number, random: Random): T[] {
  if (count >= items.length) return shuffled(items, random);
  const chosen = new Map<number, T>();
  while (chosen.size < count) {
    const index = Math.floor(random() * items.length);
    chosen.set(index, items[index]!);
  }
  return [...chosen.values()];
}
