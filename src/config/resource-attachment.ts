/** Which pools and nodes an advertisement is for (CFG-34). */
import { LabelIndex } from "./label-index.ts";
import type { NodeNames } from "./config.ts";
import type { Fields, Word } from "./resource-fields.ts";
import type { PoolDraft } from "./resource-pools.ts";
import type { SelectorList } from "./resource-selectors.ts";

/** What advertisements are resolved against. */
export interface Targets {
  /** By name, sorted. */
  readonly pools: ReadonlyMap<string, PoolDraft>;
  readonly poolLabels: LabelIndex;
  readonly nodes: LabelIndex;
}

export function targetsOf(pools: ReadonlyMap<string, PoolDraft>, nodes: LabelIndex): Targets {
  const labelled = [...pools.values()].map(({ name, labels }) => [name, labels] as const);
  return { pools, poolLabels: new LabelIndex(labelled), nodes };
}

/** Each selected pool once: the named ones, then by label; all if nothing is asked for. */
export function selectPools(
  names: readonly Word[],
  selectors: SelectorList,
  { pools, poolLabels }: Targets,
): readonly PoolDraft[] {
  const matching = poolLabels.namesMatching(selectors.compile());
  if (names.length + selectors.length === 0) return [...pools.values()];
  const selected = new Set([...names.map(({ text }) => text), ...[...matching].sort()]);
  // A name that no pool has is ignored: the pool may come later.
  return [...selected].flatMap((name) => pools.get(name) ?? []);
}

/** Names of the nodes that match; undefined where no selector is given: all, also later ones. */
export function selectNodes(selectors: SelectorList, nodes: LabelIndex): NodeNames {
  const compiled = selectors.compile();
  return selectors.length === 0 ? undefined : nodes.namesMatching(compiled);
}

/** CFG-34: no name twice in a list. */
export function refuseRepeats(words: readonly Word[], code: string, spec: Fields): void {
  const seen = new Set<string>();
  for (const { text, path } of words) {
    if (seen.has(text)) {
      const message = `"${text}" is listed twice`;
      spec.report.add({ code, path, value: text, message, fix: "remove one of the two" });
    }
    seen.add(text);
  }
}
