/**
 * A ring of speakers in one process under one seed: the very machines that the speaker runs, with pretended clocks,
 * timers and network. The same seed gives the same history, event by event.
 */

import { type Accusation, lanTimings, type Place, type Timings } from "../memberlist/index.ts";
import { defaultBeatMs, Ring, type RingCommand, type RingEvent } from "../ring/index.ts";
import { memberToPushPull } from "../memberlist/member.ts";
import { EventHeap } from "./event-heap.ts";
import { type RecordedPacket, RecordedPackets } from "./recorded-packets.ts";
import { seededRandom } from "./seeded-random.ts";
import { SimulatedNetwork } from "./simulated-network.ts";
import { addressOf, addressOfText, gossipPort, SimulatedNode } from "./simulated-node.ts";
import { Transcript } from "./transcript.ts";

export interface SimulationOptions {
  readonly seed: number;
  readonly nodes: number;
  /** Members from this index on are stock ones: they say nothing about themselves and send no beats. */
  readonly stockFrom?: number;
  readonly beatMs?: number;
  readonly timings?: Timings;
  readonly delayMs?: readonly [number, number];
  /** The speaker's ring, or one with a planted bug. */
  readonly ring?: typeof Ring;
  readonly transcriptLines?: number;
}

type CommandOf<Kind extends RingCommand["kind"]> = Extract<RingCommand, { kind: Kind }>;

/** Told of everything that could matter to a property. */
export interface SimulationObserver {
  onMember(node: SimulatedNode, command: CommandOf<"member">): void;
  /** A node that was stopped until a moment ago says that it suspects another, or counts it as dead. */
  onAccusation(node: SimulatedNode, accused: string): void;
  onFinding(node: SimulatedNode, finding: CommandOf<"finding">["finding"]): void;
  /** Its ring learned who claims which address, or claimed some itself. */
  onClaims?(node: SimulatedNode, claims: CommandOf<"claims">): void;
  /** All of a join were tried. */
  onJoined?(node: SimulatedNode): void;
  /** The node runs, or does not: started, died, stopped, went on, is gone. */
  onRunning(node: SimulatedNode): void;
}

/** Beats' numbers wrap soon after. */
const earliestSeq = 0xffff_ff00;
/** What fits into a socket's buffer while its program is stopped. */
const heldPackets = 2000;
/** In that time after a stop a node can have read what came in, and hardly any answer to a question of its own. */
const justBackMs = 20;
/** One recorded packet is sent again every so often. */
const replayEveryMs = 20;

