/** Connections: whole tables exchanged on joining and now and then, and pings where UDP fails (ML-70 to ML-76, ML-110, ML-154). */

import { type GossipCommand, logLine } from "./gossip-messages.ts";
import { Joins } from "./joins.ts";
import { type Member, memberStates, type Place } from "./member.ts";
import { messageOfTold, ownState, versionConflict } from "./push-pull.ts";
import type { Timings } from "./timings.ts";
import type { PacketMessage, PushPull, StreamMessage } from "./wire/index.ts";

/** More at a time would be an attack: recorded beats of members that are forgotten make us dial whoever sends them. */
const mostUnasked = 16;
const exchangePrefix = "push-pull-";

type Dial = Extract<GossipCommand, { kind: "dial" }>;

/** What the exchanges need of the machine around them. */
export interface ExchangeTools {
  readonly name: string;
  readonly timings: Timings;
  members(): Iterable<Member>;
  /** What goes along with our table; stock members do not look at it (ML-27d). */
  userState(): Uint8Array;
  /** Takes a told member as if its news had come in a packet. */
  take(message: PacketMessage, nowMs: number): GossipCommand[];
  /** Says that we are alive, to `to` first, where we count as gone or suspect with the incarnation `accused`. */
  speakUp(accused: number, to: Place, nowMs: number): GossipCommand[];
  /** A ping over TCP was answered. */
  onTcpAck(stream: string): void;
}

export class Exchanges {
  readonly #tools: ExchangeTools;
  readonly #joins = new Joins();
  /** Whom we dialled, by the name of the connection. */
  readonly #dialled = new Map<string, Place>();
  #count = 0;

  constructor(tools: ExchangeTools) {
    this.#tools = tools;
  }

  join(places: readonly Place[]): GossipCommand[] {
    const { tcpTimeoutMs } = this.#tools.timings;
    const commands = this.#joins.begin(places, this.#ownState(true), tcpTimeoutMs);
    for (const command of commands) if (command.kind === "dial") this.#note(command);
    return commands;
  }

  begin(to: Place): GossipCommand {
    const message = this.#ownState(false);
    const stream = `${exchangePrefix}${this.#count++}`;
    const { tcpTimeoutMs: timeoutMs } = this.#tools.timings;
    return this.#note({ kind: "dial", stream, to, message, timeoutMs });
  }

  /** Outside the usual times: not while one with that place is under way, nor while too many with others are. */
  beginUnasked(to: Place): GossipCommand[] {
    const open = [...this.#dialled].filter(([stream]) => stream.startsWith(exchangePrefix));
    const isOpen = open.some(([, { address, port }]) => address === to.address && port === to.port);
    return isOpen || open.length >= mostUnasked ? [] : [this.begin(to)];
  }

  /** Somebody dialled us. */
  onMessage(stream: string, message: StreamMessage, nowMs: number): GossipCommand[] {
    if (message.kind === "ping") {
      const isOurs = message.node === "" || message.node === this.#tools.name;
      const ack = { kind: "ack", seqNo: message.seqNo } as const;
      return [{ kind: "answer", stream, message: isOurs ? ack : undefined }];
    }
    if (message.kind !== "push-pull") return [{ kind: "answer", stream, message: undefined }];
    // Our state as it is before the merge, so that both sides see the same two tables (ML-70).
    const answer = this.#ownState(message.isJoin);
    const { commands } = this.#merge(message, nowMs);
    return [{ kind: "answer", stream, message: answer }, ...commands];
  }

  /** What the other side of a connection of ours says. */
  onAnswer(stream: string, message: StreamMessage, nowMs: number): GossipCommand[] {
    if (message.kind === "ack" && stream === probeStream(message.seqNo)) {
      this.#tools.onTcpAck(stream);
      return [];
    }
    if (message.kind === "push-pull") {
      const { commands, error } = this.#merge(message, nowMs);
      const told = error === undefined ? this.#contradict(stream, message.nodes, nowMs) : [];
      return [...commands, ...told, ...this.onEnd(stream, error)];
    }
    const error = message.kind === "error" ? message.error : `answered with ${message.kind}`;
    return this.onEnd(stream, error);
  }

  /** `error` undefined: the exchange went well. */
  onEnd(stream: string, error: string | undefined): GossipCommand[] {
    this.#dialled.delete(stream);
    const joined = this.#joins.onEnd(stream, error);
    if (joined !== undefined) return joined;
    // A probe has its own end, whatever becomes of its connection (ML-141).
    if (error === undefined || stream.startsWith(probePrefix)) return [];
    return [logLine("debug", { op: "memberlist", error, msg: "exchange of tables failed" })];
  }

  #ownState(isJoin: boolean): PushPull {
    return ownState(this.#tools.members(), isJoin, this.#tools.userState());
  }

  #note(dial: Dial): Dial {
    this.#dialled.set(dial.stream, dial.to);
    return dial;
  }

  /**
   * In whose table we are gone, or suspect, hears at once that we are alive: gossip tells a few by chance, and a
   * speaker that returns would miss one of them now and then.
   */
  #contradict(stream: string, nodes: PushPull["nodes"], nowMs: number): GossipCommand[] {
    const to = this.#dialled.get(stream);
    const own = nodes.find(({ name }) => name === this.#tools.name);
    if (to === undefined || own === undefined || memberStates[own.state] === "alive") return [];
    return this.#tools.speakUp(own.incarnation, to, nowMs);
  }

  #merge(
    { nodes, userState }: PushPull,
    nowMs: number,
  ): { readonly commands: GossipCommand[]; readonly error: string | undefined } {
    const error = versionConflict(this.#tools.members(), nodes);
    if (error !== undefined) {
      const msg = "the tables of two members do not fit together, nothing was merged";
      return { commands: [logLine("warn", { op: "memberlist", error, msg })], error };
    }
    const told = nodes.flatMap((node) => {
      const message = messageOfTold(node, this.#tools.name);
      return message === undefined ? [] : this.#tools.take(message, nowMs);
    });
    // First: who comes in with the table is judged by what comes along with it.
    const state: GossipCommand[] =
      userState.length === 0 ? [] : [{ kind: "user-state", bytes: userState }];
    return { commands: [...state, ...told], error: undefined };
  }
}

const probePrefix = "probe-";

/** The connection of a ping over TCP, by its number. */
export function probeStream(seqNo: number): string {
  return `${probePrefix}${seqNo}`;
}
