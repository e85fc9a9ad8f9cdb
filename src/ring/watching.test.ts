import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nameWatchedBySelf, ScriptedRing } from "../testing/scripted-ring.ts";
import { shortestSilenceMs } from "./beat-record.ts";
import { describeOwnKind } from "./own-kind.ts";
import { defaultBeatMs } from "./ring.ts";

const beatMs = defaultBeatMs;
const silenceMs = shortestSilenceMs(beatMs);
/** After the last beat that `ScriptedRing.live` brought. */
const untilAskedMs = silenceMs - beatMs + 1;
/** Longer than any inquiry on a quick network. */
const inquiryMs = 700;

const helpers = ["a", "b"];
/** A member that we watch. */
const x = nameWatchedBySelf(helpers);
const elsewhere = { address: "10.0.0.99", port: 7946 };

/** A ring in which all have sent twenty beats. */
function ringOf(): ScriptedRing {
  const ring = new ScriptedRing({ others: [...helpers, x] });
  ring.live(20 * beatMs, ...helpers, x);
  ring.lines = [];
  return ring;
}

/** `x` has been silent for so long that others are asked. */
function ringWithSilent(): ScriptedRing {
  const ring = ringOf();
  ring.live(untilAskedMs, ...helpers);
  return ring;
}

/** For so long `x` is heard with these numbers only, one a beat, again and again. */
function replay(ring: ScriptedRing, seqs: readonly number[], ms: number): void {
  for (let count = 0; count * beatMs < ms; count++) {
    ring.beat(helpers);
    ring.beat([x], { seq: seqs[count % seqs.length]! });
    ring.pass(beatMs);
  }
}

/** For so long `x` is heard from another address, with numbers that are new. */
function beatElsewhere(ring: ScriptedRing, ms: number): void {
  for (let seq = 1000; (seq - 1000) * beatMs < ms; seq++) {
    const beat = { kind: "beat", name: x, seq, view: ring.view, isLast: false } as const;
    ring.beat(helpers);
    ring.hear({ ...beat, isHail: false }, elsewhere);
    ring.pass(beatMs);
  }
}

const from = (first: number, count: number): number[] => {
  return Array.from({ length: count }, (_, index) => (first + index) >>> 0);
};
const isAsked = (ring: ScriptedRing): boolean => ring.take("ask").includes(`ask ${x}>a`);
const watched = (ring: ScriptedRing): string[] => ring.ring.watched().map(({ name }) => name);

describe("beats that were sent before", () => {
  it("and are sent again by somebody who recorded them, do not keep a dead member alive", () => {
    const ring = ringOf();
    let ms = 0;
    for (; ring.ring.isAlive(x) && ms < 10 * silenceMs; ms += beatMs) {
      replay(ring, [1 + ((ms / beatMs) % 20)], beatMs);
      if (isAsked(ring)) for (const name of helpers) ring.answer(name, x, false);
    }
    assert.ok(!ring.ring.isAlive(x));
    assert.ok(ms <= silenceMs + 2 * beatMs + inquiryMs, `after ${ms} ms`);
  });

  it("and come several times, the last one too, are no sign of life", () => {
    const ring = ringOf();
    replay(ring, [20], silenceMs);
    assert.ok(isAsked(ring));
  });

  it("in an earlier life, do not count beside those of this one, whichever numbers are higher", () => {
    for (const earlier of [1, 100_000]) {
      const ring = ringOf();
      replay(ring, from(50_000, 10), untilAskedMs);
      ring.ack(x);
      replay(ring, from(50_010, 10), 10 * beatMs);
      ring.take();
      replay(ring, from(earlier, 50), silenceMs);
      assert.ok(isAsked(ring), `numbers from ${earlier}`);
    }
  });

  it("in an earlier life, whose clock went further, keep a dead member alive by no goodbye to us either", () => {
    const ring = ringOf();
    ring.beat([x], { seq: 50_000, isLast: true });
    assert.ok(watched(ring).includes(x));
    replay(ring, from(50_001, 50), untilAskedMs);
    assert.ok(isAsked(ring));
  });

  it("do not count either where the member answered somebody's question just before it died", () => {
    const ring = ringOf();
    ring.hear({ kind: "ask", name: "a", id: 1, about: x });
    ring.ack(x);
    replay(ring, from(1, 20), silenceMs);
    assert.ok(isAsked(ring));
  });

  it("do not clear one whom we never heard ourselves", () => {
    const ring = new ScriptedRing({ others: [...helpers, x] });
    ring.tellDead(x);
    assert.ok(isAsked(ring));
    ring.beat([x], { seq: 1 });
    assert.deepEqual(ring.take("cleared"), []);
    ring.beat([x], { seq: 2 });
    assert.deepEqual(ring.take("cleared"), [`cleared ${x}`]);
  });

  it("do not count where it says something else of itself, which is no other address", () => {
    const ring = ringOf();
    const meta = describeOwnKind(beatMs, new Map([["l2", "eth0!carrier"]]));
    ring.alive(x, { incarnation: 2, meta });
    replay(ring, from(1, 19), silenceMs);
    assert.ok(isAsked(ring));
  });

  it("do not count where it was silent, and answered just before it died", () => {
    const ring = ringWithSilent();
    ring.ack(x);
    ring.take();
    replay(ring, from(1, 20), silenceMs);
    assert.ok(isAsked(ring));
  });

  it("in an earlier life, do not hide those of this one, which count in the same moment", () => {
    const ring = ringWithSilent();
    ring.ack(x);
    ring.take();
    for (const seq of [...from(0xffff_0000, 5), 5000]) ring.beat([x], { seq });
    replay(ring, from(0xffff_0005, 50), silenceMs);
    assert.ok(isAsked(ring));
    ring.ack(x);
    ring.beat([x], { seq: 5010 });
    replay(ring, from(5011, 10), 10 * beatMs);
    ring.take();
    replay(ring, from(5000, 20), silenceMs);
    assert.ok(isAsked(ring));
  });

  it("do not count where it was silent, and answered a while before", () => {
    const ring = ringWithSilent();
    ring.ack(x);
    ring.live(3 * beatMs, ...helpers);
    ring.take();
    replay(ring, from(1, 19), inquiryMs);
    assert.ok(isAsked(ring));
  });
});