export class RingSimulation {
  readonly nodes: SimulatedNode[];
  readonly transcript: Transcript;
  nowMs = 0;
  readonly network: SimulatedNetwork;
  packets = 0;
  /** Packets that somebody sent again and that arrived, and those of `packets` that nodes answered them with at once. */
  readonly replays = { packets: 0, answers: 0 };
  bytes = 0;
  streams = 0;
  observer: SimulationObserver | undefined;
  readonly #options: SimulationOptions;
  readonly #timings: { -readonly [Name in keyof Timings]: Timings[Name] };
  readonly #random: () => number;
  readonly #heap = new EventHeap();
  readonly #recorded = new RecordedPackets();
  #isSilent = false;

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.#timings = { ...(options.timings ?? lanTimings) };
    this.#random = seededRandom(options.seed);
    const { nodes, delayMs = [0.1, 1] } = options;
    this.network = new SimulatedNetwork({ nodes, random: this.#random, delayMs });
    this.transcript = new Transcript(options.transcriptLines ?? 400);
    this.nodes = Array.from({ length: nodes }, (_, index) => {
      return new SimulatedNode(index, this.#random() * 1e6, this.#makeRing(index, index, 0));
    });
  }

  node(index: number): SimulatedNode {
    return this.nodes[index]!;
  }

  note(text: string): void {
    this.transcript.add(this.nowMs, text);
  }

  /** Starts a node anew, as a process that knows nothing, and lets it join the ones named. */
  start(index: number, seeds: readonly number[]): void {
    const node = this.node(index);
    this.note(`${node.name} starts at ${node.place.address}`);
    this.#begin(node);
    this.step(node, { kind: "start" });
    this.observer?.onRunning(node);
    this.join(index, seeds);
  }

  /** A ring that has been complete for long: all nodes run, know each other, and have no news left to tell. */
  startComplete(): void {
    this.#isSilent = true;
    const { retransmitMult } = this.#timings;
    // All news are old: once is enough for them to leave the queue.
    this.#timings.retransmitMult = 0;
    for (const node of this.nodes) {
      this.#begin(node);
      this.step(node, { kind: "start" });
    }
    const nodes = this.nodes.map(({ ring }) => memberToPushPull(ring.gossip.self!));
    const message = {
      kind: "push-pull",
      isJoin: true,
      nodes,
      userState: new Uint8Array(),
    } as const;
    for (const node of this.nodes) {
      this.step(node, { kind: "stream-answer", stream: "", message });
      while (node.ring.gossip.queuedNews > 0) this.step(node, { kind: "timer", name: "gossip" });
    }
    this.#timings.retransmitMult = retransmitMult;
    this.#isSilent = false;
  }

  join(index: number, seeds: readonly number[]): void {
    const places = seeds.filter((seed) => seed !== index).map((seed) => this.node(seed).place);
    this.step(this.node(index), { kind: "join", places });
  }

  /** Its power is cut. */
  kill(index: number): void {
    const node = this.node(index);
    this.note(`${node.name} dies`);
    node.end();
    this.observer?.onRunning(node);
  }

  /** It says goodbye, and is gone once that is through. */
  leave(index: number): void {
    const node = this.node(index);
    this.note(`${node.name} leaves`);
    node.isLeaving = true;
    this.step(node, { kind: "leave" });
  }

  /** SIGSTOP, and SIGCONT after so long. */
  pause(index: number, ms: number): void {
    const node = this.node(index);
    this.note(`${node.name} is stopped for ${ms.toFixed(0)} ms`);
    node.pausedUntilMs = this.nowMs + ms;
    this.observer?.onRunning(node);
    this.at(this.nowMs + ms, () => this.#resume(node));
  }

  /** The node's clock jumps forward, as when a virtual machine goes on: all its timers are late. */
  jump(index: number, ms: number): void {
    const node = this.node(index);
    this.note(`${node.name}'s clock jumps by ${ms.toFixed(0)} ms`);
    node.offsetMs += ms;
    for (const [name, dueMs] of node.timers) {
      this.#timeAt(node, name, Math.max(this.nowMs, dueMs - ms));
    }
  }

  /** When it starts next it has an address that nobody had before. */
  move(index: number): void {
    this.node(index).address += this.nodes.length;
  }

  /** From now on what this node sends is recorded. */
  record(index: number): void {
    this.#recorded.follow(index);
  }

  /** For so long, all that was recorded of the node is sent again, over and over. */
  replay(index: number, ms: number): void {
    const packets = this.#recorded.of(index);
    this.note(`somebody sends ${packets.length} packets of node${index} again`);
    const untilMs = this.nowMs + ms;
    for (let count = 0; this.nowMs + count * replayEveryMs < untilMs; count++) {
      const packet = packets[count % packets.length];
      if (packet === undefined) return;
      this.at(this.nowMs + count * replayEveryMs, () => this.#transmit(index, packet, true));
    }
  }

  /** Packets from the one do not reach the other. */
  cut(from: number, to: number): void {
    this.network.cut(from, to);
  }

  partition(group: readonly number[]): void {
    this.note(`partition: ${group.join(" ")} | the others`);
    this.network.partition(group);
  }

  heal(): void {
    this.note("all links heal");
    this.network.heal();
  }

  at(ms: number, run: () => void): void {
    this.#heap.push(ms, run);
  }

  run(untilMs: number): void {
    for (;;) {
      const next = this.#heap.nextMs();
      if (next === undefined || next > untilMs) break;
      this.nowMs = next;
      this.#heap.pop()!();
    }
    this.nowMs = untilMs;
  }

  step(node: SimulatedNode, event: RingEvent): void {
    const commands = node.ring.step(event, this.nowMs + node.offsetMs);
    for (const command of commands) this.#carryOut(node, command);
  }

  #carryOut(node: SimulatedNode, command: RingCommand): void {
    switch (command.kind) {
      case "send":
        return this.#send(node, command);
      case "set-timer":
        return this.#timeAt(node, command.name, this.nowMs + command.ms);
      case "cancel-timer":
        node.timers.delete(command.name);
        return;
      case "dial":
        return this.#dial(node, command);
      case "departed":
        return this.#depart(node);
      case "member":
        this.#noteMember(node, command);
        return this.observer?.onMember(node, command);
      default:
        return this.#tell(node, command);
    }
  }

  #tell(node: SimulatedNode, command: RingCommand): void {
    switch (command.kind) {
      case "finding":
        this.note(`${node.name}: ${JSON.stringify(command.finding)}`);
        return this.observer?.onFinding(node, command.finding);
      case "claims":
        return this.observer?.onClaims?.(node, command);
      case "joined":
        return this.observer?.onJoined?.(node);
      case "log":
        if (command.level === "warn") this.note(`${node.name}: ${String(command.fields["msg"])}`);
        return;
      default:
        return;
    }
  }

  #depart(node: SimulatedNode): void {
    this.note(`${node.name} is gone`);
    node.end();
    this.observer?.onRunning(node);
  }

  #noteMember(node: SimulatedNode, { change, member, accuser }: CommandOf<"member">): void {
    if (this.transcript.isOff) return;
    const by = accuser === undefined ? "" : ` (told by ${accuser})`;
    const { name, state, incarnation } = member;
    this.note(`${node.name}: ${change} ${name} ${state} #${incarnation}${by}`);
  }

