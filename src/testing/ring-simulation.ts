/**
 * A ring of speakers in one process under one seed: the very machines that the speaker runs, with pretended clocks,
 * timers and network. The same seed gives the same history, event by event.
 */

import { addressBytes, parseAddress } from "../ip/index.ts";
import { lanTimings, type Timings } from "../memberlist/index.ts";
import { Ring, type RingCommand, type RingEvent } from "../ring/index.ts";
import { EventHeap } from "./event-heap.ts";
import { seededRandom } from "./seeded-random.ts";

export interface SimulationOptions {
  readonly seed: number;
  readonly nodes: number;
  /** 0: stock members, for the ones from this index on. */
  readonly stockFrom?: number;
  readonly beatMs?: number;
  readonly timings?: Timings;
  readonly loss?: number;
  readonly duplicates?: number;
  readonly delayMs?: readonly [number, number];
}

interface SimNode {
  readonly name: string;
  readonly address: string;
  ring: Ring;
  timers: Map<string, number>;
  isUp: boolean;
  pausedUntilMs: number;
  /** What came in while it was paused: timers first when it goes on, as in Node's event loop. */
  held: { readonly kind: "timer" | "packet"; readonly run: () => void }[];
  /** Counts restarts, so that what belongs to an earlier life is dropped. */
  life: number;
  /** When it last began to be seen by nobody. */
  offsetMs: number;
}

const port = 7946;
/** What fits into a socket's buffer while its program is stopped. */
const heldPackets = 2000;

