/**
 * Finds news that never arrived: gossip tells each a few times and to a few only, so now and then somebody misses some.
 * Members of our kind say with each beat whom they count as alive; those who differ for long exchange their tables.
 */

import { isUsable, type Member } from "../memberlist/index.ts";
import { readOwnKind } from "./own-kind.ts";
import { hashOf } from "./watchers.ts";

/** All who may announce, where they are, and what our kind says of itself, in 32 bits; the order is of no importance. */
export function viewOf(members: Iterable<Member>): number {
  let view = 0;
  for (const member of members) {
    if (!isUsable(member)) continue;
    const { name, address, meta } = member;
    view ^= hashOf(name, "\n", address, "\n", readOwnKind(meta)?.text ?? "");
  }
  return view >>> 0;
}

export class ViewComparison {
  /** By the name of a member that sees others than we do: since when. */
  readonly #differsMs = new Map<string, number>();

  /**
   * Whether it is time to exchange tables with `name`: views that differ for a moment are nothing, as news are on
   * their way for `patienceMs`.
   */
  differsForLong(
    name: string,
    views: { readonly own: number; readonly told: number },
    { nowMs, patienceMs }: { readonly nowMs: number; readonly patienceMs: number },
  ): boolean {
    if (views.own === views.told) {
      this.#differsMs.delete(name);
      return false;
    }
    const sinceMs = this.#differsMs.get(name) ?? nowMs;
    const isLong = nowMs - sinceMs >= patienceMs;
    // Afterwards the exchange has its time to work.
    this.#differsMs.set(name, isLong ? nowMs : sinceMs);
    return isLong;
  }

  forget(name: string): void {
    this.#differsMs.delete(name);
  }
}
