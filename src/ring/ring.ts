/**
 * The ring of speakers, as a machine: gossip with every kind of member, and on top of it the fast detector among our
 * own. It answers one question for the election: who is alive.
 */

import {
  Gossip,
  type GossipCommand,
  type GossipEvent,
  type GossipOptions,
  isUsable,
  type Member,
  newsMs,
} from "../memberlist/index.ts";
import { decodeBeatMessage } from "./beat-messages.ts";
import { Claiming, type ClaimingCommand, type ClaimNews } from "./claiming.ts";
import type { AddressUse } from "./claims.ts";
import { Detector, type DetectorCommand, type Finding } from "./detector.ts";
import { describeOwnKind, type OwnKind, type OwnWords, readOwnKind } from "./own-kind.ts";
import type { ResolveCommand } from "./ring-tools.ts";
import type { WatchedMember } from "./watching.ts";

export interface RingOptions extends Omit<GossipOptions, "meta" | "beforeDeath"> {
  /** How often we say that we are there, in milliseconds; 0 switches the fast detector off. */
  readonly beatMs: number;
  /**
   * Where the numbers of our beats and questions begin: above those of any earlier life of ours, so that nobody can
   * pass recorded ones off as new. From 0 to 2^32 - 1.
   */
  readonly firstSeq: number;
}

export type RingEvent =
  | GossipEvent
  /** The addresses of all speakers' pods. */
  | { readonly kind: "addresses"; readonly addresses: ReadonlySet<string> }
  /** The interface with our address can send again. */
  | { readonly kind: "link-returned" }
  /** What others are to know of us from now on; before the start, too. */
  | { readonly kind: "words"; readonly words: OwnWords }
  /** This speaker begins or ends to keep the owner of an address, or to announce it. */
  | { readonly kind: "use"; readonly use: AddressUse };

export type RingCommand =
  | Exclude<
      GossipCommand,
      { kind: "user" | "user-state" | "ack-time" | "suspected" | "checked" | "member" }
    >
  /** `silentMs`: how long ago we heard a beat of it; undefined where we do not watch it. */
  | (Extract<GossipCommand, { kind: "member" }> & { readonly silentMs: number | undefined })
  | ResolveCommand
  | { readonly kind: "finding"; readonly finding: Finding }
  /** Other owners of addresses than were known until now. */
  | ({ readonly kind: "claims" } & ClaimNews);

/** Or of its absence. */
type SignOfLife = Extract<GossipCommand, { kind: "suspected" | "checked" }>;
type InnerCommand = DetectorCommand | ClaimingCommand;

/** 200 ms: two beats and what a busy machine adds stay below half a second; each wakes sender and receiver. */
export const defaultBeatMs = 200;

export class Ring {
  readonly gossip: Gossip;
  readonly #detector: Detector | undefined;
  readonly #claiming: Claiming;
  readonly #dueMs = new Map<string, number>();
  readonly #beatMs: number;

