/**
 * One node's side of the gossip protocol, as a machine: messages, timers and wishes go in, packets, connections
 * and timers come out (gossip.md). Speaks with hashicorp/memberlist 0.1.7 to 0.7; reads no clock and opens nothing.
 */

import { addressFromBytes, formatAddress } from "../ip/index.ts";
import { Checks } from "./checks.ts";
import { Exchanges } from "./exchanges.ts";
import { conflictLine, deadLine, refutedLine, wrongPingLine } from "./gossip-lines.ts";
import { type GossipCommand, type GossipEvent, memberChange, setTimer } from "./gossip-messages.ts";
import type { GossipOptions } from "./gossip-options.ts";
import { type DeadMessage, isUsable, type Member, type Place } from "./member.ts";
import type { SuspectMessage } from "./member.ts";
import { aliveMessageOf, Membership, type MembershipEffect } from "./membership.ts";
import { placeOf, Postman, sourceOf } from "./postman.ts";
import { pick } from "./probe-order.ts";
import { type AskedMember, Prober } from "./prober.ts";
import { Relays } from "./relays.ts";
import { suspicionEndsMs } from "./suspicion.ts";
import { pushPullIntervalMs } from "./timings.ts";
import type { Accusation, IndirectPing, PacketMessage, Ping } from "./wire/index.ts";

/** The goodbye is worth so long a wait (ML-108). */
const leaveWaitMs = 1000;
/** Told members come from no packet, and none of them is answered. */
const nowhere: Place = { address: "", port: 0 };
/** A timer that comes later than that shows that this process was stopped. */
const sleptMs = 100;
const suspicionPrefix = "suspicion-";
const nothing = new Uint8Array();

export class Gossip {
  readonly #options: GossipOptions;
  readonly #membership: Membership;
  readonly #postman: Postman;
  readonly #prober: Prober;
  readonly #relays: Relays;
  readonly #exchanges: Exchanges;
  readonly #checks: Checks;
  readonly #dueMs = new Map<string, number>();
  #gossipedMs = Number.NEGATIVE_INFINITY;
  #isGossipTimed = false;

