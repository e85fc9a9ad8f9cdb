import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { connect, type Socket } from "node:net";
import { afterEach, describe, it } from "node:test";
import {
  encodePacket,
  type GossipCommand,
  type GossipEvent,
  type PacketMessage,
} from "../memberlist/index.ts";
import { encodeMessage } from "../memberlist/wire/index.ts";
import { askForReceiveBuffer, GossipSockets, type GossipSocketOptions } from "./gossip-sockets.ts";

const key = new Uint8Array(32).fill(7);
const address = "127.0.0.1";
const ping: PacketMessage = { kind: "ping", seqNo: 7, node: "b" };

/** What came in, to be awaited one by one. */
class Inbox<T> {
  readonly #waiting: ((item: T) => void)[] = [];
  readonly #items: T[] = [];

  readonly put = (item: T): void => {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#items.push(item);
    else waiting(item);
  };

  next(): Promise<T> {
    const item = this.#items.shift();
    if (item !== undefined) return Promise.resolve(item);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

describe("the sockets of gossip", () => {
  const open: GossipSockets[] = [];
  afterEach(() => {
    for (const sockets of open.splice(0)) sockets.close();
  });

  const start = async (changes: Partial<GossipSocketOptions> = {}) => {
    const events = new Inbox<GossipEvent>();
    const problems = new Inbox<string>();
    const sockets = await GossipSockets.open({
      address,
      port: 0,
      keys: [key],
      compresses: true,
      verifiesIncoming: true,
      verifiesOutgoing: true,
      tcpTimeoutMs: 5000,
      onEvent: events.put,
      onProblem: (reason) => problems.put(reason),
      ...changes,
    });
    open.push(sockets);
    return { sockets, events, problems, place: { address, port: sockets.port } };
  };
  const send = (messages: PacketMessage[]): Extract<GossipCommand, { kind: "send" }> => ({
    kind: "send",
    to: { address, port: 1 },
    messages: messages.map((message) => ({ message, bytes: encodeMessage(message) })),
    withChecksum: true,
  });

  it("ML-1, ML-2: carry packets from the port that listens, so that answers find it", async () => {
    const [a, b] = [await start(), await start()];
    a.sockets.send({ ...send([ping, { kind: "nack", seqNo: 9 }]), to: b.place });
    const event = await b.events.next();
    assert.ok(event.kind === "packet");
    assert.deepEqual(event.from, a.place);
    assert.partialDeepStrictEqual(event.messages, [ping, { kind: "nack", seqNo: 9 }]);
  });

  it("ML-3: take datagrams as large as UDP has them", async () => {
    const [a, b] = [await start({ keys: [] }), await start({ keys: [] })];
    // A byte for the type of the message; 28 for the headers of IPv4 and UDP.
    const payload = new Uint8Array(65_535 - 28 - 1).fill(5);
    a.sockets.send({ ...send([{ kind: "user", payload }]), to: b.place, withChecksum: false });
    const event = await b.events.next();
    assert.ok(event.kind === "packet");
    assert.deepEqual(event.messages, [{ kind: "user", payload }]);
  });

  it("ML-3: ask for 2 MiB to receive into, and for half as much until the kernel gives it", () => {
    const asked: number[] = [];
    const most = 300_000;
    askForReceiveBuffer((bytes) => {
      asked.push(bytes);
      if (bytes > most) throw new Error("no");
    });
    assert.deepEqual(asked, [2_097_152, 1_048_576, 524_288, 262_144]);
    askForReceiveBuffer(() => {
      throw new Error("never");
    });
  });

  it("ML-77: serve 128 connections at a time, close more, and take others once some are through", async () => {
    const b = await start();
    const dial = (): Socket => connect(b.place.port, address).on("error", () => undefined);
    const closed = (socket: Socket): Promise<unknown> => {
      return new Promise((resolve) => socket.once("close", resolve).resume());
    };
    const served = Array.from({ length: 128 }, dial);
    await Promise.all(served.map((socket) => new Promise((up) => socket.once("connect", up))));
    await closed(dial());
    assert.ok(served.every(({ destroyed }) => !destroyed));
    const state = { kind: "push-pull", isJoin: true, nodes: [] } as const;
    const message = { ...state, userState: new Uint8Array() };
    const a = await start();
    for (const socket of served) socket.destroy();
    const asked = b.events.next();
    // The other side sees the ends a moment later; until then a dial fails.
    for (let event: GossipEvent | undefined; event?.kind !== "stream-message";) {
      a.sockets.dial({ kind: "dial", stream: "x", to: b.place, message, timeoutMs: 5000 });
      event = await Promise.race([a.events.next(), asked]);
    }
  });

  it("ML-43, ML-47: drop and name what another key encrypted, and plain text", async () => {
    const b = await start();
    const other = await start({ keys: [new Uint8Array(32).fill(8)] });
    const plain = await start({ keys: [] });
    for (const { sockets } of [other, plain]) sockets.send({ ...send([ping]), to: b.place });
    const reasons = [await b.problems.next(), await b.problems.next()];
    assert.ok(
      reasons.every((reason) => ["decrypt-failed", "not-encrypted"].includes(reason)),
      reasons.join(),
    );
  });

  it("ML-5, ML-70: exchange one message each way on a connection", async () => {
    const [a, b] = [await start(), await start()];
    const state = {
      kind: "push-pull",
      isJoin: true,
      nodes: [],
      userState: new Uint8Array(),
    } as const;
    a.sockets.dial({
      kind: "dial",
      stream: "join-0",
      to: b.place,
      message: state,
      timeoutMs: 5000,
    });
    const asked = await b.events.next();
    assert.ok(asked.kind === "stream-message");
    assert.deepEqual(asked.message, state);
    b.sockets.answer(asked.stream, { ...state, isJoin: false });
    const answered = await a.events.next();
    assert.ok(answered.kind === "stream-answer");
    assert.partialDeepStrictEqual(answered, { stream: "join-0", message: { isJoin: false } });
  });

  it("ML-46, ML-75: tell the other side why a stream was not taken", async () => {
    const b = await start();
    const plain = await start({ keys: [], verifiesIncoming: false });
    const message = {
      kind: "push-pull",
      isJoin: true,
      nodes: [],
      userState: new Uint8Array(),
    } as const;
    plain.sockets.dial({ kind: "dial", stream: "x", to: b.place, message, timeoutMs: 5000 });
    assert.equal(await b.problems.next(), "not-encrypted");
    const event = await plain.events.next();
    assert.ok(event.kind === "stream-failed" || event.kind === "stream-answer");
  });

  it("end a dial that nobody answers, and one to a closed port", async () => {
    const [a, b] = [await start(), await start()];
    const message = { kind: "ping", seqNo: 1, node: "b" } as const;
    a.sockets.dial({ kind: "dial", stream: "slow", to: b.place, message, timeoutMs: 50 });
    const event = await a.events.next();
    assert.partialDeepStrictEqual(event, { kind: "stream-failed", stream: "slow" });
    const gone = b.place;
    b.sockets.close();
    a.sockets.dial({ kind: "dial", stream: "gone", to: gone, message, timeoutMs: 5000 });
    assert.partialDeepStrictEqual(await a.events.next(), { kind: "stream-failed", stream: "gone" });
  });

  it("ML-6, ML-7: close a connection that says nothing, without a word about it", async () => {
    const b = await start({ tcpTimeoutMs: 50 });
    const silent = connect(b.place.port, address);
    await new Promise((closed) => silent.once("close", closed).resume());
  });

  it("survive any bytes", async () => {
    const b = await start();
    const stranger = createSocket("udp4");
    for (let size = 1; size < 64; size++)
      stranger.send(new Uint8Array(size).fill(size), b.place.port, address);
    const good = encodePacket([encodeMessage(ping)], {
      keys: [key],
      compresses: false,
      withChecksum: false,
      nonce: (length) => new Uint8Array(length),
    });
    stranger.send(good[0]!, b.place.port, address);
    const event = await b.events.next();
    assert.equal(event.kind, "packet");
    stranger.close();
  });

  it("refuse to start on a port that is taken, with the mend", async () => {
    const b = await start();
    await assert.rejects(
      start({ port: b.place.port }),
      /gossip cannot listen on 127\.0\.0\.1, port \d+: .*EADDRINUSE.*METALLB_ML_BIND_PORT/,
    );
  });
});
