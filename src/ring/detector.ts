/**
 * The fast detector among speakers of our own: beats, a silence, an inquiry, a verdict. On top of gossip, and only
 * quicker: what it finds is told as gossip's own "dead", which stock members believe as well (ML-142).
 */

import {
  type GossipCommand,
  isUsable,
  type Member,
  type Place,
  placeOf,
  type Reprieve,
} from "../memberlist/index.ts";
import { AckTimes } from "./ack-times.ts";
import type { BeatMessage } from "./beat-messages.ts";
import { BeatReprieves } from "./beat-reprieves.ts";
import { Beater } from "./beater.ts";
import { Comparison } from "./comparison.ts";
import { type Decided, Inquiries } from "./inquiries.ts";
import { lastLookMs, LastLooks } from "./last-looks.ts";
import { beats, type ResolveCommand, type RingTools, say } from "./ring-tools.ts";
import { type WatchedMember, Watching, type Widening } from "./watching.ts";

/** What the detector found, for people and metrics. */
export type Finding =
  | ({ readonly kind: "decided" } & Decided)
  /** Somebody else hears it, or it spoke up: a false alarm that came to nothing. */
  | { readonly kind: "cleared"; readonly about: string }
  | ({ readonly kind: "widened" } & Widening)
  /** We were stopped for so long ourselves; nobody is accused for that time. */
  | { readonly kind: "paused"; readonly ms: number }
  /** A member that counted as dead is heard again. */
  | { readonly kind: "returned"; readonly name: string };

export type DetectorCommand =
  | GossipCommand
  | ResolveCommand
  | { readonly kind: "finding"; readonly finding: Finding };

type Beat = Extract<BeatMessage, { kind: "beat" }>;

const beatTimer = "beat";
const silenceTimer = "silence";
/** So near its end, a period ends with the first beat of another. */
const joinInShare = 0.3;
/** A timer that comes later than that shows that we did not run. */
const pauseMs = 100;
/** How often a lost member is told that it counts as dead here. */
const callEveryMs = 100;

export class Detector {
  readonly #tools: RingTools;
  readonly #beatMs: number;
  readonly #beater: Beater;
  readonly #watching: Watching;
  readonly #ackTimes = new AckTimes();
  readonly #inquiries: Inquiries;
  readonly #calledMs = new Map<string, number>();
  readonly #lastLooks = new LastLooks();
  readonly #reprieves = new BeatReprieves();
  readonly #views = new Comparison();
  readonly #claims = new Comparison();
  /** Infinite before the first and after the last. */
  #nextBeatMs = Number.POSITIVE_INFINITY;
  /** When something came in or was due last, at least once a beat. */
  #ranMs = Number.POSITIVE_INFINITY;
  /** When we last went on after a pause. */
  #wokenMs = Number.NEGATIVE_INFINITY;
  #isSilenceTimed = false;

  constructor(tools: RingTools, beatMs: number) {
    this.#tools = tools;
    this.#beatMs = beatMs;
    this.#beater = new Beater(tools);
    this.#watching = new Watching(tools);
    this.#inquiries = new Inquiries(tools, this.#watching, this.#ackTimes);
  }

  get watchers(): readonly string[] {
    return this.#beater.watchers;
  }

