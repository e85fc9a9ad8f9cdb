/**
 * One speaker's ring among members that exist only in a test: the test says what they send and when time passes, and
 * reads what the speaker says, one line a packet or event. Gossip's own timers are too slow to interfere, unless wanted.
 */

import { lanTimings, type PacketMessage, type Place } from "../memberlist/index.ts";
import { ourVersions } from "../memberlist/member.ts";
import { type BeatMessage, decodeBeatMessage, encodeBeatMessage } from "../ring/beat-messages.ts";
import { defaultBeatMs, describeOwnKind, Ring, type RingCommand } from "../ring/index.ts";
import { seededRandom } from "./seeded-random.ts";
import { watchersOf } from "../ring/watchers.ts";

type Send = Extract<RingCommand, { kind: "send" }>;

const slowMs = 1e9;
const selfIndex = 250;

export interface ScriptedRingOptions {
  /** Members of our own kind beside the speaker under test, which is called "self". */
  readonly others: readonly string[];
  /** Members that say nothing about themselves. */
  readonly stock?: readonly string[];
  readonly firstSeq?: number;
  /** Gossip probes as quickly as it does in a cluster; these members answer all pings, at once. */
  readonly answering?: readonly string[];
}

export class ScriptedRing {
  readonly ring: Ring;
  nowMs = 1000;
  /** Who answers pings by itself. */
  answering: readonly string[];
  /** What was said and what happened, in order. */
  lines: string[] = [];
  readonly #names: readonly string[];
  /** Who was pinged and answers. */
  #pinged: string[] = [];
  readonly #timers = new Map<string, number>();
  readonly #seqs = new Map<string, number>();
  /** Numbers of the pings to a member, newest last. */
  readonly #pings = new Map<string, number[]>();
  /** Connections that have not ended. */
  #dials: string[] = [];
  readonly #sentSeqs = new Set<number>();
  readonly #ids = new Map<string, number>();

  constructor({ others, stock = [], firstSeq = 0, answering }: ScriptedRingOptions) {
    this.#names = [...others, ...stock];
    this.answering = answering ?? [];
    const probeIntervalMs = answering === undefined ? slowMs : lanTimings.probeIntervalMs;
    this.ring = new Ring({
      name: "self",
      addr: Uint8Array.of(10, 0, 0, selfIndex),
      port: 7946,
      timings: { ...lanTimings, probeIntervalMs, pushPullIntervalMs: slowMs },
      isEncrypted: false,
      random: seededRandom(1),
      beatMs: defaultBeatMs,
      firstSeq,
    });
    this.#step({ kind: "start" });
    for (const name of others) this.alive(name);
    for (const name of stock) this.alive(name, { meta: new Uint8Array() });
    this.pass(10 * defaultBeatMs);
    this.lines = [];
  }

  place(name: string): Place {
    const index = name === "self" ? selfIndex : this.#names.indexOf(name) + 1;
    return { address: `10.0.0.${index}`, port: 7946 };
  }

  /** News that a member is there. */
  alive(name: string, more: Partial<Extract<PacketMessage, { kind: "alive" }>> = {}): void {
    const addr = Uint8Array.from(this.place(name).address.split(".").map(Number));
    const meta = describeOwnKind(defaultBeatMs);
    const told = { kind: "alive", node: name, addr, port: 7946, meta, vsn: ourVersions } as const;
    this.packet(name, { ...told, incarnation: 1, ...more });
  }

  packet(name: string, message: PacketMessage, from = this.place(name)): void {
    this.#step({ kind: "packet", from, messages: [message] });
  }

  hear(message: BeatMessage, from = this.place(message.name)): void {
    this.packet(message.name, { kind: "user", payload: encodeBeatMessage(message) }, from);
  }