describe("beats", () => {
  it("are heard across the wrap of their numbers", () => {
    const ring = new ScriptedRing({ others: [...helpers, x] });
    replay(ring, from(0xffff_fffe, 30), 30 * beatMs);
    assert.deepEqual(ring.take("ask"), []);
  });

  it("are heard that were sent while we were stopped, also where the first of them are lost, or all", () => {
    for (const heard of [from(21, 30), from(45, 6), []]) {
      const ring = ringOf();
      ring.stop(30 * beatMs);
      ring.pass(0);
      for (const seq of heard) ring.beat([x], { seq });
      replay(ring, from(51, 30), 30 * beatMs);
      assert.deepEqual(ring.take("ask"), [], `heard ${heard.length}`);
    }
  });

  it("begin anew with a member that began anew, once it answers a ping", () => {
    for (const first of [0xffff_0000, 100_000]) {
      const ring = ringOf();
      replay(ring, from(first, 10), untilAskedMs);
      assert.ok(isAsked(ring));
      ring.ack(x);
      replay(ring, from(first + 10, 30), 30 * beatMs);
      assert.deepEqual(ring.take("ask"), []);
    }
  });

  it("under our own name, of unknown members, of stock members and of the dead are no sign of anybody's life", () => {
    const ring = new ScriptedRing({ others: helpers, stock: ["s"] });
    ring.live(10 * beatMs, ...helpers);
    ring.take();
    ring.beat(["self", "s"]);
    assert.deepEqual(watched(ring).sort(), helpers);
    assert.deepEqual(ring.lines, []);
    ring.packet("b", { kind: "dead", node: "a", incarnation: 1, from: "b" });
    ring.beat(["a"]);
    assert.deepEqual(watched(ring), ["b"]);
    assert.ok(!ring.ring.isAlive("a"));
  });

  it("under a member's name from another address do not count, until that member answers where it lives", () => {
    const ring = ringOf();
    beatElsewhere(ring, untilAskedMs);
    assert.ok(isAsked(ring));
    ring.ack(x);
    beatElsewhere(ring, 3 * silenceMs);
    assert.deepEqual(ring.take("ask", "decided"), []);
  });

  it("ML-109: of a member that has moved count from its new address at once", () => {
    const ring = ringOf();
    ring.packet("a", { kind: "suspect", node: x, incarnation: 1, from: "a" });
    ring.alive(x, { incarnation: 2, addr: Uint8Array.of(10, 0, 0, 99) });
    beatElsewhere(ring, 3 * silenceMs);
    assert.deepEqual(ring.take("ask", "update"), [`update ${x} alive`]);
  });
});

describe("a last beat", () => {
  const last = (ring: ScriptedRing, seq: number): void => ring.beat([x], { seq, isLast: true });

  it("is taken at its word: its member is not waited for any more", () => {
    const ring = ringOf();
    last(ring, 20);
    ring.live(2 * silenceMs, ...helpers);
    assert.deepEqual(ring.take("ask"), []);
  });

  it("ends an inquiry", () => {
    const ring = ringWithSilent();
    for (const name of helpers) ring.answer(name, x, false);
    last(ring, 21);
    ring.live(inquiryMs, ...helpers);
    assert.deepEqual(ring.take("decided", "leave"), []);
  });

  it("of an earlier time, or from elsewhere, changes nothing", () => {
    const ring = ringOf();
    last(ring, 19);
    const told = { kind: "beat", name: x, seq: 30, view: 0, isLast: true, isHail: false } as const;
    ring.hear(told, elsewhere);
    ring.live(untilAskedMs, ...helpers);
    assert.ok(isAsked(ring));
    last(ring, 12);
    for (const name of helpers) ring.answer(name, x, false);
    ring.live(inquiryMs, ...helpers);
    assert.deepEqual(ring.take("decided"), [`decided ${x} dead [a b]`]);
  });
});