  #timeAt(node: SimulatedNode, name: string, dueMs: number): void {
    node.timers.set(name, dueMs);
    const { life } = node;
    this.at(dueMs, () => {
      if (node.life !== life || node.timers.get(name) !== dueMs) return;
      this.#deliver(node, "timer", () => {
        if (node.timers.get(name) !== dueMs) return;
        node.timers.delete(name);
        this.step(node, { kind: "timer", name });
      });
    });
  }

  #send(from: SimulatedNode, { to, messages }: CommandOf<"send">): void {
    if (this.#isSilent) return;
    this.packets++;
    for (const { bytes, message } of messages) {
      this.bytes += bytes.length;
      if (message.kind === "suspect" || message.kind === "dead")
        this.#noteAccusation(from, message);
    }
    const told = messages.map(({ message }) => message);
    const packet = { from: from.place, to, messages: told };
    this.#recorded.add(from.index, packet);
    this.#transmit(from.index, packet);
  }

  #transmit(sender: number, { from, to, messages }: RecordedPacket, isReplay = false): void {
    const target = this.#at(to);
    if (target === undefined || !this.network.passes(sender, target.index)) return;
    for (const delayMs of this.network.arrivals()) {
      this.#arrive(target, delayMs, () => {
        const { packets } = this;
        this.step(target, { kind: "packet", from, messages });
        if (!isReplay) return;
        this.replays.packets++;
        this.replays.answers += this.packets - packets;
      });
    }
  }

  /** Who lives there now. */
  #at({ address }: Place): SimulatedNode | undefined {
    const number = addressOfText(address);
    const node = this.nodes[number % this.nodes.length];
    return node?.address === number ? node : undefined;
  }

  #noteAccusation(from: SimulatedNode, { node, from: accuser }: Accusation): void {
    const isOwn = accuser === from.name && node !== from.name;
    const isJustBack = this.nowMs - from.pausedUntilMs < justBackMs && from.pausedUntilMs > 0;
    if (isOwn && isJustBack) this.observer?.onAccusation(from, node);
  }

  #arrive(target: SimulatedNode, delayMs: number, run: () => void): void {
    const { life } = target;
    this.at(this.nowMs + delayMs, () => {
      if (target.isUp && target.life === life) this.#deliver(target, "packet", run);
    });
  }

  #dial(from: SimulatedNode, command: CommandOf<"dial">): void {
    const { stream, to, message, timeoutMs } = command;
    this.streams++;
    const target = this.#at(to);
    const { life } = from;
    let isOver = false;
    const back = (event: RingEvent, ms: number): void => {
      this.at(this.nowMs + ms, () => {
        if (isOver || from.life !== life || !from.isUp) return;
        isOver = true;
        this.#deliver(from, "packet", () => this.step(from, event));
      });
    };
    back({ kind: "stream-failed", stream, error: "timeout" }, timeoutMs);
    if (target === undefined || !this.#connects(from, target)) return;
    this.#arrive(target, this.network.streamDelay(), () => {
      const event = { kind: "stream-message", stream, message } as const;
      for (const answer of target.ring.step(event, this.nowMs + target.offsetMs)) {
        if (answer.kind !== "answer") this.#carryOut(target, answer);
        else if (answer.message !== undefined && this.#connects(from, target)) {
          const delayMs = this.network.streamDelay();
          back({ kind: "stream-answer", stream, message: answer.message }, delayMs);
        }
      }
    });
  }

  #deliver(node: SimulatedNode, kind: "timer" | "packet", run: () => void): void {
    if (!node.isUp) return;
    if (this.nowMs >= node.pausedUntilMs) run();
    else if (kind === "timer" || node.held.length < heldPackets) node.held.push({ kind, run });
  }

  #resume(node: SimulatedNode): void {
    if (this.nowMs < node.pausedUntilMs || !node.isUp) return;
    const { held } = node;
    node.held = [];
    this.note(`${node.name} goes on`);
    this.observer?.onRunning(node);
    for (const kind of ["timer", "packet"] as const) {
      for (const one of held) if (one.kind === kind && node.isUp) one.run();
    }
  }

  /** A connection needs both directions. */
  #connects({ index: one }: SimulatedNode, { index: other }: SimulatedNode): boolean {
    return this.network.passes(one, other) && this.network.passes(other, one);
  }

  #begin(node: SimulatedNode): void {
    node.begin(this.#makeRing(node.index, node.address, node.wallOffsetMs));
  }

  #makeRing(index: number, address: number, wallOffsetMs: number): Ring {
    const { beatMs = defaultBeatMs, stockFrom = Infinity } = this.#options;
    const RingClass = this.#options.ring ?? Ring;
    return new RingClass({
      name: `node${index}`,
      addr: addressOf(address),
      port: gossipPort,
      timings: this.#timings,
      isEncrypted: true,
      random: this.#random,
      beatMs: index >= stockFrom ? 0 : beatMs,
      firstSeq: (earliestSeq + Math.floor((this.nowMs + wallOffsetMs) / 50)) >>> 0,
    });
  }
}