  constructor(options: GossipOptions) {
    const { timings } = options;
    this.#options = options;
    this.#membership = new Membership(options);
    this.#postman = new Postman(options, () => this.members.size);
    this.#relays = new Relays(timings.probeTimeoutMs);
    this.#checks = new Checks(this.#postman, timings.tcpTimeoutMs);
    this.#exchanges = new Exchanges({
      name: options.name,
      timings,
      members: () => this.members.values(),
      userState: options.userState ?? (() => nothing),
      take: (message, nowMs) => this.#take(message, nowhere, nowMs),
      speakUp: (accused, to, nowMs) => this.speakUp(accused, to, nowMs),
      onTcpAck: (stream) => this.#prober.onTcp(stream),
    });
    this.#prober = new Prober({
      timings,
      random: options.random,
      selfName: options.name,
      member: (name) => this.#membership.get(name),
      names: () => this.#membership.members.keys(),
      forgetGone: (nowMs) => this.#membership.forgetGone(nowMs),
      nextSeqNo: () => this.#postman.nextSeqNo(),
      ping: (member, seqNo) => {
        const ping = this.#postman.pingOf(member.name, seqNo);
        return this.#postman.sendWithNews(placeOf(member), ping);
      },
      pingSuspect: (member, seqNo) => this.#postman.pingSuspect(member, seqNo),
      askOthers: (member, seqNo) => this.#askOthers(member, seqNo),
      tcpPing: (member, stream, seqNo, timeoutMs) => {
        const message = this.#postman.pingOf(member.name, seqNo);
        return { kind: "dial", stream, to: placeOf(member), message, timeoutMs };
      },
      accuse: (member, nowMs) => this.#accuse(member, nowMs),
    });
  }

  get members(): ReadonlyMap<string, Member> {
    return this.#membership.members;
  }

  get self(): Member | undefined {
    return this.#membership.self;
  }

  get isLeaving(): boolean {
    return this.#membership.isLeaving;
  }

  get awareness(): number {
    return this.#prober.awareness;
  }

  get queuedNews(): number {
    return this.#postman.queue.size;
  }

  /** `nowMs` is a clock that never goes back. */
  step(event: GossipEvent, nowMs: number): GossipCommand[] {
    const commands = this.#step(event, nowMs);
    for (const command of commands) {
      if (command.kind === "set-timer") this.#dueMs.set(command.name, nowMs + command.ms);
      if (command.kind === "cancel-timer") this.#dueMs.delete(command.name);
    }
    return commands;
  }

  /**
   * Somebody else's proof that a member is dead: the whole ring is told at once, each by a packet of its own.
   * Nothing where the member is gone already.
   */
  declareDead(name: string, nowMs: number): GossipCommand[] {
    const member = this.#membership.get(name);
    if (member === undefined || !isUsable(member)) return [];
    const { incarnation } = member;
    const message = { kind: "dead", incarnation, node: name, from: this.#options.name } as const;
    return this.#tellAtOnce(this.#membership.dead(message, nowMs), nowMs);
  }

  /** Says something else about ourselves from now on: to each member at once, and to all as other news. */
  describe(meta: Uint8Array, nowMs: number): GossipCommand[] {
    return this.#tellAtOnce(this.#membership.describe(meta, nowMs), nowMs);
  }

  /** Asks one member whether it is there, and others to ask it as well; a "checked" follows if it is. */
  check(name: string, through: readonly Member[], nowMs: number): GossipCommand[] {
    const member = this.#membership.get(name);
    return member === undefined ? [] : this.#checks.begin(member, through, nowMs);
  }

  /** Somebody else found that this process did not run for a while: the probe under way accuses nobody. */
  slept(): void {
    this.#prober.slept();
  }

  /** A message to our own kind: others ignore what they get as "user" (ML-27d). */
  sendUser(to: Place, payload: Uint8Array): GossipCommand {
    return this.#postman.send(to, [{ kind: "user", payload }]);
  }

  /** Somebody told us directly that we count as dead with it: it is the first to hear the contrary. */
  speakUp(accused: number, to: Place, nowMs: number): GossipCommand[] {
    const effects = this.#membership.speakUp(accused, nowMs);
    const { self } = this;
    if (self === undefined || this.isLeaving) return [];
    return [this.#postman.send(to, [aliveMessageOf(self)]), ...this.#carryOut(effects, nowMs)];
  }

  /** An exchange of tables with one member, outside the usual times; nothing where too many are under way. */
  exchange(to: Place): GossipCommand[] {
    return this.#exchanges.beginUnasked(to);
  }

  #step(event: GossipEvent, nowMs: number): GossipCommand[] {
    switch (event.kind) {
      case "start":
        return this.#start(nowMs);
      case "packet":
        return event.messages.flatMap((message) => this.#take(message, event.from, nowMs));
      case "send-failed":
        return this.#prober.onSendFailed(event.to);
      case "timer":
        return this.#onTimer(event.name, nowMs);
      case "join":
        return this.#exchanges.join(event.places);
      case "stream-message":
        return this.#exchanges.onMessage(event.stream, event.message, nowMs);
      case "stream-answer":
        return this.#exchanges.onAnswer(event.stream, event.message, nowMs);
      case "stream-failed":
        return this.#exchanges.onEnd(event.stream, event.error);
      default:
        return this.#leave(nowMs);
    }
  }

  #start(nowMs: number): GossipCommand[] {
    const { random, timings } = this.#options;
    return [
      ...this.#carryOut(this.#membership.start(nowMs), nowMs),
      ...this.#prober.start(),
      setTimer("push-pull", random() * timings.pushPullIntervalMs),
    ];
  }

  #onTimer(name: string, nowMs: number): GossipCommand[] {
    const late = nowMs - (this.#dueMs.get(name) ?? nowMs);
    this.#dueMs.delete(name);
    if (name === "gossip") return this.#gossip(nowMs);
    if (name === "push-pull") return this.#pushPull();
    if (name === "leave") return [{ kind: "departed" }];
    if (name.startsWith(suspicionPrefix)) {
      return this.#onSuspicionTimer(name.slice(suspicionPrefix.length), late, nowMs);
    }
    const probed = this.#prober.onTimer(name, nowMs);
    if (probed !== undefined) return probed;
    const relayed = this.#relays.onTimer(name);
    return relayed === undefined ? [] : [this.#postman.sendWithNews(relayed.to, relayed.message)];
  }

  /** Who slept through the time in which the suspect could speak up has to give it that time again. */
  #onSuspicionTimer(name: string, lateMs: number, nowMs: number): GossipCommand[] {
    const suspicion = this.#membership.suspicionOf(name);
    if (suspicion === undefined) return [];
    const timer = `${suspicionPrefix}${name}`;
    if (lateMs > sleptMs) return [setTimer(timer, suspicion.minMs)];
    // A timer may come a little before its time; nothing else would end this suspicion.
    const leftMs = suspicionEndsMs(suspicion) - nowMs;
    if (leftMs > 0) return [setTimer(timer, leftMs)];
    const reprieve = this.#options.beforeDeath?.(name, nowMs);
    if (reprieve !== undefined) {
      return [setTimer(timer, reprieve.waitMs ?? suspicion.minMs), ...reprieve.commands];
    }
    return [deadLine(name), ...this.#carryOut(this.#membership.suspicionOver(name, nowMs), nowMs)];
  }

  #take(message: PacketMessage, from: Place, nowMs: number): GossipCommand[] {
    switch (message.kind) {
      case "ping":
        return this.#onPing(message, from);
      case "indirect-ping":
        return this.#onIndirectPing(message, from);
      case "ack":
        return this.#onAck(message.seqNo, nowMs);
      case "nack":
        this.#prober.onNack(message.seqNo);
        return [];
      case "alive":
        return this.#carryOut(this.#membership.alive(message, nowMs), nowMs);
      case "suspect":
      case "dead":
        return this.#onAccusation(message, from, nowMs);
      default:
        return [{ kind: "user", from, payload: message.payload }];
    }
  }

  /** Who accuses us of an incarnation that we have left behind did not hear us contradict: it alone is told again. */
  #onAccusation(message: Accusation, from: Place, nowMs: number): GossipCommand[] {
    const effects =
      message.kind === "suspect"
        ? this.#membership.suspect(message as SuspectMessage, nowMs)
        : this.#membership.dead(message as DeadMessage, nowMs);
    const { self } = this;
    const isOld = message.node === self?.name && message.incarnation < self.incarnation;
    const again = isOld && from !== nowhere && !this.isLeaving;
    const told = again ? [this.#postman.send(from, [aliveMessageOf(self)])] : [];
    return [...told, ...this.#carryOut(effects, nowMs)];
  }

  /** ML-86 */
  #onPing(ping: Ping, from: Place): GossipCommand[] {
    if (ping.node !== "" && ping.node !== this.#options.name) {
      return [wrongPingLine(from.address, ping.node, this.#options.name)];
    }
    return [this.#postman.sendWithNews(sourceOf(ping, from), { kind: "ack", seqNo: ping.seqNo })];
  }

  #onIndirectPing(asked: IndirectPing, from: Place): GossipCommand[] {
    const address = addressFromBytes(asked.target);
    if (address === undefined) return [];
    const seqNo = this.#postman.nextSeqNo();
    const to = sourceOf(asked, from);
    const relay = { to, seqNo: asked.seqNo, wantsNack: asked.nack };
    const timer = this.#relays.begin(seqNo, relay);
    if (timer === undefined) return [];
    const place = { address: formatAddress(address), port: asked.port || this.#options.port };
    return [timer, this.#postman.sendWithNews(place, this.#postman.pingOf(asked.node, seqNo))];
  }

  #onAck(seqNo: number, nowMs: number): GossipCommand[] {
    const probed = this.#prober.onAck(seqNo, nowMs);
    if (probed !== undefined) return probed;
    const checked = this.#checks.onAck(seqNo);
    if (checked !== undefined) return [checked];
    const relayed = this.#relays.onAck(seqNo);
    if (relayed === undefined) return [];
    return [Relays.cancelTimer(seqNo), this.#postman.sendWithNews(relayed.to, relayed.message)];
  }

  #leave(nowMs: number): GossipCommand[] {
    if (this.#membership.isLeaving) return [];
    const others = this.#others(isUsable);
    const commands = this.#tellAtOnce(this.#membership.leave(nowMs), nowMs);
    if (others.length === 0) return [...commands, { kind: "departed" }];
    return [...commands, setTimer("leave", leaveWaitMs)];
  }

  /** What there is to spread goes to each member by a packet of its own, too. */
  #tellAtOnce(effects: readonly MembershipEffect[], nowMs: number): GossipCommand[] {
    const others = this.#others(isUsable);
    const told = effects.flatMap((effect) =>
      effect.kind === "spread" ? this.#postman.tellAll(others, effect.message) : [],
    );
    return [...told, ...this.#carryOut(effects, nowMs)];
  }

  #carryOut(effects: readonly MembershipEffect[], nowMs: number): GossipCommand[] {
    return effects.flatMap((effect) => this.#carryOutOne(effect, nowMs));
  }

  #carryOutOne(effect: MembershipEffect, nowMs: number): GossipCommand[] {
    switch (effect.kind) {
      case "spread":
        return this.#spread(effect.message, nowMs);
      case "refuted":
        this.#prober.addAwareness(1);
        return [refutedLine(effect.accuser)];
      case "joined":
        this.#prober.addCandidate(effect.member.name);
        return [memberChange("join", effect.member)];
      case "updated":
        return [memberChange("update", effect.member)];
      case "left":
        return [memberChange("leave", effect.member, effect.accuser)];
      case "suspected": {
        const { name } = effect.member;
        const timer = setTimer(`${suspicionPrefix}${name}`, effect.endsMs - nowMs);
        return effect.accuser === this.#options.name
          ? [timer, { kind: "suspected", name }]
          : [timer];
      }
      case "cleared":
        return [{ kind: "cancel-timer", name: `${suspicionPrefix}${effect.name}` }];
      default:
        return [conflictLine(effect.member, effect.claimed)];
    }
  }

  #spread(message: PacketMessage & { readonly node: string }, nowMs: number): GossipCommand[] {
    this.#postman.enqueue(message);
    return this.#timeGossip(nowMs);
  }

  /** The first news after a quiet time goes out at once, then one round an interval (ML-90). */
  #timeGossip(nowMs: number): GossipCommand[] {
    if (this.#isGossipTimed || this.#postman.queue.size === 0) return [];
    this.#isGossipTimed = true;
    const { gossipIntervalMs } = this.#options.timings;
    return [setTimer("gossip", this.#gossipedMs + gossipIntervalMs - nowMs)];
  }

  #gossip(nowMs: number): GossipCommand[] {
    const { timings, name } = this.#options;
    this.#isGossipTimed = false;
    const isToldOf = ({ state, changedMs }: Member): boolean =>
      state === "dead" && nowMs - changedMs <= timings.gossipToTheDeadMs;
    const audience = this.#others((member) => isUsable(member) || isToldOf(member));
    // With nobody to tell the news wait; the next newcomer is news, too.
    if (audience.length === 0) return [];
    this.#gossipedMs = nowMs;
    const sent = this.#postman.round(audience);
    const isGone = this.#membership.isLeaving && !this.#postman.queue.has(name);
    const departed: GossipCommand[] = isGone
      ? [{ kind: "cancel-timer", name: "leave" }, { kind: "departed" }]
      : [];
    return [...sent, ...departed, ...this.#timeGossip(nowMs)];
  }

  #pushPull(): GossipCommand[] {
    const { timings, random } = this.#options;
    const next = setTimer("push-pull", pushPullIntervalMs(timings, this.members.size));
    const others = this.#others(({ state }) => state === "alive");
    const [partner] = pick(others, 1, random);
    return partner === undefined ? [next] : [next, this.#exchanges.begin(placeOf(partner))];
  }

  #accuse({ name: node, incarnation }: Member, nowMs: number): GossipCommand[] {
    const from = this.#options.name;
    const effects = this.#membership.suspect({ kind: "suspect", incarnation, node, from }, nowMs);
    return this.#carryOut(effects, nowMs);
  }

  #askOthers(member: Member, seqNo: number): readonly AskedMember[] {
    const { timings, random } = this.#options;
    const helpers = this.#others(({ state, name }) => state === "alive" && name !== member.name);
    return pick(helpers, timings.indirectChecks, random).map((helper) =>
      this.#postman.askFor(member, helper, seqNo),
    );
  }

  #others(isWanted: (member: Member) => boolean): Member[] {
    const { name } = this.#options;
    return [...this.members.values()].filter((member) => member.name !== name && isWanted(member));
  }
}
