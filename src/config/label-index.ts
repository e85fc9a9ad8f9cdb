/** Which names carry labels that a selector accepts, without trying them all for each selector. */
import type { Labels } from "../kube/index.ts";
import { matchesSelector, type Selector } from "./selector.ts";

type Labelled = readonly [name: string, labels: Labels];

export class LabelIndex {
  readonly #all: readonly Labelled[];
  /** By label key, made when a selector first asks for that key: the names under each value. */
  readonly #byKey = new Map<string, Map<string, Labelled[]>>();

  constructor(all: Iterable<Labelled>) {
    this.#all = [...all];
  }

  get size(): number {
    return this.#all.length;
  }

  /** Names that any of the selectors accepts. */
  namesMatching(selectors: readonly Selector[]): Set<string> {
    const names = new Set<string>();
    for (const selector of selectors) {
      for (const [name, labels] of this.#candidates(selector)) {
        if (matchesSelector(selector, labels)) names.add(name);
      }
    }
    return names;
  }

  /** All that can match: where a selector wants certain values of a label, those that have them. */
  #candidates(selector: Selector): readonly Labelled[] {
    const wanted = selector.find(({ operator }) => operator === "In");
    if (wanted === undefined) return this.#all;
    const byValue = this.#valuesOf(wanted.key);
    return wanted.values.flatMap((value) => byValue.get(value) ?? []);
  }

  #valuesOf(key: string): Map<string, Labelled[]> {
    let byValue = this.#byKey.get(key);
    if (byValue !== undefined) return byValue;
    byValue = new Map<string, Labelled[]>();
    this.#byKey.set(key, byValue);
    for (const one of this.#all) {
      const labels = one[1];
      const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
      if (value === undefined) continue;
      const same = byValue.get(value);
      if (same === undefined) byValue.set(value, [one]);
      else same.push(one);
    }
    return byValue;
  }
}
