import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { seededRandom } from "../testing/seeded-random.ts";
import { Gossip } from "./gossip.ts";
import type { GossipCommand } from "./gossip-messages.ts";
import { type AliveMessage, ourVersions, type Place } from "./member.ts";
import { ownState } from "./push-pull.ts";
import { lanTimings } from "./timings.ts";
import { encodePacket, type PacketMessage } from "./wire/index.ts";

const none = new Uint8Array();
const from: Place = { address: "10.0.0.1", port: 7946 };

/** "self" in a ring with `others` of the names "m1", "m2" ... whose news are told. */
function ringOf(others: number, timings = lanTimings): Gossip {
  const gossip = new Gossip({
    name: "self",
    addr: Uint8Array.of(10, 0, 0, 0),
    port: 7946,
    timings,
    isEncrypted: false,
    meta: none,
    random: seededRandom(1),
  });
  gossip.step({ kind: "start" }, 0);
  for (let index = 1; index <= others; index++) take(gossip, aliveOf(index), 0);
  if (others === 0) return gossip;
  while (gossip.queuedNews > 0) gossip.step({ kind: "timer", name: "gossip" }, 0);
  return gossip;
}

function aliveOf(index: number, incarnation = 1): PacketMessage {
  const addr = Uint8Array.of(10, 0, 0, index);
  return {
    kind: "alive",
    node: `m${index}`,
    incarnation,
    addr,
    port: 7946,
    meta: none,
    vsn: ourVersions,
  };
}

/** News of a member that nobody knows yet. */
function namedOf(node: string, index: number): AliveMessage {
  const addr = Uint8Array.of(10, 1, index >> 8, index & 255);
  return { kind: "alive", node, incarnation: 1, addr, port: 7946, meta: none, vsn: ourVersions };
}

const plainly = {
  keys: [],
  compresses: false,
  withChecksum: false,
  nonce: (length: number) => new Uint8Array(length),
};

function take(gossip: Gossip, message: PacketMessage, nowMs: number): GossipCommand[] {
  return gossip.step({ kind: "packet", from, messages: [message] }, nowMs);
}

/** What is sent, as `kind>address`. */
function sent(commands: readonly GossipCommand[]): string[] {
  return commands.flatMap((command) =>
    command.kind === "send"
      ? [`${command.messages.map(({ message }) => message.kind).join("+")}>${command.to.address}`]
      : [],
  );
}

function timer(commands: readonly GossipCommand[], name: string): number | undefined {
  const set = commands.find((command) => command.kind === "set-timer" && command.name === name);
  return set?.kind === "set-timer" ? set.ms : undefined;
}

function seqNoIn(commands: readonly GossipCommand[]): number {
  const messages = commands.flatMap((one) => (one.kind === "send" ? one.messages : []));
  const ping = messages.map(({ message }) => message).find(({ kind }) => kind === "ping");
  assert.ok(ping?.kind === "ping");
  return ping.seqNo;
}

const probe = (gossip: Gossip, nowMs: number): GossipCommand[] =>
  gossip.step({ kind: "timer", name: "probe" }, nowMs);
const ring = (gossip: Gossip, name: string, nowMs: number): GossipCommand[] =>
  gossip.step({ kind: "timer", name }, nowMs);