  constructor(options: RingOptions) {
    const { beatMs } = options;
    this.#beatMs = beatMs;
    this.gossip = new Gossip({
      ...options,
      meta: describeOwnKind(beatMs),
      beforeDeath: (name, nowMs) => this.#detector?.beforeDeath(name, nowMs),
      userState: () => this.#claiming.state(),
    });
    const { gossip } = this;
    this.#claiming = new Claiming({
      name: options.name,
      random: options.random,
      members: () => gossip.members,
      user: gossip.sendUser.bind(gossip),
    });
    const tools = {
      name: options.name,
      firstSeq: options.firstSeq,
      members: () => gossip.members,
      user: gossip.sendUser.bind(gossip),
      check: gossip.check.bind(gossip),
      declareDead: gossip.declareDead.bind(gossip),
      speakUp: gossip.speakUp.bind(gossip),
      exchange: gossip.exchange.bind(gossip),
      claims: () => this.#claiming.digest,
      newsMs: () => newsMs(options.timings, gossip.members.size),
    };
    this.#detector = beatMs > 0 ? new Detector(tools, beatMs) : undefined;
  }

  /** Names of those who may announce: alive and suspect members, ourselves included (ML-103, L2-33). */
  *alive(): IterableIterator<string> {
    for (const member of this.gossip.members.values()) {
      if (isUsable(member)) yield member.name;
    }
  }

  /** Those of them that are MetalLB's own speakers: they know nothing of claims. */
  *stock(): IterableIterator<string> {
    for (const member of this.gossip.members.values()) {
      const isOurs =
        member.name === this.gossip.self?.name || readOwnKind(member.meta) !== undefined;
      if (isUsable(member) && !isOurs) yield member.name;
    }
  }

  /** Whether `name` is one of those who may announce. */
  isAlive(name: string): boolean {
    const member = this.gossip.members.get(name);
    return member !== undefined && isUsable(member);
  }

  /** What a member of our kind says of itself; undefined for stock ones, and for who is not there. */
  ownKind(name: string): OwnKind | undefined {
    const member = this.gossip.members.get(name);
    return member && readOwnKind(member.meta);
  }

  /** How many addresses have an owner that is claimed. */
  get claimedAddresses(): number {
    return this.#claiming.size;
  }

  get watchers(): readonly string[] {
    return this.#detector?.watchers ?? [];
  }

  watched(): readonly WatchedMember[] {
    return this.#detector?.watched() ?? [];
  }

  /** How long a member usually takes to answer a ping; undefined before the first. */
  ackMs(name: string): number | undefined {
    return this.#detector?.ackMs(name);
  }

  step(event: RingEvent, nowMs: number): RingCommand[] {
    if (event.kind === "packet") this.#claiming.heard(nowMs);
    const woken = this.#detector?.wakeUp(nowMs) ?? [];
    if (woken.length > 0) this.gossip.slept();
    const commands = this.#settle([...woken, ...this.#take(event, nowMs)], nowMs);
    for (const command of commands) {
      if (command.kind === "set-timer") this.#dueMs.set(command.name, nowMs + command.ms);
      if (command.kind === "cancel-timer") this.#dueMs.delete(command.name);
    }
    return commands;
  }

  #take(event: RingEvent, nowMs: number): InnerCommand[] {
    switch (event.kind) {
      case "addresses":
        this.#takeAddresses(event.addresses);
        return [];
      case "words":
        return this.gossip.describe(describeOwnKind(this.#beatMs, event.words), nowMs);
      case "use":
        return this.#claiming.use(event.use, nowMs);
      case "link-returned":
        return this.#detect((detector) => detector.linkReturned(nowMs));
      case "timer":
        return this.#onTimer(event.name, nowMs) ?? this.gossip.step(event, nowMs);
      case "start":
        return [
          ...this.gossip.step(event, nowMs),
          ...this.#detect((detector) => detector.start(nowMs)),
        ];
      case "leave":
        return [
          ...this.#claiming.leave(),
          ...this.#detect((detector) => detector.stop()),
          ...this.gossip.step(event, nowMs),
        ];
      default:
        return this.gossip.step(event, nowMs);
    }
  }

  /** Nothing where the fast detector is off. */
  #detect(act: (detector: Detector) => DetectorCommand[]): DetectorCommand[] {
    return this.#detector === undefined ? [] : act(this.#detector);
  }

  #takeAddresses(addresses: ReadonlySet<string>): void {
    this.#claiming.setPods(addresses.size);
    this.#detector?.setAddresses(addresses);
  }

  /** Undefined for timers of gossip. */
  #onTimer(name: string, nowMs: number): InnerCommand[] | undefined {
    const lateMs = nowMs - (this.#dueMs.get(name) ?? nowMs);
    this.#dueMs.delete(name);
    return this.#claiming.onTimer(name, nowMs) ?? this.#detector?.onTimer(name, lateMs, nowMs);
  }

  /** Gossip's news go to the detector, whose answers may be news again. */
  #settle(commands: readonly InnerCommand[], nowMs: number): RingCommand[] {
    return commands.flatMap((command): RingCommand[] => {
      switch (command.kind) {
        case "user":
          return this.#onUser(command, nowMs);
        case "user-state":
          return this.#settle(this.#claiming.onState(command.bytes, nowMs), nowMs);
        case "ack-time":
          this.#detector?.onAckTime(command.name, command.ms);
          return [];
        case "suspected":
        case "checked":
          return this.#onSign(command, nowMs);
        case "member":
          return [
            { ...command, silentMs: this.#detector?.silentForMs(command.member.name, nowMs) },
            ...this.#onMember(command.change, command.member, nowMs),
          ];
        default:
          return [command];
      }
    });
  }

  #onSign({ kind, name }: SignOfLife, nowMs: number): RingCommand[] {
    const commands =
      kind === "checked"
        ? this.#detector?.onChecked(name, nowMs)
        : this.#detector?.onSuspected(name, nowMs);
    return this.#settle(commands ?? [], nowMs);
  }

  #onUser(
    { payload, from }: Extract<GossipCommand, { kind: "user" }>,
    nowMs: number,
  ): RingCommand[] {
    const claimed = this.#claiming.onMessage(payload, nowMs);
    if (claimed !== undefined) return this.#settle(claimed, nowMs);
    const message = decodeBeatMessage(payload);
    if (message === undefined || this.#detector === undefined) return [];
    return this.#settle(this.#detector.onMessage(message, from, nowMs), nowMs);
  }

  #onMember(change: "join" | "leave" | "update", member: Member, nowMs: number): RingCommand[] {
    if (change === "join") this.#claiming.joined(nowMs);
    return this.#settle(this.#detector?.onMember(change, member, nowMs) ?? [], nowMs);
  }
}
