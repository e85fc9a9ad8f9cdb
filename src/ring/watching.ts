/** The members whose beats we hear, and who of them has been silent for too long. */

import { isUsable, type Member, type Place } from "../memberlist/index.ts";
import {
  type BeatRecord,
  begunAnew,
  firstBeat,
  isNext,
  isSpent,
  shortestSilenceMs,
  silenceMs,
  withBeat,
} from "./beat-record.ts";
import { readOwnKind } from "./own-kind.ts";
import { beating, type RingTools } from "./ring-tools.ts";
import { isWatcher, watchesBefore } from "./watchers.ts";

interface Watch {
  record: BeatRecord;
  /** No beat was heard yet: it belonged to another watcher. */
  readonly isInherited: boolean;
  /** When the first beat was heard, or the wait for it began. */
  readonly sinceMs: number;
  /** Where its beats come from. */
  source: string;
  /** Until then its numbers may begin anew, and its beats come from wherever they do. */
  openUntilMs: number;
  /** They began anew with lower ones since, which may be recorded ones: higher ones are still welcome. */
  isLowered: boolean;
  /** After an inquiry without a verdict: not earlier. */
  notBeforeMs: number;
  isWidened: boolean;
}

export interface WatchedMember {
  readonly name: string;
  readonly heardMs: number;
  /** Silence that leads to questions, and the same on a perfect network. */
  readonly silenceMs: number;
  readonly shortestMs: number;
  readonly loss: number;
  readonly jitterMs: number;
}

/** The network asks for more patience, or no longer does. */
export interface Widening {
  readonly name: string;
  readonly isWidened: boolean;
  readonly silenceMs: number;
}

/** Said when the patience is that much longer than the shortest, and taken back a little below. */
const widenedFactor = 1.5;
const narrowedFactor = 1.3;

/**
 * A watch that is older began in the life of its member, as no death among our own stays unnoticed for so long: whoever
 * sends recorded beats of a dead one might begin a watch with them.
 */
const oldAfterMs = 5000;

/** Whom a beat convinces: the first one nobody, as there is nothing to compare it with. */
type Proof = "none" | "for-us" | "for-all";

export class Watching {
  readonly #tools: RingTools;
  readonly #watches = new Map<string, Watch>();

  constructor(tools: RingTools) {
    this.#tools = tools;
  }

  *members(): IterableIterator<WatchedMember> {
    for (const [name, { record }] of this.#watches) {
      const { heardMs, loss, jitterMs, beatMs } = record;
      const shortestMs = shortestSilenceMs(beatMs);
      yield { name, heardMs, silenceMs: silenceMs(record), shortestMs, loss, jitterMs };
    }
  }

