/** Says "I am here" to those who watch us, and hails who is lost. */

import { type GossipCommand, type Place, placeOf } from "../memberlist/index.ts";
import type { BeatMessage } from "./beat-messages.ts";
import { LostMembers } from "./lost-members.ts";
import { beating, type ResolveCommand, type RingTools, say } from "./ring-tools.ts";
import { viewOf } from "./view.ts";
import { isWatcher, watchersOf } from "./watchers.ts";

type BeaterCommand = GossipCommand | ResolveCommand;

export class Beater {
  readonly lost = new LostMembers();
  readonly #tools: RingTools;
  #watchers: readonly string[] = [];
  /** Lost members that are ours to hail: each of them costs broadcasts, as nobody answers for its address. */
  #hailed: ReadonlySet<string> = new Set();
  #isOutdated = true;
  #view = 0;
  #seq: number;

  constructor(tools: RingTools) {
    this.#tools = tools;
    this.#seq = tools.firstSeq;
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

  beat(nowMs: number): BeaterCommand[] {
    const released = this.#isOutdated ? this.#chooseWatchers() : [];
    this.#seq = (this.#seq + 1) >>> 0;
    const said = this.#sayAll(false);
    const { name } = this.#tools;
    const hail = { kind: "beat", name, ...this.#numbers(), isLast: false, isHail: true } as const;
    const hails = this.lost.due(this.#hailed, nowMs).flatMap(({ place, isResolved }) => {
      const hailing = say(this.#tools, place, hail);
      return isResolved ? [resolve(place), hailing] : [hailing];
    });
    return [...released, ...said, ...hails];
  }

  /**
   * The way to the others is open again, and the next beat need not wait: those who are to hear it are asked for first.
   */
  linkReturned(): ResolveCommand[] {
    this.lost.hurry();
    return this.#watchers.flatMap((name) => {
      const member = this.#tools.members().get(name);
      return member === undefined ? [] : [resolve(placeOf(member))];
    });
  }

  /** Nobody shall wait for the next beat of one who leaves. */
  stop(): GossipCommand[] {
    const released = this.#sayAll(true);
    this.#watchers = [];
    return released;
  }

  #chooseWatchers(): GossipCommand[] {
    this.#isOutdated = false;
    const { name } = this.#tools;
    this.#view = viewOf(this.#tools.members().values());
    const before = this.#watchers;
    const others = beating(this.#tools.members());
    this.#watchers = watchersOf(name, others);
    this.#hailed = new Set([...this.lost.names()].filter((one) => isWatcher(name, one, others)));
    return before
      .filter((watcher) => !this.#watchers.includes(watcher))
      .flatMap((watcher) => this.#release(watcher));
  }

  /** The very same message to all, so that its packet is made once. */
  #sayAll(isLast: boolean): GossipCommand[] {
    const [first, ...others] = this.#watchers.flatMap(
      (name) => this.#tools.members().get(name) ?? [],
    );
    if (first === undefined) return [];
    const said = say(this.#tools, first, this.#beatOf(isLast));
    if (said.kind !== "send") return [said];
    return [said, ...others.map((member) => ({ ...said, to: placeOf(member) }))];
  }

  /** You need not watch us any more. */
  #release(watcher: string): GossipCommand[] {
    const member = this.#tools.members().get(watcher);
    return member === undefined ? [] : [say(this.#tools, member, this.#beatOf(true))];
  }

  #beatOf(isLast: boolean): BeatMessage {
    return { kind: "beat", name: this.#tools.name, ...this.#numbers(), isLast, isHail: false };
  }

  #numbers(): { readonly seq: number; readonly view: number; readonly claims?: number } {
    const claims = this.#tools.claims();
    return { seq: this.#seq, view: this.#view, ...(claims !== 0 && { claims }) };
  }
}

function resolve({ address }: Place): ResolveCommand {
  return { kind: "resolve", address };
}
