/** What the members of our kind say that their interfaces can answer. */

import { type AnsweringAbility, parseAbility } from "../layer2/index.ts";
import type { Ring } from "../ring/index.ts";

/** The word of a member's own kind that says it. */
export const abilityWord = "l2";

interface Read {
  readonly text: string;
  readonly ability: AnsweringAbility;
}

/** Equal texts of a member are read once, so that what did not change stays the same object. */
export class MemberAbilities {
  #known = new Map<string, Read>();

  /** By name; no entry for stock members, and for those of ours that say nothing about it. */
  of(ring: Pick<Ring, "alive" | "ownKind">): ReadonlyMap<string, AnsweringAbility> {
    const known = new Map<string, Read>();
    for (const name of ring.alive()) {
      const text = ring.ownKind(name)?.words.get(abilityWord);
      if (text === undefined) continue;
      const before = this.#known.get(name);
      const isSame = before?.text === text;
      known.set(name, isSame ? before : { text, ability: parseAbility(text) });
    }
    this.#known = known;
    return new Map([...known].map(([name, { ability }]) => [name, ability]));
  }
}