  /**
   * Undefined where the beat is no sign of life: not the next after the last one, from elsewhere, of nobody who beats, or
   * of one whom others watch. Else to whom it proves that the member lives, and whether the patience with it changed enough
   * to tell.
   */
  onBeat(
    { name, seq }: { readonly name: string; readonly seq: number },
    { address: source }: Place,
    nowMs: number,
  ): { readonly proof: Proof; readonly widening: Widening | undefined } | undefined {
    const beatMs = beatMsOf(this.#tools.members().get(name));
    if (beatMs === 0) return undefined;
    const watch = this.#watches.get(name);
    if (watch === undefined || watch.isInherited || watch.record.beatMs !== beatMs) {
      if (!this.#watchesMe(name)) return undefined;
      this.#begin(name, { record: firstBeat(beatMs, seq, nowMs), source, isInherited: false });
      return { proof: "none", widening: undefined };
    }
    if (!takeIn(watch, { seq, source }, nowMs)) return undefined;
    return { proof: isOld(watch, nowMs) ? "for-all" : "for-us", widening: widening(name, watch) };
  }

  /**
   * It answers a ping where it lives. If we have not heard its beats for so long all the same, they may come from
   * another address, or it started anew while its clock went back.
   */
  isThere(name: string, nowMs: number): void {
    const watch = this.#watches.get(name);
    if (watch !== undefined && isLate(watch, nowMs)) this.open(name, nowMs);
  }

  /** It says that it lives at that address: nothing new where its beats come from there. */
  isAt(address: string, name: string, nowMs: number): void {
    if (this.#watches.get(name)?.source !== address) this.open(name, nowMs);
  }

  /** It may have moved: the next of its beats shows where to. Not for long, or one sent again would do for it. */
  open(name: string, nowMs: number): void {
    const watch = this.#watches.get(name);
    if (watch === undefined) return;
    watch.openUntilMs = nowMs + 2 * watch.record.beatMs;
    watch.isLowered = false;
  }

  /** It need not be watched any more, it says. False where that is an old word, or another's. */
  onLastBeat(
    { name, seq }: { readonly name: string; readonly seq: number },
    { address }: Place,
    nowMs: number,
  ): boolean {
    const watch = this.#watches.get(name);
    if (watch === undefined || watch.source !== address) return false;
    if (seq !== watch.record.seq && !isNext(watch.record, seq, nowMs)) return false;
    return this.#watches.delete(name);
  }

  /**
   * A watcher is gone: whom it watched and we are to watch now may have died with it, and would never tell us. From
   * now on we wait for its beats.
   */
  inherit(gone: string, nowMs: number): void {
    const members = this.#tools.members();
    const { name: own } = this.#tools;
    const others = beating(members);
    for (const name of others) {
      if (name === own || this.#watches.has(name) || !watchesBefore(gone, own, name)) continue;
      if (!isWatcher(own, name, others)) continue;
      const beatMs = beatMsOf(members.get(name));
      const record = firstBeat(beatMs, 0, nowMs);
      this.#begin(name, { record, source: "", isInherited: true });
    }
  }

  forget(name: string): void {
    this.#watches.delete(name);
  }

  /** How long ago it was heard; undefined where we do not watch it. */
  silentForMs(name: string, nowMs: number): number | undefined {
    const watch = this.#watches.get(name);
    return watch && nowMs - watch.record.heardMs;
  }

  /** Its beats say that it is there, and have not been missing for too long. */
  hears(name: string, nowMs: number): boolean {
    const watch = this.#watches.get(name);
    return watch !== undefined && isOld(watch, nowMs) && !isLate(watch, nowMs);
  }

  /** The share of its beats that are lost, as far as measured. */
  loss(name: string): number {
    return this.#watches.get(name)?.record.loss ?? 0;
  }

  isSilent(name: string, nowMs: number): boolean {
    const watch = this.#watches.get(name);
    return watch !== undefined && nowMs >= expiryMs(watch);
  }

  /** When the first of them will have been silent for too long; undefined while none is watched. */
  nextMs(): number | undefined {
    if (this.#watches.size === 0) return undefined;
    return Math.min(...[...this.#watches.values()].map(expiryMs));
  }

  /**
   * Who is silent now. Members that chose others to watch them, as far as we can see, are forgotten instead:
   * their word that they did so may have been lost.
   */
  silent(nowMs: number): string[] {
    const silent = [...this.#watches]
      .filter(([, watch]) => nowMs >= expiryMs(watch))
      .map(([name]) => name);
    return silent.filter((name) => {
      if (this.#watchesMe(name)) return true;
      this.#watches.delete(name);
      return false;
    });
  }

  postpone(name: string, untilMs: number): void {
    const watch = this.#watches.get(name);
    if (watch !== undefined) watch.notBeforeMs = untilMs;
  }

  /** We did not listen for so long: that time is no silence of anybody's. */
  forgiveAll(pauseMs: number, nowMs: number): void {
    for (const watch of this.#watches.values()) {
      const heardMs = Math.min(nowMs, watch.record.heardMs + pauseMs);
      watch.record = { ...watch.record, heardMs };
    }
  }

  #begin(name: string, heard: Pick<Watch, "record" | "source" | "isInherited">): void {
    const { heardMs: sinceMs } = heard.record;
    const begun = { sinceMs, openUntilMs: 0, isLowered: false, notBeforeMs: 0, isWidened: false };
    this.#watches.set(name, { ...heard, ...begun });
  }

  #watchesMe(name: string): boolean {
    const members = this.#tools.members();
    const member = members.get(name);
    if (member === undefined || !isUsable(member)) return false;
    return isWatcher(this.#tools.name, name, beating(members));
  }
}

/** 0 for a member that does not beat, is gone, or was never there. */
function beatMsOf(member: Member | undefined): number {
  if (member === undefined || !isUsable(member)) return 0;
  return readOwnKind(member.meta)?.beatMs ?? 0;
}

/** Whether the beat counts: the next one, or one that begins the numbers anew where they may. */
function takeIn(
  watch: Watch,
  { seq, source }: { readonly seq: number; readonly source: string },
  nowMs: number,
): boolean {
  const goesOn = watch.source === source && isNext(watch.record, seq, nowMs);
  if (!goesOn && !isWelcome(watch, seq, nowMs)) return false;
  if (!goesOn) watch.isLowered = !isHigher(watch.record, seq);
  watch.record = (goesOn ? withBeat : begunAnew)(watch.record, seq, nowMs);
  watch.source = source;
  if (!watch.isLowered) watch.openUntilMs = 0;
  return true;
}

/** Whether a beat that is not the next one may begin a row: only for a moment after its member answered or moved. */
function isWelcome({ record, openUntilMs, isLowered }: Watch, seq: number, nowMs: number): boolean {
  if (nowMs >= openUntilMs || isSpent(record, seq)) return false;
  return !isLowered || isHigher(record, seq);
}

/** Who begins anew has higher numbers than before, unless its clock went back. */
function isHigher(record: BeatRecord, seq: number): boolean {
  return (seq - record.seq) >>> 0 < 0x8000_0000;
}

function isOld({ sinceMs }: Watch, nowMs: number): boolean {
  return nowMs - sinceMs >= oldAfterMs;
}

function isLate({ record }: Watch, nowMs: number): boolean {
  return nowMs >= record.heardMs + silenceMs(record);
}

function expiryMs({ record, notBeforeMs }: Watch): number {
  return Math.max(notBeforeMs, record.heardMs + silenceMs(record));
}

function widening(name: string, watch: Watch): Widening | undefined {
  const now = silenceMs(watch.record);
  const factor = now / shortestSilenceMs(watch.record.beatMs);
  const isWidened = watch.isWidened ? factor > narrowedFactor : factor > widenedFactor;
  if (isWidened === watch.isWidened) return undefined;
  watch.isWidened = isWidened;
  return { name, isWidened, silenceMs: now };
}
