/** What the layer 2 advertisements of a pool say about one service: from which nodes, on which interfaces, preferred where. */
import { type L2Advertisement, matchesAnySelector, type Pool } from "../config/index.ts";
import type { Labels, ServiceView } from "../kube/index.ts";
import type { Scores } from "./layer2-election.ts";

const SHARING_KEYS = ["metallb.io/allow-shared-ip", "metallb.universe.tf/allow-shared-ip"];

const NO_SCORES: Scores = new Map();

/** By pool: its advertisements that match, so that services with the same ones share one list. */
const selections = new WeakMap<Pool, Map<string, readonly L2Advertisement[]>>();

/** The pool's advertisements that match the service's labels (L2-36); equal answers are the same list. */
export function advertisementsFor(pool: Pool, labels: Labels): readonly L2Advertisement[] {
  const all = pool.l2Advertisements;
  const matches = all.map(({ serviceSelectors }) => {
    return serviceSelectors.length === 0 || matchesAnySelector(serviceSelectors, labels);
  });
  if (!matches.includes(false)) return all;
  const known = selections.get(pool) ?? new Map<string, readonly L2Advertisement[]>();
  selections.set(pool, known);
  const which = matches.join();
  const selection = known.get(which) ?? all.filter((_, index) => matches[index]);
  known.set(which, selection);
  return selection;
}

/** Does at least one advertisement let this node announce? (L2-30) */
export function selectsNode(advertisements: readonly L2Advertisement[], node: string): boolean {
  return advertisements.some(({ nodes }) => nodes?.has(node) ?? true);
}

/** On which interfaces the node announces; undefined: on all (L2-75). */
export function interfacesOn(
  advertisements: readonly L2Advertisement[],
  node: string,
): ReadonlySet<string> | undefined {
  const names = new Set<string>();
  for (const { nodes, interfaces } of advertisements) {
    if (nodes?.has(node) === false) continue;
    if (interfaces === undefined) return undefined;
    for (const name of interfaces) names.add(name);
  }
  return names;
}

/** Sums of the preferences of all advertisements that match the service, own node or not (L2-44, L2-45, CFG-37). */
export function scoresOf(advertisements: readonly L2Advertisement[]): Scores {
  if (advertisements.every(({ preference }) => preference.size === 0)) return NO_SCORES;
  const scores = new Map<string, number>();
  for (const { preference } of advertisements) {
    for (const [node, score] of preference) scores.set(node, (scores.get(node) ?? 0) + score);
  }
  return scores;
}

/** L2-37: services that share an address must not be told apart by their labels. */
export function isSharedButSelected(
  advertisements: readonly L2Advertisement[],
  { annotations }: Pick<ServiceView, "annotations">,
): boolean {
  return (
    isShared({ annotations }) &&
    advertisements.some(({ serviceSelectors }) => serviceSelectors.length > 0)
  );
}

/** Whether the Service may share its address with others. */
export function isShared({ annotations }: Pick<ServiceView, "annotations">): boolean {
  return SHARING_KEYS.some((key) => Object.hasOwn(annotations, key));
}