describe("probing", () => {
  it("ML-80, ML-82: pings one member an interval, and never itself", () => {
    const commands = probe(ringOf(1), 1000);
    assert.deepEqual(sent(commands), ["ping>10.0.0.1"]);
    assert.equal(timer(commands, "probe"), 1000);
    assert.deepEqual(sent(probe(ringOf(0), 1000)), []);
  });

  it("ML-83: without an answer asks three others, and the member itself over TCP", () => {
    const gossip = ringOf(5);
    probe(gossip, 1000);
    const commands = ring(gossip, "probe-no-answer", 1500);
    assert.equal(sent(commands).filter((one) => one.startsWith("indirect-ping")).length, 3);
    assert.equal(commands.filter(({ kind }) => kind === "dial").length, 1);
  });

  it("ML-84, ML-140: suspects who has not answered after the interval, and not before", () => {
    const gossip = ringOf(1);
    assert.equal(timer(probe(gossip, 1000), "probe-deadline"), 1000);
    ring(gossip, "probe-no-answer", 1500);
    const commands = ring(gossip, "probe-deadline", 2000);
    assert.equal(gossip.members.get("m1")!.state, "suspect");
    assert.equal(timer(commands, "suspicion-m1"), 4000);
  });

  it("ML-82: a suspect is pinged with the suspicion in the same packet", () => {
    const gossip = ringOf(1);
    take(gossip, { kind: "suspect", node: "m1", incarnation: 1, from: "m2" }, 500);
    assert.deepEqual(sent(probe(gossip, 1000)), ["ping+suspect>10.0.0.1"]);
  });

  it("ML-84, ML-141: an answer over TCP alone is success, and said once until UDP works", () => {
    const gossip = ringOf(1);
    const once = (nowMs: number): number => {
      const seqNo = seqNoIn(probe(gossip, nowMs));
      ring(gossip, "probe-no-answer", nowMs + 500);
      const message = { kind: "ack", seqNo } as const;
      gossip.step({ kind: "stream-answer", stream: `probe-${seqNo}`, message }, nowMs + 600);
      return ring(gossip, "probe-deadline", nowMs + 1000).filter(({ kind }) => kind === "log")
        .length;
    };
    assert.deepEqual([once(1000), once(3000), once(5000)], [1, 0, 0]);
    assert.equal(gossip.members.get("m1")!.state, "alive");
    take(gossip, { kind: "ack", seqNo: seqNoIn(probe(gossip, 7000)) }, 7001);
    assert.equal(once(9000), 1);
  });

  it("ML-88, ML-89: only the ack of its number ends a probe; nacks speak for us, silence against us", () => {
    const gossip = ringOf(5);
    const seqNo = seqNoIn(probe(gossip, 1000));
    take(gossip, { kind: "ack", seqNo: seqNo + 1 }, 1001);
    ring(gossip, "probe-no-answer", 1500);
    for (let count = 0; count < 2; count++) take(gossip, { kind: "nack", seqNo }, 1800);
    ring(gossip, "probe-deadline", 2000);
    assert.equal(gossip.awareness, 1);
    assert.equal(timer(probe(gossip, 3000), "probe-deadline"), 2000);
  });

  it("ML-85: a packet that the kernel refuses is followed by the questions at once", () => {
    const gossip = ringOf(3);
    const [ping] = probe(gossip, 1000).filter((one) => one.kind === "send");
    assert.ok(ping?.kind === "send");
    const commands = gossip.step({ kind: "send-failed", to: ping.to }, 1001);
    assert.equal(sent(commands).filter((one) => one.startsWith("indirect-ping")).length, 2);
  });

  it("accuses nobody where the first of its timers came late, and the last one in time", () => {
    const gossip = ringOf(1);
    probe(gossip, 1000);
    ring(gossip, "probe-no-answer", 1990);
    ring(gossip, "probe-deadline", 2000);
    assert.equal(gossip.members.get("m1")!.state, "alive");
  });

  it("accuses nobody where its own timer comes late: it did not listen itself", () => {
    const gossip = ringOf(1);
    probe(gossip, 1000);
    ring(gossip, "probe-deadline", 4000);
    assert.equal(gossip.members.get("m1")!.state, "alive");
    assert.equal(gossip.awareness, 1);
  });
});

describe("answers", () => {
  it("ML-86: a ping is answered to the source that it names, one for another name is not", () => {
    const source = { sourceAddr: Uint8Array.of(10, 9, 9, 9), sourcePort: 7947, sourceNode: "m1" };
    const ping = { kind: "ping", seqNo: 9, node: "self" } as const;
    assert.deepEqual(sent(take(ringOf(1), { ...ping, ...source }, 1)), ["ack>10.9.9.9"]);
    assert.deepEqual(sent(take(ringOf(1), ping, 1)), ["ack>10.0.0.1"]);
    assert.deepEqual(sent(take(ringOf(1), { ...ping, node: "else" }, 1)), []);
  });

  it("ML-87, ML-176: pings for another under a number of its own, and passes the ack on, or a nack", () => {
    const asked = {
      kind: "indirect-ping",
      seqNo: 77,
      target: Uint8Array.of(10, 0, 0, 2),
      port: 0,
      node: "m2",
      nack: true,
    } as const;
    const gossip = ringOf(2);
    const commands = take(gossip, asked, 1);
    assert.deepEqual(sent(commands), ["ping>10.0.0.2"]);
    const seqNo = seqNoIn(commands);
    assert.equal(timer(commands, `relay-${seqNo}`), 500);
    const [ack] = take(gossip, { kind: "ack", seqNo }, 2).filter((one) => one.kind === "send");
    assert.ok(
      ack?.kind === "send" &&
        ack.messages[0]!.message.kind === "ack" &&
        ack.messages[0]!.message.seqNo === 77,
    );
    const other = seqNoIn(take(gossip, asked, 3));
    assert.deepEqual(sent(ring(gossip, `relay-${other}`, 503)), ["nack>10.0.0.1"]);
  });

  it("tells once more who accuses it of an incarnation that it has left behind", () => {
    const gossip = ringOf(1);
    take(gossip, { kind: "suspect", node: "self", incarnation: 1, from: "m1" }, 1);
    const commands = take(gossip, { kind: "suspect", node: "self", incarnation: 1, from: "m1" }, 2);
    assert.deepEqual(sent(commands), ["alive>10.0.0.1"]);
    assert.equal(gossip.self!.incarnation, 2);
  });
});

