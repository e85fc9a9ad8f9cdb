/** The nodes as elections see them: who is known, whose speaker lives, and who is fit to announce. */
import type { Generation } from "../config/index.ts";
import type { Node } from "../kube/index.ts";
import type { AnsweringAbility } from "../layer2/index.ts";
import { isNotReady, unfitness } from "./eligible-nodes.ts";

/** Whether elections of a generation may end differently after a change of nodes. */
export type ElectionEffect = Readonly<Record<Generation, boolean>>;

/** Why a node may not announce, whatever the Service: the ring lost its speaker, or its Node object says so. */
export type NodeObjection =
  | { readonly because: "ring" }
  | { readonly because: "node"; readonly detail: string };

/** With gossip its members live (L2-21, L2-22); without, whomever the API calls ready. */
export class Electorate {
  readonly #ignoresExcludeLabel: boolean;
  readonly #candidates = new Set<string>();
  /** With the reason. */
  readonly #unfit = new Map<string, string>();
  /** Nodes that are gone, or not ready. */
  readonly #dead = new Map<string, "gone" | "not ready">();
  #members: ReadonlySet<string> | undefined;
  #abilities: ReadonlyMap<string, AnsweringAbility> = new Map();
  #names: ReadonlySet<string> = new Set();

  constructor(ignoresExcludeLabel: boolean) {
    this.#ignoresExcludeLabel = ignoresExcludeLabel;
  }

  /** All nodes of the API, and members that it does not know; another set only after one came or went. */
  get names(): ReadonlySet<string> {
    return this.#names;
  }

  /** What the interfaces of a node can answer, as its speaker says; undefined for stock speakers, and without gossip. */
  abilityOf(name: string): AnsweringAbility | undefined {
    return this.#abilities.get(name);
  }

  /** Later releases: known, alive, and neither excluded nor without network (L2-22, L2-24, L2-25). */
  isCandidate(name: string): boolean {
    return this.#candidates.has(name);
  }

  /** v0.9.5: without gossip a node that was never seen is not dead: it trusts the endpoints. */
  isAlive(name: string): boolean {
    return this.#members?.has(name) ?? !this.#dead.has(name);
  }

  /** Why the node may not announce now; undefined: nothing speaks against it. v0.9.5 looks at no labels (L2-28). */
  objection(name: string, generation: Generation): NodeObjection | undefined {
    if (this.#members !== undefined) {
      if (!this.#members.has(name)) return { because: "ring" };
    } else {
      const state = this.#dead.get(name);
      const detail = state === "gone" ? "its Node object is gone" : "its Node object is not Ready";
      if (state !== undefined) return { because: "node", detail };
    }
    const detail = generation === "modern" ? this.#unfit.get(name) : undefined;
    return detail === undefined ? undefined : { because: "node", detail };
  }

  /** Takes a node that is new, different or gone (undefined). Heartbeats have no effect (L2-58). */
  setNode(name: string, node: Node | undefined): ElectionEffect {
    const wasAlive = this.isAlive(name);
    if (node === undefined) this.#dead.set(name, "gone");
    else if (isNotReady(node)) this.#dead.set(name, "not ready");
    else this.#dead.delete(name);
    // A member that the API does not know has no label and no condition (L2-29).
    const reason = node && unfitness(node, this.#ignoresExcludeLabel);
    if (reason === undefined) this.#unfit.delete(name);
    else this.#unfit.set(name, reason);
    const isKnown = node !== undefined || this.#members?.has(name) === true;
    if (isKnown !== this.#names.has(name)) this.#follow(name, isKnown);
    return { legacy: wasAlive !== this.isAlive(name), modern: this.#judge(name) };
  }

  /**
   * Takes the names that gossip counts as alive, suspects included (L2-33), and what they can answer; from then on the
   * API is not asked. `isOnlyOfLinks`: the names are the same as before, and what some can answer is not.
   */
  setMembers(
    members: ReadonlySet<string>,
    abilities: ReadonlyMap<string, AnsweringAbility> = new Map(),
  ): { readonly isOnlyOfLinks: boolean } {
    const before = this.#members;
    const isSame = before?.size === members.size && [...members].every((name) => before.has(name));
    const isOnlyOfLinks = isSame && !areSame(abilities, this.#abilities);
    this.#members = members;
    this.#abilities = abilities;
    for (const name of members) if (!this.#names.has(name)) this.#follow(name, true);
    for (const name of this.#names) this.#judge(name);
    return { isOnlyOfLinks };
  }

  /** Answers whether the node stands now and did not, or the other way round. */
  #judge(name: string): boolean {
    const isAlive = this.#names.has(name) && this.isAlive(name);
    const isFit = isAlive && !this.#unfit.has(name);
    if (isFit === this.#candidates.has(name)) return false;
    if (isFit) this.#candidates.add(name);
    else this.#candidates.delete(name);
    return true;
  }

  #follow(name: string, isKnown: boolean): void {
    const names = new Set(this.#names);
    if (isKnown) names.add(name);
    else names.delete(name);
    this.#names = names;
  }
}

function areSame(
  some: ReadonlyMap<string, AnsweringAbility>,
  others: ReadonlyMap<string, AnsweringAbility>,
): boolean {
  return some.size === others.size && [...some].every(([name, one]) => others.get(name) === one);
}
