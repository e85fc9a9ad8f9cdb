/** The members whose beats we hear, and who of them has been silent for too long. */

import { isUsable, type Place } from "../memberlist/index.ts";
import {
  type BeatRecord,
  firstBeat,
  isNewer,
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
  isInherited: boolean;
  /** Where its beats come from; undefined: the next one tells. */
  source: string | undefined;
  /** Of the member when its last beat came: who starts anew has a higher one. */
  incarnation: number;
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
   * Undefined where the beat is no sign of life: not newer than the last one, from elsewhere, or of nobody who beats.
   * Else whether the patience with this member changed enough to tell.
   */
  onBeat(
    { name, seq }: { readonly name: string; readonly seq: number },
    { address: source }: Place,
    nowMs: number,
  ): { readonly widening: Widening | undefined } | undefined {
    const member = this.#tools.members().get(name);
    const beatMs = member && readOwnKind(member.meta)?.beatMs;
    if (!member || !beatMs || !isUsable(member)) return undefined;
    const { incarnation } = member;
    const watch = this.#watches.get(name);
    if (watch === undefined || watch.isInherited || watch.record.beatMs !== beatMs) {
      const record = firstBeat(beatMs, seq, nowMs);
      this.#begin(name, { record, source, incarnation, isInherited: false });
      return { widening: undefined };
    }
    if (!isSignOfLife(watch, { seq, source, incarnation })) return undefined;
    const isNews = isNewer(watch.record, seq);
    watch.record = isNews ? withBeat(watch.record, seq, nowMs) : firstBeat(beatMs, seq, nowMs);
    watch.source = source;
    watch.incarnation = incarnation;
    return { widening: widening(name, watch) };
  }

  /** It answers where its member lives, so its beats may come from another address now. */
  isThere(name: string): void {
    const watch = this.#watches.get(name);
    if (watch !== undefined) watch.source = undefined;
  }

  /** It need not be watched any more, it says. False where that is an old word, or another's. */
  onLastBeat(
    { name, seq }: { readonly name: string; readonly seq: number },
    { address }: Place,
  ): boolean {
    const watch = this.#watches.get(name);
    if (watch === undefined || (watch.source !== undefined && watch.source !== address))
      return false;
    if (seq !== watch.record.seq && !isNewer(watch.record, seq)) return false;
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
      const { meta, incarnation } = members.get(name)!;
      const beatMs = readOwnKind(meta)?.beatMs;
      if (beatMs === undefined || !isWatcher(own, name, others)) continue;
      const record = firstBeat(beatMs, 0, nowMs);
      this.#begin(name, { record, source: undefined, incarnation, isInherited: true });
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

  #begin(name: string, heard: Omit<Watch, "notBeforeMs" | "isWidened">): void {
    this.#watches.set(name, { ...heard, notBeforeMs: 0, isWidened: false });
  }

  #watchesMe(name: string): boolean {
    const members = this.#tools.members();
    const member = members.get(name);
    if (member === undefined || !isUsable(member)) return false;
    return isWatcher(this.#tools.name, name, beating(members));
  }
}

/** From where the member beat before, and newer; or it started anew, and its clock may have gone back meanwhile. */
function isSignOfLife(
  watch: Watch,
  beat: { readonly seq: number; readonly source: string; readonly incarnation: number },
): boolean {
  const isFromThere = watch.source === undefined || watch.source === beat.source;
  return isFromThere && (isNewer(watch.record, beat.seq) || beat.incarnation > watch.incarnation);
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