describe("gossip", () => {
  it("ML-90, ML-94: tells up to three at a time, in one packet each, and nothing without news", () => {
    const gossip = ringOf(5);
    assert.deepEqual(sent(ring(gossip, "gossip", 1000)), []);
    take(gossip, aliveOf(1, 2), 1000);
    take(gossip, aliveOf(2, 2), 1000);
    const told = sent(ring(gossip, "gossip", 1200));
    assert.equal(told.length, 3);
    assert.ok(told.every((one) => one.startsWith("alive+alive>")));
  });

  it("ML-95: news pass no queue that could be full: all are taken, and a ping behind them is answered at once", () => {
    const gossip = ringOf(1);
    const news = Array.from({ length: 3000 }, (_, index) => namedOf(`n${index}`, index));
    const messages: PacketMessage[] = [...news, { kind: "ping", seqNo: 5, node: "self" }];
    const commands = gossip.step({ kind: "packet", from, messages }, 1);
    assert.equal(gossip.members.size, 2 + news.length);
    const acks = sent(commands).filter((one) => one.startsWith("ack"));
    assert.equal(acks.length, 1);
  });

  it("ML-177: a packet of news, or a ping with news, stays below 1400 bytes before key and checksum", () => {
    const gossip = ringOf(5);
    for (let index = 0; index < 200; index++) {
      take(gossip, { ...namedOf(`n${index}`, index), meta: new Uint8Array(index) }, 1);
    }
    const commands = [...ring(gossip, "gossip", 1000), ...probe(gossip, 1000)];
    const sizes = commands.flatMap((command) =>
      command.kind === "send"
        ? [
            encodePacket(
              command.messages.map(({ bytes }) => bytes),
              plainly,
            )[0]!.length,
          ]
        : [],
    );
    assert.equal(sizes.length, 4);
    assert.ok(
      sizes.every((size) => size > 1200 && size <= 1400),
      sizes.join(" "),
    );
  });

  it("ML-90: a dead member is told for 30 s, a left one never", () => {
    const gossip = ringOf(1);
    take(gossip, { kind: "dead", node: "m1", incarnation: 1, from: "m9" }, 1000);
    assert.deepEqual(sent(ring(gossip, "gossip", 1200)), ["dead>10.0.0.1"]);
    assert.deepEqual(sent(ring(gossip, "gossip", 31_500)), []);
    const other = ringOf(1);
    take(other, { kind: "dead", node: "m1", incarnation: 1, from: "m1" }, 1000);
    assert.deepEqual(sent(ring(other, "gossip", 1200)), []);
  });

  it("ML-107, ML-140: a suspicion that ends makes a member dead, and a timer that comes early waits for the rest", () => {
    const gossip = ringOf(1);
    take(gossip, { kind: "suspect", node: "m1", incarnation: 1, from: "m2" }, 1000);
    const early = ring(gossip, "suspicion-m1", 4990);
    assert.equal(timer(early, "suspicion-m1"), 10);
    ring(gossip, "suspicion-m1", 5000);
    assert.equal(gossip.members.get("m1")!.state, "dead");
  });

  it("ML-142, ML-143: fast settings of its own decide in 400 ms, and who answers in time is saved", () => {
    const fast = {
      ...lanTimings,
      probeIntervalMs: 200,
      probeTimeoutMs: 80,
      suspicionMult: 2,
      gossipIntervalMs: 50,
    };
    const gossip = ringOf(5, fast);
    const commands = take(
      gossip,
      { kind: "suspect", node: "m1", incarnation: 1, from: "m2" },
      1000,
    );
    assert.equal(timer(commands, "suspicion-m1"), 400);
    take(gossip, aliveOf(1, 2), 1300);
    ring(gossip, "suspicion-m1", 1400);
    assert.equal(gossip.members.get("m1")!.state, "alive");
  });

  it("ML-108: the goodbye goes to all at once, and again by gossip until it has left the queue", () => {
    const gossip = ringOf(2);
    const commands = gossip.step({ kind: "leave" }, 1000);
    assert.deepEqual(sent(commands), ["dead>10.0.0.1", "dead>10.0.0.2"]);
    assert.equal(timer(commands, "leave"), 1000);
    const rounds = [1200, 1400].map((nowMs) => ring(gossip, "gossip", nowMs));
    assert.ok(rounds[1]!.some(({ kind }) => kind === "departed"));
    assert.ok(
      ringOf(0)
        .step({ kind: "leave" }, 1)
        .some(({ kind }) => kind === "departed"),
    );
  });

  it("ML-110: exchanges tables with one living member at a time", () => {
    const commands = ring(ringOf(3), "push-pull", 30_000);
    assert.equal(commands.filter(({ kind }) => kind === "dial").length, 1);
    assert.equal(timer(commands, "push-pull"), 30_000);
  });
});

