/** The nodes as elections see them: who is known, whose speaker lives, and who is fit to announce. */
import type { Generation } from "../config/index.ts";
import type { Node } from "../kube/index.ts";
import { isNotReady, unfitness } from "./eligible-nodes.ts";

/** Whether elections of a generation may end differently after a change of nodes. */
export type ElectionEffect = Readonly<Record<Generation, boolean>>;

/** Until gossip tells more, a speaker lives as long as the API calls its node ready (L2-22). */
export class Electorate {
  readonly #ignoresExcludeLabel: boolean;
  readonly #candidates = new Set<string>();
  readonly #dead = new Set<string>();
  #names: ReadonlySet<string> = new Set();

  constructor(ignoresExcludeLabel: boolean) {
    this.#ignoresExcludeLabel = ignoresExcludeLabel;
  }

  /** All nodes of the API; another set only after one came or went. */
  get names(): ReadonlySet<string> {
    return this.#names;
  }

  /** Later releases: known, alive, and neither excluded nor without network (L2-22, L2-24, L2-25). */
  isCandidate(name: string): boolean {
    return this.#candidates.has(name);
  }

  /** v0.9.5: a node that was deleted is dead, one that was never seen is not: it trusts the endpoints. */
  isAlive(name: string): boolean {
    return !this.#dead.has(name);
  }

  /** Takes a node that is new, different or gone (undefined). Heartbeats have no effect (L2-58). */
  setNode(name: string, node: Node | undefined): ElectionEffect {
    const isDead = node === undefined || isNotReady(node);
    const legacy = isDead !== this.#dead.has(name);
    if (isDead) this.#dead.add(name);
    else this.#dead.delete(name);
    const isFit = !isDead && unfitness(node, this.#ignoresExcludeLabel) === undefined;
    const modern = isFit !== this.#candidates.has(name);
    if (isFit) this.#candidates.add(name);
    else this.#candidates.delete(name);
    if ((node !== undefined) !== this.#names.has(name)) this.#follow(name, node !== undefined);
    return { legacy, modern };
  }

  #follow(name: string, isKnown: boolean): void {
    const names = new Set(this.#names);
    if (isKnown) names.add(name);
    else names.delete(name);
    this.#names = names;
  }
}