  watched(): WatchedMember[] {
    return [...this.#watching.members()];
  }

  silentForMs(name: string, nowMs: number): number | undefined {
    return this.#watching.silentForMs(name, nowMs);
  }

  ackMs(name: string): number | undefined {
    return this.#ackTimes.meanMs(name);
  }

  start(nowMs: number): DetectorCommand[] {
    this.#ranMs = nowMs;
    this.#nextBeatMs = nowMs + this.#beatMs;
    return [{ kind: "set-timer", name: beatTimer, ms: this.#beatMs }];
  }

  /** We leave: nobody shall wait for our next beat. */
  stop(): DetectorCommand[] {
    this.#nextBeatMs = Number.POSITIVE_INFINITY;
    const cancelled = [beatTimer, silenceTimer].map(
      (name) => ({ kind: "cancel-timer", name }) as const,
    );
    return [...this.#beater.stop(), ...cancelled, ...this.#inquiries.endAll()];
  }

  /**
   * The link to the others is back: the next beat goes out now. Whoever took over in the meantime tells us by return.
   */
  linkReturned(nowMs: number): DetectorCommand[] {
    const isBeating = this.#nextBeatMs < Number.POSITIVE_INFINITY;
    return isBeating ? [...this.#beater.linkReturned(), ...this.#beat(nowMs)] : [];
  }

  /** The addresses of all speakers' pods: members that have none are not waited for any more. */
  setAddresses(addresses: ReadonlySet<string>): void {
    this.#beater.lost.keepAddresses(addresses);
  }

  onMember(change: "join" | "leave" | "update", member: Member, nowMs: number): DetectorCommand[] {
    this.#beater.membersChanged();
    if (member.name === this.#tools.name) return [];
    if (change === "leave") {
      this.#forget(member.name);
      this.#lastLooks.forget(member.name);
      this.#reprieves.reset(member.name);
      this.#ackTimes.forget(member.name);
      if (beats(member)) {
        this.#watching.inherit(member.name, nowMs);
        if (member.state === "dead") this.#beater.lost.add(member.name, placeOf(member), nowMs);
      }
      return [...this.#inquiries.end(member.name), ...this.#timeSilence(nowMs)];
    }
    if (change === "update") this.#watching.isAt(member.address, member.name, nowMs);
    // What it answers to pings from before tells how long it was away, not how long answers take.
    if (change === "join") this.#ackTimes.forget(member.name);
    if (change !== "join" || !this.#beater.lost.delete(member.name)) return [];
    // Two parts of the ring may have met in us: each learns what the other knows.
    return [
      found({ kind: "returned", name: member.name }),
      ...this.#tools.exchange(placeOf(member)),
    ];
  }

  onAckTime(name: string, ms: number): void {
    this.#ackTimes.add(name, ms);
    this.#reprieves.reset(name);
  }

  /**
   * Gossip gives it many seconds to speak up; among our own the question is settled at once, unless its beats answer
   * it: they say more than the one probe that failed.
   */
  onSuspected(name: string, nowMs: number): DetectorCommand[] {
    const member = this.#tools.members().get(name);
    if (member === undefined || !beats(member) || this.#watching.hears(name, nowMs)) return [];
    return this.#inquiries.begin(name, nowMs);
  }

  /**
   * Gossip's time for a suspect is up. Whose beats we hear gets it again, a few times; about others we ask once more, and
   * believe whoever hears them: where many packets are lost, what the suspect says to the contrary is lost as well.
   */
  beforeDeath(name: string, nowMs: number): Reprieve | undefined {
    const member = this.#tools.members().get(name);
    if (member === undefined || !beats(member)) return undefined;
    if (this.#watching.hears(name, nowMs) && this.#reprieves.grant(name)) return { commands: [] };
    const isHeard = this.#lastLooks.end(name, nowMs);
    if (isHeard === true) return { commands: [] };
    if (isHeard === false) return undefined;
    this.#lastLooks.begin(name, nowMs);
    return { commands: this.#inquiries.begin(name, nowMs), waitMs: lastLookMs };
  }

  /** A ping of ours was answered. */
  onChecked(name: string, nowMs: number): DetectorCommand[] {
    this.#reprieves.reset(name);
    const told = this.#inquiries.onChecked(name, nowMs);
    this.#watching.isThere(name, nowMs);
    return [...told, ...this.#heard(name, nowMs)];
  }

  onMessage(message: BeatMessage, from: Place, nowMs: number): DetectorCommand[] {
    const sender = this.#tools.members().get(message.name);
    if (message.name === this.#tools.name) return [];
    const called = this.#callLost(message, sender, from, nowMs);
    switch (message.kind) {
      case "beat":
        return [...called, ...this.#onBeat(message, from, nowMs)];
      case "ask":
        return [...called, ...this.#inquiries.onAsk(message, nowMs)];
      case "answer":
        if (!this.#inquiries.isAwaited(message)) return called;
        return message.isHeard
          ? [...called, ...this.#heard(message.about, nowMs)]
          : [...called, ...this.#inquiries.onDeaf(message.about, message.name, nowMs)];
      default:
        return [...called, ...this.#tools.speakUp(message.incarnation, from, nowMs)];
    }
  }

  /**
   * Before anything else at that time. Packets that waited while we were stopped may come before the timers: they tell
   * nothing about the network. Nothing where we ran.
   */
  wakeUp(nowMs: number): DetectorCommand[] {
    const lateMs = nowMs - this.#nextBeatMs;
    const woken = this.#slept(lateMs, nowMs) ? this.#afterPause(lateMs, nowMs) : [];
    this.#ranMs = nowMs;
    return woken;
  }

  /** Undefined for timers of others. */
  onTimer(name: string, lateMs: number, nowMs: number): DetectorCommand[] | undefined {
    if (name !== beatTimer && name !== silenceTimer) {
      const result = this.#inquiries.onTimer(name, nowMs);
      if (result === undefined) return undefined;
      if (this.#slept(lateMs, nowMs)) return this.#afterPause(lateMs, nowMs);
      return [...result.commands, ...(result.decided ? this.#decide(result.decided, nowMs) : [])];
    }
    const paused = this.#slept(lateMs, nowMs) ? this.#afterPause(lateMs, nowMs) : [];
    if (name === beatTimer) return [...paused, ...this.#beat(nowMs)];
    return [...paused, ...this.#lookForSilence(nowMs)];
  }

  #beat(nowMs: number): DetectorCommand[] {
    this.#nextBeatMs = nowMs + this.#beatMs;
    return [
      { kind: "set-timer", name: beatTimer, ms: this.#nextBeatMs - nowMs },
      ...this.#beater.beat(nowMs),
      ...this.#timeSilence(nowMs),
    ];
  }

  #onBeat(beat: Beat, from: Place, nowMs: number): DetectorCommand[] {
    const { name, isLast, isHail } = beat;
    if (isHail) return [];
    if (isLast) {
      if (!this.#watching.onLastBeat(beat, from, nowMs)) return [];
      this.#views.forget(name);
      this.#claims.forget(name);
      return this.#inquiries.end(name);
    }
    const news = this.#watching.onBeat(beat, from, nowMs);
    if (news === undefined) return [];
    const { proof, widening } = news;
    const told = widening === undefined ? [] : [found({ kind: "widened", ...widening })];
    const answers = proof === "for-all" ? this.#inquiries.onHeard(name) : [];
    const isProof = proof !== "none" && !this.#reprieves.areSpent(name);
    const heard = !isProof ? [] : [...answers, ...this.#clear(name, nowMs)];
    return [...told, ...heard, ...this.#joinIn(nowMs), ...this.#compareViews(beat, nowMs)];
  }

  /**
   * Beats that are nearly due go out with those that come in: soon the whole ring beats at one time, and nobody is
   * woken for each beat alone. The slower half of a period stays, so that nothing can drive us.
   */
  #joinIn(nowMs: number): DetectorCommand[] {
    const isNearlyDue = this.#nextBeatMs - nowMs <= joinInShare * this.#beatMs;
    return isNearlyDue ? this.#beat(nowMs) : this.#timeSilence(nowMs);
  }

  /** Who sees others than we do, and longer than news take, has missed some, or we have. */
  #compareViews({ name, view, claims = 0 }: Beat, nowMs: number): DetectorCommand[] {
    const member = this.#tools.members().get(name);
    if (member === undefined || !isUsable(member)) return [];
    const patienceMs = this.#tools.newsMs() + 2 * this.#beatMs;
    const views = { own: this.#beater.view, told: view };
    const known = { own: this.#tools.claims(), told: claims };
    const misses = [
      this.#views.differsForLong(name, views, { nowMs, patienceMs }),
      this.#claims.differsForLong(name, known, { nowMs, patienceMs: 2 * this.#beatMs }),
    ];
    return misses.includes(true) ? this.#tools.exchange(placeOf(member)) : [];
  }

  #forget(name: string): void {
    this.#watching.forget(name);
    this.#views.forget(name);
    this.#claims.forget(name);
  }

  /** It is there: an inquiry about it is over, and whoever asked us shall know. */
  #heard(about: string, nowMs: number): DetectorCommand[] {
    return [...this.#inquiries.onHeard(about), ...this.#clear(about, nowMs)];
  }

  #clear(about: string, nowMs: number): DetectorCommand[] {
    this.#lastLooks.heard(about);
    if (!this.#inquiries.has(about)) return [];
    const commands = this.#inquiries.end(about);
    this.#watching.postpone(about, nowMs + 2 * this.#beatMs);
    const cleared = found({ kind: "cleared", about });
    return [...commands, cleared, ...this.#timeSilence(nowMs)];
  }

  /**
   * One timer for all who are watched: it looks who has been silent, and goes on to the next. Not set while our own
   * next beat comes before: we look again then.
   */
  #timeSilence(nowMs: number): DetectorCommand[] {
    const nextMs = this.#isSilenceTimed ? undefined : this.#watching.nextMs();
    const isBeating = this.#nextBeatMs < Number.POSITIVE_INFINITY;
    if (nextMs === undefined || !isBeating || nextMs > this.#nextBeatMs) return [];
    this.#isSilenceTimed = true;
    return [{ kind: "set-timer", name: silenceTimer, ms: Math.max(1, nextMs - nowMs) }];
  }

  #lookForSilence(nowMs: number): DetectorCommand[] {
    this.#isSilenceTimed = false;
    const begun = this.#watching.silent(nowMs).flatMap((name) => {
      if (this.#inquiries.has(name)) return [];
      const commands = this.#inquiries.begin(name, nowMs);
      this.#watching.postpone(name, nowMs + 4 * this.#beatMs);
      return commands;
    });
    return [...begun, ...this.#timeSilence(nowMs)];
  }

  #decide(decided: Decided, nowMs: number): DetectorCommand[] {
    const { about, verdict } = decided;
    const finding = found({ kind: "decided", ...decided });
    if (verdict === "dead") return [finding, ...this.#tools.declareDead(about, nowMs)];
    // Others may only have been slow to answer: they are asked again soon.
    this.#watching.postpone(about, nowMs + this.#beatMs);
    return [finding, ...this.#timeSilence(nowMs)];
  }

  /** Something due so late shows a pause, unless it was found already by a packet or timer of the same moment. */
  #slept(lateMs: number, nowMs: number): boolean {
    return lateMs > pauseMs && nowMs - this.#wokenMs >= pauseMs / 2;
  }

  /** Whoever was stopped has heard nobody, which says nothing about anybody. */
  #afterPause(ms: number, nowMs: number): DetectorCommand[] {
    this.#wokenMs = nowMs;
    // Nobody knows when the pause began, only when we last ran: somewhere in a period without a timer of ours.
    this.#watching.forgiveAll(Math.max(ms, nowMs - this.#ranMs), nowMs);
    return [found({ kind: "paused", ms }), ...this.#inquiries.endAll()];
  }

  /**
   * One who is gone and yet speaks is told so, also after a goodbye: it may be back, and its news be lost. One that was
   * forgotten is met with an exchange.
   */
  #callLost(
    message: BeatMessage,
    sender: Member | undefined,
    from: Place,
    nowMs: number,
  ): DetectorCommand[] {
    if (sender !== undefined && isUsable(sender)) return [];
    const calledMs = this.#calledMs.get(message.name) ?? Number.NEGATIVE_INFINITY;
    if (nowMs - calledMs < callEveryMs) return [];
    if (this.#calledMs.size > 4096) this.#calledMs.clear();
    this.#calledMs.set(message.name, nowMs);
    if (sender === undefined) return this.#tools.exchange(from);
    const { name } = this.#tools;
    const missing = { kind: "missing", name, incarnation: sender.incarnation } as const;
    return [say(this.#tools, from, missing)];
  }
}

function found(finding: Finding): DetectorCommand {
  return { kind: "finding", finding };
}
