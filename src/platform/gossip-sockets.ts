/**
 * The sockets of gossip: one port for UDP and TCP (ML-1 to ML-7). Bytes become messages and messages bytes here;
 * what they mean is decided elsewhere.
 */

import { randomFillSync } from "node:crypto";
import { createSocket, type RemoteInfo, type Socket as UdpSocket } from "node:dgram";
import { connect, createServer, isIPv6, type Server, type Socket } from "node:net";
import {
  decodePacket,
  encodePacket,
  encodeStream,
  type GossipCommand,
  type GossipEvent,
  type Place,
  type ProblemReason,
  type StreamMessage,
  StreamReader,
} from "../memberlist/index.ts";

export interface GossipSocketOptions {
  readonly address: string;
  readonly port: number;
  readonly label?: Uint8Array;
  /** The first one encrypts, all decrypt; none: plain text. */
  readonly keys: readonly Uint8Array[];
  readonly compresses: boolean;
  readonly verifiesIncoming: boolean;
  readonly verifiesOutgoing: boolean;
  /** Of a connection that was dialled to us (ML-6). */
  readonly tcpTimeoutMs: number;
  readonly onEvent: (event: GossipEvent) => void;
  /** Bytes that were dropped, and from where. */
  readonly onProblem: (reason: ProblemReason, from: string) => void;
}

type Send = Extract<GossipCommand, { kind: "send" }>;
type Dial = Extract<GossipCommand, { kind: "dial" }>;

const receiveBufferBytes = 2 * 1024 * 1024;
const fewestBufferBytes = 64 * 1024;
/** ML-77 */
const mostConnections = 128;
const nonceBytes = 12;

export class GossipSockets {
  readonly #options: GossipSocketOptions;
  readonly #udp: UdpSocket;
  readonly #tcp: Server;
  readonly #accepted = new Map<string, Socket>();
  readonly #dialled = new Set<Socket>();
  readonly #nonces = new NoncePool();
  /** What was sent last. */
  #last:
    | (Pick<Send, "messages" | "withChecksum"> & { readonly packets: readonly Uint8Array[] })
    | undefined;
  #accepts = 0;