  /** The next beat of each, or a changed one. */
  beat(names: readonly string[], more: Partial<Extract<BeatMessage, { kind: "beat" }>> = {}): void {
    for (const name of names) {
      const seq = more.seq ?? (this.#seqs.get(name) ?? 0) + 1;
      if (more.seq === undefined) this.#seqs.set(name, seq);
      const { view } = this;
      this.hear({ kind: "beat", name, view, isLast: false, isHail: false, ...more, seq });
    }
  }

  /** What `name` answers to the last question about `about`. */
  answer(name: string, about: string, isHeard: boolean): void {
    const id = this.#ids.get(`${name} ${about}`) ?? -1;
    this.hear({ kind: "answer", name, id, about, isHeard });
  }

  /** The number of the last question to `name` about `about`. */
  idOf(name: string, about: string): number {
    return this.#ids.get(`${name} ${about}`) ?? -1;
  }

  /** The number of our last ping to `name`, or of one before it. */
  seqNoOf(name: string, before = 0): number {
    return this.#pings.get(name)?.at(-1 - before) ?? -1;
  }

  ack(name: string, before = 0): void {
    this.packet(name, { kind: "ack", seqNo: this.seqNoOf(name, before) });
  }

  /** Whom the speaker counts as alive, as it says with its beats. */
  view = 0;

  /** Time passes, and timers run when they are due. */
  pass(ms: number): void {
    const untilMs = this.nowMs + ms;
    for (;;) {
      const due = [...this.#timers].filter(([, dueMs]) => dueMs <= untilMs);
      const next = due.toSorted((a, b) => a[1] - b[1])[0];
      if (next === undefined) break;
      this.nowMs = Math.max(this.nowMs, next[1]);
      this.#run(next[0]);
    }
    this.nowMs = untilMs;
  }

  /** Time passes in which these members beat, and the speaker runs. */
  live(ms: number, ...names: string[]): void {
    for (let left = ms; left > 0; left -= defaultBeatMs) {
      this.beat(names);
      this.pass(Math.min(left, defaultBeatMs));
    }
  }

  /** The speaker is stopped; afterwards `pass(0)` runs the timers that are overdue. */
  stop(ms: number): void {
    this.nowMs += ms;
  }

  /** Somebody dials us, in whose table the member is dead: that is a suspicion of our own (ML-73). */
  tellDead(name: string, incarnation = 1): void {
    const addr = Uint8Array.from(this.place(name).address.split(".").map(Number));
    const member = { name, addr, port: 7946, meta: new Uint8Array(), incarnation };
    const nodes = [{ ...member, state: 2, vsn: ourVersions }];
    const told = { kind: "push-pull", isJoin: false, nodes, userState: new Uint8Array() } as const;
    this.#step({ kind: "stream-message", stream: "in", message: told });
  }

  /** Nobody answers on the connections that were dialled. */
  endDials(): void {
    const dials = this.#dials;
    this.#dials = [];
    for (const stream of dials) this.#step({ kind: "stream-failed", stream, error: "no answer" });
  }

  /** The numbers of the beats that were sent so far, each once. */
  sentSeqs(): number[] {
    return [...this.#sentSeqs];
  }

  linkReturned(): void {
    this.#step({ kind: "link-returned" });
  }

  leave(): void {
    this.#step({ kind: "leave" });
  }

  podsAt(...names: string[]): void {
    const addresses = new Set(names.map((name) => this.place(name).address));
    this.#step({ kind: "addresses", addresses });
  }

  /** The lines that begin so, since the last time. */
  take(...beginnings: string[]): string[] {
    const { lines } = this;
    this.lines = [];
    return lines.filter((line) => beginnings.some((beginning) => line.startsWith(beginning)));
  }

  #run(timer: string): void {
    this.#timers.delete(timer);
    this.#step({ kind: "timer", name: timer });
  }

  #step(event: Parameters<Ring["step"]>[0]): void {
    for (const command of this.ring.step(event, this.nowMs)) this.#carryOut(command);
    const pinged = this.#pinged;
    this.#pinged = [];
    for (const name of pinged) this.ack(name);
  }

  #carryOut(command: RingCommand): void {
    switch (command.kind) {
      case "set-timer":
        this.#timers.set(command.name, this.nowMs + command.ms);
        return;
      case "cancel-timer":
        this.#timers.delete(command.name);
        return;
      case "send":
        return this.#sent(command);
      case "dial":
        this.#dials.push(command.stream);
        this.lines.push(`exchange>${this.#nameOf(command.to)}`);
        return;
      case "member":
        this.lines.push(`${command.change} ${command.member.name} ${command.member.state}`);
        return;
      case "resolve":
        this.lines.push(`resolve ${this.#nameOf({ address: command.address, port: 0 })}`);
        return;
      case "finding":
        this.lines.push(findingLine(command.finding));
        return;
      default:
        return;
    }
  }

  #sent({ to, messages }: Send): void {
    const target = this.#nameOf(to);
    for (const { message } of messages) {
      this.lines.push(`${this.#words(message, target)}>${target}`);
    }
  }

  #words(message: PacketMessage, target: string): string {
    switch (message.kind) {
      case "user":
        return this.#beatWords(decodeBeatMessage(message.payload)!, target);
      case "ping":
      case "indirect-ping":
        if (message.node === target && this.answering.includes(target)) this.#pinged.push(target);
        this.#pings.set(message.node, [...(this.#pings.get(message.node) ?? []), message.seqNo]);
        return `ping ${message.node}`;
      case "alive":
        return `alive ${message.node} #${message.incarnation}`;
      case "suspect":
      case "dead":
        return `${message.kind} ${message.node}`;
      default:
        return message.kind;
    }
  }

  #beatWords(message: BeatMessage, target: string): string {
    switch (message.kind) {
      case "beat":
        this.view = message.view;
        this.#sentSeqs.add(message.seq);
        if (message.isHail) return "hail";
        return message.isLast ? "last" : "beat";
      case "ask":
        this.#ids.set(`${target} ${message.about}`, message.id);
        return `ask ${message.about}`;
      case "answer":
        return `answer ${message.about} ${message.isHeard ? "heard" : "deaf"} #${message.id}`;
      default:
        return `missing #${message.incarnation}`;
    }
  }

  #nameOf({ address }: Place): string {
    const known = this.#names.find((name) => this.place(name).address === address);
    return known ?? address;
  }
}

function findingLine(finding: Extract<RingCommand, { kind: "finding" }>["finding"]): string {
  switch (finding.kind) {
    case "decided":
      return `decided ${finding.about} ${finding.verdict} [${[...finding.deaf].sort().join(" ")}]`;
    case "cleared":
      return `cleared ${finding.about}`;
    case "paused":
      return `paused ${Math.round(finding.ms)}`;
    case "widened":
      return `widened ${finding.name}`;
    default:
      return `returned ${finding.name}`;
  }
}

/** A name that "self" is one of the watchers of, among these others. */
export function nameWatchedBySelf(others: readonly string[]): string {
  for (let number = 0; ; number++) {
    const name = `x${number}`;
    if (watchersOf(name, [...others, "self"]).includes("self")) return name;
  }
}

/** A name that "self" is no watcher of. */
export function nameWatchedByOthers(others: readonly string[]): string {
  for (let number = 0; ; number++) {
    const name = `y${number}`;
    if (!watchersOf(name, [...others, "self"]).includes("self")) return name;
  }
}