describe("an exchange outside the usual times", () => {
  const dialled = (gossip: Gossip, last: number): string[] =>
    gossip
      .exchange({ address: `10.0.0.${last}`, port: 7946 })
      .flatMap((command) => (command.kind === "dial" ? [command.stream] : []));

  it("ML-110: is one a place at a time, and another once it ended", () => {
    const gossip = ringOf(2);
    const [stream] = dialled(gossip, 1);
    assert.ok(stream !== undefined);
    assert.deepEqual(dialled(gossip, 1), []);
    assert.equal(dialled(gossip, 2).length, 1);
    gossip.step({ kind: "stream-failed", stream, error: "no answer" }, 2);
    assert.equal(dialled(gossip, 1).length, 1);
  });

  it("ML-110: is one of sixteen at most, whoever asks for more; those of a join are not counted", () => {
    const gossip = ringOf(2);
    const places = Array.from({ length: 20 }, (_, last): Place => ({
      address: `10.0.0.${last}`,
      port: 7946,
    }));
    gossip.step({ kind: "join", places }, 1);
    const streams = places.flatMap((_, last) => dialled(gossip, last));
    assert.equal(streams.length, 16);
    gossip.step({ kind: "stream-failed", stream: streams[0]!, error: "no answer" }, 2);
    assert.equal(dialled(gossip, 100).length, 1);
    assert.equal(dialled(gossip, 101).length, 0);
  });
});

describe("joining", () => {
  const places = [1, 2, 3].map((last): Place => ({ address: `10.0.0.${last}`, port: 7946 }));

  it("ML-154: exchanges tables with every place, all at once where stock members go one by one", () => {
    const dials = ringOf(0)
      .step({ kind: "join", places }, 1)
      .filter((one) => one.kind === "dial");
    assert.deepEqual(
      dials.map(({ to }) => to),
      places,
    );
    for (const { message, timeoutMs } of dials) {
      assert.ok(message.kind === "push-pull" && message.isJoin);
      assert.equal(timeoutMs, lanTimings.tcpTimeoutMs);
    }
  });

  it("ML-154: one that answers is enough, and both numbers are told once all are tried", () => {
    const gossip = ringOf(0);
    const [a, b, c] = gossip.step({ kind: "join", places }, 1).filter((one) => one.kind === "dial");
    const error = "no answer";
    assert.deepEqual(gossip.step({ kind: "stream-failed", stream: a!.stream, error }, 2), []);
    const message = ownState(ringOf(1).members.values(), true);
    gossip.step({ kind: "stream-answer", stream: b!.stream, message }, 3);
    assert.ok(gossip.members.has("m1"));
    const [joined] = gossip.step({ kind: "stream-failed", stream: c!.stream, error }, 4);
    const failed = [places[0], places[2]].map((place) => ({ place, error }));
    assert.deepEqual(joined, { kind: "joined", reached: 1, failed });
  });

  it("ML-154: one that answers with an acknowledgement has failed, and the join ends", () => {
    const gossip = ringOf(0);
    const [dial] = gossip
      .step({ kind: "join", places: places.slice(0, 1) }, 1)
      .filter((one) => one.kind === "dial");
    const message = { kind: "ack", seqNo: 1 } as const;
    const [joined] = gossip.step({ kind: "stream-answer", stream: dial!.stream, message }, 2);
    const failed = [{ place: places[0], error: "answered with ack" }];
    assert.deepEqual(joined, { kind: "joined", reached: 0, failed });
  });

  it("ML-104, ML-105: who returns tells each in whose table it is gone, and gossip nobody by chance alone", () => {
    const gossip = ringOf(0);
    const dials = gossip.step({ kind: "join", places }, 1).filter((one) => one.kind === "dial");
    const [self, ...others] = ownState([...ringOf(1).members.values()], true).nodes;
    const table = (state: number) =>
      ({
        kind: "push-pull",
        isJoin: true,
        nodes: [{ ...self!, state }, ...others],
        userState: none,
      }) as const;
    const answers = [3, 2, 0].map((state, at) =>
      gossip.step({ kind: "stream-answer", stream: dials[at]!.stream, message: table(state) }, 2),
    );
    assert.deepEqual(answers.map(sent), [["alive>10.0.0.1"], ["alive>10.0.0.2"], []]);
    assert.equal(gossip.self!.incarnation, 2);
  });

  it("ML-154: who has nobody to join is through at once", () => {
    const [joined] = ringOf(0).step({ kind: "join", places: [] }, 1);
    assert.deepEqual(joined, { kind: "joined", reached: 0, failed: [] });
  });
});