export class RingSimulation {
  readonly nodes: SimNode[] = [];
  readonly transcript: string[] = [];
  nowMs = 0;
  loss: number;
  packets = 0;
  readonly #options: SimulationOptions;
  readonly #random: () => number;
  readonly #heap = new EventHeap();
  readonly #cut = new Set<string>();
  readonly #listeners: ((node: SimNode, command: RingCommand) => void)[] = [];
  readonly #byAddress = new Map<string, SimNode>();

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.#random = seededRandom(options.seed);
    this.loss = options.loss ?? 0;
    for (let index = 0; index < options.nodes; index++) {
      const address = `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;
      const name = `node${index}`;
      const node: SimNode = {
        name,
        address,
        ring: this.#makeRing(index),
        timers: new Map(),
        isUp: false,
        pausedUntilMs: 0,
        held: [],
        life: 0,
        offsetMs: this.#random() * 1e6,
      };
      this.nodes.push(node);
      this.#byAddress.set(address, node);
    }
  }

  onCommand(listener: (node: SimNode, command: RingCommand) => void): void {
    this.#listeners.push(listener);
  }

  node(index: number): SimNode {
    return this.nodes[index]!;
  }

  note(text: string): void {
    this.transcript.push(`${this.nowMs.toFixed(1).padStart(10)} ${text}`);
  }

  /** Starts a node and lets it join some others. */
  start(index: number, seeds: readonly number[]): void {
    const node = this.node(index);
    node.isUp = true;
    node.life++;
    node.timers.clear();
    node.held = [];
    node.ring = this.#makeRing(index);
    this.note(`${node.name} starts`);
    this.step(node, { kind: "start" });
    const places = seeds
      .filter((seed) => seed !== index)
      .map((seed) => {
        return { address: this.node(seed).address, port };
      });
    this.step(node, { kind: "join", places });
  }

  /** Its power is cut. */
  kill(index: number): void {
    const node = this.node(index);
    this.note(`${node.name} dies`);
    node.isUp = false;
    node.life++;
    node.timers.clear();
    node.held = [];
  }

  pause(index: number, ms: number): void {
    const node = this.node(index);
    this.note(`${node.name} is stopped for ${ms} ms`);
    node.pausedUntilMs = this.nowMs + ms;
    this.at(this.nowMs + ms, () => this.#resume(node));
  }

  /** Packets from the one do not reach the other. */
  cut(from: number, to: number): void {
    this.#cut.add(`${from}>${to}`);
  }

  partition(group: readonly number[]): void {
    this.note(`partition: ${group.join(" ")} | the others`);
    const inside = new Set(group);
    for (let a = 0; a < this.nodes.length; a++) {
      for (const b of group) {
        if (inside.has(a)) continue;
        this.cut(a, b);
        this.cut(b, a);
      }
    }
  }

  heal(): void {
    this.note("all links heal");
    this.#cut.clear();
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

  step(node: SimNode, event: RingEvent): void {
    const commands = node.ring.step(event, this.nowMs + node.offsetMs);
    for (const command of commands) this.#carryOut(node, command);
  }

  #carryOut(node: SimNode, command: RingCommand): void {
    for (const listener of this.#listeners) listener(node, command);
    switch (command.kind) {
      case "send":
        this.#send(node, command);
        return;
      case "set-timer":
        this.#setTimer(node, command.name, command.ms);
        return;
      case "cancel-timer":
        node.timers.delete(command.name);
        return;
      case "dial":
        this.#dial(node, command);
        return;
      default:
        this.#tell(node, command);
    }
  }

  #tell(node: SimNode, command: RingCommand): void {
    if (command.kind === "member") {
      const { change, member, accuser } = command;
      const by = accuser === undefined ? "" : ` (found by ${accuser})`;
      this.note(
        `${node.name}: ${change} ${member.name} ${member.state} #${member.incarnation}${by}`,
      );
    }
    if (command.kind === "finding") this.note(`${node.name}: ${JSON.stringify(command.finding)}`);
    if (command.kind === "log" && command.level !== "debug") {
      this.note(`${node.name}: ${String(command.fields["msg"])}`);
    }
  }

  #setTimer(node: SimNode, name: string, ms: number): void {
    const dueMs = this.nowMs + ms;
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

  #send(from: SimNode, { to, messages }: Extract<RingCommand, { kind: "send" }>): void {
    this.packets++;
    const target = this.#byAddress.get(to.address);
    if (target === undefined) return;
    const copies = this.#random() < (this.#options.duplicates ?? 0) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      if (!this.#passes(from, target) || this.#random() < this.loss) continue;
      this.#arrive(target, () => {
        const place = { address: from.address, port };
        this.step(target, {
          kind: "packet",
          from: place,
          messages: messages.map(({ message }) => message),
        });
      });
    }
  }

  #arrive(target: SimNode, run: () => void): void {
    const { life } = target;
    this.at(this.nowMs + this.#delay(), () => {
      if (target.isUp && target.life === life) this.#deliver(target, "packet", run);
    });
  }

  #dial(from: SimNode, command: Extract<RingCommand, { kind: "dial" }>): void {
    const { stream, to, message, timeoutMs } = command;
    const target = this.#byAddress.get(to.address);
    const { life } = from;
    let isAnswered = false;
    const back = (event: RingEvent, ms: number): void => {
      this.at(this.nowMs + ms, () => {
        if (isAnswered || from.life !== life || !from.isUp) return;
        isAnswered = true;
        this.#deliver(from, "packet", () => this.step(from, event));
      });
    };
    back({ kind: "stream-failed", stream, error: "timeout" }, timeoutMs);
    if (target === undefined || !this.#passes(from, target)) return;
    this.#arrive(target, () => {
      if (message.kind !== "push-pull" && message.kind !== "ping") return;
      const answers = target.ring.step(
        { kind: "stream-message", stream, message },
        this.nowMs + target.offsetMs,
      );
      for (const answer of answers) {
        if (answer.kind !== "answer") this.#carryOut(target, answer);
        else if (answer.message !== undefined && this.#passes(target, from)) {
          back({ kind: "stream-answer", stream, message: answer.message }, this.#delay());
        }
      }
    });
  }

  #deliver(node: SimNode, kind: "timer" | "packet", run: () => void): void {
    if (!node.isUp) return;
    if (this.nowMs >= node.pausedUntilMs) run();
    else if (kind === "timer" || node.held.length < heldPackets) node.held.push({ kind, run });
  }

  #resume(node: SimNode): void {
    if (this.nowMs < node.pausedUntilMs) return;
    const { held } = node;
    node.held = [];
    for (const kind of ["timer", "packet"] as const) {
      for (const one of held) if (one.kind === kind && node.isUp) one.run();
    }
  }

  #passes(from: SimNode, to: SimNode): boolean {
    return !this.#cut.has(`${this.nodes.indexOf(from)}>${this.nodes.indexOf(to)}`);
  }

  #delay(): number {
    const [least, most] = this.#options.delayMs ?? [0.1, 1];
    return least + this.#random() * (most - least);
  }

  #makeRing(index: number): Ring {
    const {
      timings = lanTimings,
      beatMs = 120,
      stockFrom = Number.POSITIVE_INFINITY,
    } = this.#options;
    const address = `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;
    return new Ring({
      name: `node${index}`,
      addr: addressBytes(parseAddress(address)!),
      port,
      timings,
      isEncrypted: true,
      random: this.#random,
      beatMs: index >= stockFrom ? 0 : beatMs,
    });
  }
}