  private constructor(options: GossipSocketOptions) {
    this.#options = options;
    const family = isIPv6(options.address) ? 6 : 4;
    this.#udp = createSocket({
      type: `udp${family}`,
      // Addresses only, and of the socket's family: nothing is ever looked up, nor looked at for each packet.
      lookup: (host, _options, callback) => callback(null, host, family),
    });
    this.#udp.on("message", (bytes, from) => this.#onPacket(bytes, from));
    // A packet that could not be delivered comes back as an error of the socket; the next one may pass.
    this.#udp.on("error", () => undefined);
    this.#tcp = createServer({ allowHalfOpen: false }, (socket) => this.#accept(socket));
    this.#tcp.maxConnections = mostConnections;
  }

  /** Listens on both; rejects with the port and the mend when it cannot. */
  static async open(options: GossipSocketOptions): Promise<GossipSockets> {
    const sockets = new GossipSockets(options);
    try {
      await sockets.#listen();
      return sockets;
    } catch (cause) {
      sockets.close();
      const { address, port } = options;
      const why = (cause as Error).message;
      const mend = "free the port, or choose another with METALLB_ML_BIND_PORT on all speakers";
      throw new Error(`gossip cannot listen on ${address}, port ${port}: ${why}; ${mend}`, {
        cause,
      });
    }
  }

  /** The port that was given; the kernel's choice where 0 was asked for. */
  get port(): number {
    return this.#udp.address().port;
  }

  send({ to, messages, withChecksum }: Send): void {
    const packets = this.#packets(messages, withChecksum);
    // Nobody asks what became of a message to our own kind, and Node would take a turn of its own to tell.
    const isToOwnKind = messages.length === 1 && messages[0]?.message.kind === "user";
    const tell = isToOwnKind
      ? undefined
      : (error: Error | null): void => {
          if (error) this.#options.onEvent({ kind: "send-failed", to });
        };
    for (const packet of packets) this.#udp.send(packet, to.port, to.address, tell);
  }

  /** What goes to several is encoded and sealed once: the same packet says no more than one of them. */
  #packets(messages: Send["messages"], withChecksum: boolean): readonly Uint8Array[] {
    const last = this.#last;
    if (last?.messages === messages && last.withChecksum === withChecksum) return last.packets;
    const parts = messages.map(({ bytes }) => bytes);
    const packets = encodePacket(parts, { ...this.#encoding(), withChecksum });
    this.#last = { messages, withChecksum, packets };
    return packets;
  }

  dial({ stream, to, message, timeoutMs }: Dial): void {
    const socket = connect({ host: to.address, port: to.port });
    const end = (event: GossipEvent): void => {
      clearTimeout(timer);
      if (!this.#dialled.delete(socket)) return;
      socket.destroy();
      this.#options.onEvent(event);
    };
    const fail = (error: string): void => end({ kind: "stream-failed", stream, error });
    const timer = setTimeout(() => fail(`no answer within ${timeoutMs} ms`), timeoutMs);
    this.#dialled.add(socket);
    socket.on("error", (error) => fail(error.message));
    socket.on("close", () => fail("closed without an answer"));
    socket.on("connect", () => socket.write(encodeStream(message, this.#encoding())));
    const reader = this.#reader(true);
    socket.on("data", (chunk) => {
      const read = reader.push(chunk as Buffer);
      if (read.kind === "message") end({ kind: "stream-answer", stream, message: read.message });
      if (read.kind === "failed") {
        this.#options.onProblem(read.reason, to.address);
        fail(read.detail);
      }
    });
  }

  /** Answers on a connection that was dialled to us, and closes it. */
  answer(stream: string, message: StreamMessage | undefined): void {
    const socket = this.#accepted.get(stream);
    if (socket === undefined) return;
    if (message === undefined) socket.destroy();
    else socket.end(encodeStream(message, { ...this.#encoding(), isAnswer: true }));
  }

  close(): void {
    for (const socket of [...this.#accepted.values(), ...this.#dialled]) socket.destroy();
    this.#accepted.clear();
    this.#dialled.clear();
    this.#tcp.close();
    try {
      this.#udp.close();
    } catch {
      // it never opened
    }
  }

  async #listen(): Promise<void> {
    const { address, port } = this.#options;
    await new Promise<void>((listening, failed) => {
      this.#tcp.once("error", failed);
      this.#tcp.listen({ host: address, port }, listening);
    });
    const tcpAddress = this.#tcp.address();
    const given = tcpAddress !== null && typeof tcpAddress === "object" ? tcpAddress.port : port;
    await new Promise<void>((listening, failed) => {
      this.#udp.once("error", failed);
      this.#udp.bind({ address, port: given }, () => {
        this.#udp.off("error", failed);
        askForReceiveBuffer((bytes) => this.#udp.setRecvBufferSize(bytes));
        listening();
      });
    });
  }

  #onPacket(bytes: Uint8Array, { address, port }: RemoteInfo): void {
    const { label, keys, verifiesIncoming } = this.#options;
    const decoded = decodePacket(bytes, {
      keys,
      verifiesIncoming,
      ...(label !== undefined && { label }),
    });
    for (const { reason } of decoded.problems) this.#options.onProblem(reason, address);
    if (decoded.messages.length === 0) return;
    const from: Place = { address, port };
    this.#options.onEvent({ kind: "packet", from, messages: decoded.messages });
  }

  #accept(socket: Socket): void {
    const stream = `in-${this.#accepts++}`;
    const from = socket.remoteAddress ?? "unknown";
    this.#accepted.set(stream, socket);
    socket.on("close", () => this.#accepted.delete(stream));
    socket.on("error", () => socket.destroy());
    const timer = setTimeout(() => socket.destroy(), this.#options.tcpTimeoutMs);
    socket.on("close", () => clearTimeout(timer));
    const reader = this.#reader(false);
    socket.on("data", (chunk) => {
      const read = reader.push(chunk as Buffer);
      if (read.kind === "more") return;
      socket.removeAllListeners("data");
      if (read.kind === "message") {
        this.#options.onEvent({ kind: "stream-message", stream, message: read.message });
        return;
      }
      this.#options.onProblem(read.reason, from);
      // ML-75: the other side shall know why.
      this.answer(stream, { kind: "error", error: read.detail });
    });
  }

  #reader(isAnswer: boolean): StreamReader {
    const { label, keys, verifiesIncoming } = this.#options;
    const how = { keys, verifiesIncoming, isAnswer };
    return new StreamReader({ ...how, ...(label !== undefined && { label }) });
  }

  #encoding(): Pick<Parameters<typeof encodeStream>[1], "keys" | "compresses" | "nonce" | "label"> {
    const { label, keys, compresses, verifiesOutgoing } = this.#options;
    return {
      keys: verifiesOutgoing ? keys : [],
      compresses,
      nonce: (length) => this.#nonces.take(length),
      ...(label !== undefined && { label }),
    };
  }
}

/** ML-3: less and less until `ask` does not throw; below 64 KiB what the kernel gives unasked has to do. */
export function askForReceiveBuffer(ask: (bytes: number) => void): void {
  for (let bytes = receiveBufferBytes; bytes >= fewestBufferBytes; bytes /= 2) {
    try {
      return ask(bytes);
    } catch {
      // it was too much
    }
  }
}

/** Random bytes drawn for a thousand packets at once: one system call instead of a thousand. */
class NoncePool {
  readonly #bytes = new Uint8Array(1000 * nonceBytes);
  #at = this.#bytes.length;

  take(length: number): Uint8Array {
    if (this.#at + length > this.#bytes.length) {
      randomFillSync(this.#bytes);
      this.#at = 0;
    }
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}
