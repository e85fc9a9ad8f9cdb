/** Says "I am here" to those who watch us, and hails who is lost. */

import { type GossipCommand, isUsable } from "../memberlist/index.ts";
import { LostMembers } from "./lost-members.ts";
import { beats, type RingTools, say } from "./ring-tools.ts";
import { viewOf } from "./view-comparison.ts";
import { watchersOf } from "./watchers.ts";

export class Beater {
  readonly lost = new LostMembers();
  readonly #tools: RingTools;
  #watchers: readonly string[] = [];
  #isOutdated = true;
  #view = 0;
  #seq = 0;

  constructor(tools: RingTools) {
    this.#tools = tools;
  }

  get watchers(): readonly string[] {
    return this.#watchers;
  }

  /** Whom we count as alive, as of the last beat. */
  get view(): number {
    return this.#view;
  }

  /** Who watches us is found anew at the next beat: many may come and go between two. */
  membersChanged(): void {
    this.#isOutdated = true;
  }

  beat(nowMs: number): GossipCommand[] {
    const released = this.#isOutdated ? this.#chooseWatchers() : [];
    this.#seq = (this.#seq + 1) >>> 0;
    const said = this.#watchers.flatMap((name) => this.#say(name, false));
    const { name } = this.#tools;
    const hail = { kind: "beat", name, ...this.#numbers(), isLast: false, isHail: true } as const;
    const hails = this.lost.due(nowMs).map((place) => say(this.#tools, place, hail));
    return [...released, ...said, ...hails];
  }

  /** Nobody shall wait for the next beat of one who leaves. */
  stop(): GossipCommand[] {
    const released = this.#watchers.flatMap((name) => this.#say(name, true));
    this.#watchers = [];
    return released;
  }

  #chooseWatchers(): GossipCommand[] {
    this.#isOutdated = false;
    const { name } = this.#tools;
    this.#view = viewOf(this.#tools.members().values());
    const candidates: string[] = [];
    for (const member of this.#tools.members().values()) {
      if (isUsable(member) && beats(member)) candidates.push(member.name);
    }
    const before = this.#watchers;
    this.#watchers = watchersOf(name, candidates);
    return before
      .filter((watcher) => !this.#watchers.includes(watcher))
      .flatMap((watcher) => this.#say(watcher, true));
  }

  #say(watcher: string, isLast: boolean): GossipCommand[] {
    const member = this.#tools.members().get(watcher);
    if (member === undefined) return [];
    const { name } = this.#tools;
    const beat = { kind: "beat", name, ...this.#numbers(), isLast, isHail: false } as const;
    return [say(this.#tools, member, beat)];
  }

  #numbers(): { readonly seq: number; readonly view: number } {
    return { seq: this.#seq, view: this.#view };
  }
}
