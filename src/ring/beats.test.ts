import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import type { Member } from "../memberlist/index.ts";
import { AckTimes } from "./ack-times.ts";
import { type BeatMessage, decodeBeatMessage, encodeBeatMessage } from "./beat-messages.ts";
import { firstBeat, shortestSilenceMs, silenceMs, withBeat } from "./beat-record.ts";
import { aloneMs, answerMs, type Inquiry, verdictMs, verdictOf, withDeaf } from "./inquiry.ts";
import { defaultBeatMs } from "./ring.ts";
import { describeOwnKind } from "./own-kind.ts";
import { viewOf } from "./view.ts";
import { isWatcher, watcherCount, watchersOf } from "./watchers.ts";

const name = fc.string({ minLength: 1, maxLength: 60 });
const number = fc.integer({ min: 0, max: 0xffff_ffff });
const anyMessage: fc.Arbitrary<BeatMessage> = fc.oneof(
  fc.record({
    kind: fc.constant("beat" as const),
    name,
    seq: number,
    view: number,
    isLast: fc.boolean(),
    isHail: fc.boolean(),
  }),
  fc.record({ kind: fc.constant("ask" as const), name, id: number, about: name }),
  fc.record({
    kind: fc.constant("answer" as const),
    name,
    id: number,
    about: name,
    isHeard: fc.boolean(),
  }),
  fc.record({ kind: fc.constant("missing" as const), name, incarnation: number }),
);

describe("messages among our own (ML-27d)", () => {
  it("come out as they went in", () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        assert.deepEqual(decodeBeatMessage(encodeBeatMessage(message)), { ...message });
      }),
    );
  });

  it("are undefined where they are cut, or somebody else's", () => {
    fc.assert(
      fc.property(anyMessage, fc.nat(40), (message, bytes) => {
        const encoded = encodeBeatMessage(message);
        if (bytes < encoded.length)
          assert.equal(decodeBeatMessage(encoded.subarray(0, bytes)), undefined);
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        assert.equal(bytes[0] === 0x6d ? undefined : decodeBeatMessage(bytes), undefined);
      }),
    );
  });
});

describe("patience with a member's beats", () => {
  /** After 600 beats of which those are heard whose number `isHeard`. */
  function patienceMs(isHeard: (seq: number) => boolean): number {
    let record = firstBeat(defaultBeatMs, 0, 0);
    for (let seq = 1; seq <= 600; seq++)
      if (isHeard(seq)) record = withBeat(record, seq, seq * defaultBeatMs);
    return silenceMs(record);
  }

  it("is two beats on a perfect network, and grows with the loss", () => {
    assert.equal(
      patienceMs(() => true),
      shortestSilenceMs(defaultBeatMs),
    );
    assert.equal(shortestSilenceMs(defaultBeatMs), 440);
    const tenth = patienceMs((seq) => seq % 10 !== 0);
    const third = patienceMs((seq) => seq % 3 !== 0);
    assert.ok(tenth > 500 && third > tenth && third < 2000, `${tenth} ${third}`);
  });

  it("hardly grows when the link was down for seconds: that is no loss by chance", () => {
    assert.ok(patienceMs((seq) => seq < 560 || seq === 600) < 900);
  });

  it("does not fall below the shortest, whatever numbers come", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(number, fc.nat(1000)), { maxLength: 50 }), (beats) => {
        let record = firstBeat(defaultBeatMs, 5, 0);
        let nowMs = 0;
        for (const [seq, ms] of beats) record = withBeat(record, seq, (nowMs += ms));
        assert.ok(
          silenceMs(record) >= shortestSilenceMs(defaultBeatMs) && silenceMs(record) < 20_000,
        );
      }),
    );
  });
});

describe("watchers", () => {
  const names = fc.uniqueArray(name, { maxLength: 20 });

  it("are the same for everybody, two where there are as many, and never the watched one", () => {
    fc.assert(
      fc.property(names, name, (others, watched) => {
        const watchers = watchersOf(watched, others);
        assert.deepEqual(watchersOf(watched, [...others].reverse()), watchers);
        assert.ok(!watchers.includes(watched));
        assert.equal(
          watchers.length,
          Math.min(watcherCount, others.filter((one) => one !== watched).length),
        );
      }),
    );
  });

  it("know themselves without asking for all", () => {
    fc.assert(
      fc.property(names, name, name, (others, watched, own) => {
        const all = new Set([...others, own]);
        assert.equal(isWatcher(own, watched, all), watchersOf(watched, all).includes(own));
      }),
    );
  });

  it("stay when another comes or goes", () => {
    fc.assert(
      fc.property(names, name, name, (others, watched, newcomer) => {
        const before = watchersOf(watched, others);
        const after = watchersOf(watched, new Set([...others, newcomer]));
        assert.ok(after.filter((one) => !before.includes(one)).every((one) => one === newcomer));
      }),
    );
  });
});

describe("inquiry", () => {
  const begun: Inquiry = {
    about: "x",
    id: 1,
    startedMs: 0,
    answerMs: answerMs(0),
    askAgainMs: 100,
    relayAgainMs: 50,
    asked: new Set(["a", "b", "c"]),
    isRelayed: false,
    deaf: new Set(),
  };
  const allDeaf = ["a", "b", "c"].reduce(withDeaf, begun);

  it("ends as soon as all have answered, and asks again before silence counts", () => {
    assert.equal(verdictMs(allDeaf), 50);
    assert.equal(verdictMs(withDeaf(begun, "a")), 300);
  });

  it("with nobody to ask waits for as many pings as the loss demands, and not for ever", () => {
    assert.equal(aloneMs(1, 0), answerMs(1));
    const [some, many] = [aloneMs(1, 0.05), aloneMs(1, 0.3)];
    assert.ok(some > answerMs(1) && many > 2 * some, `${some} ${many}`);
    assert.equal(aloneMs(1, 1), 600);
  });

  it("is about us where nobody answers: then nobody is accused", () => {
    assert.equal(verdictOf(begun), "isolated");
    assert.equal(verdictOf(withDeaf(begun, "a")), "dead");
    assert.equal(verdictOf(withDeaf(begun, "stranger")), "isolated");
    assert.equal(verdictOf({ ...begun, asked: new Set() }), "dead");
  });
});

describe("ack times", () => {
  it("follow a network that becomes slow, and not one answer of a member that was stopped", () => {
    const times = new AckTimes();
    for (let count = 0; count < 20; count++) times.add("x", 1);
    times.add("x", 1600);
    assert.ok(times.worstMs("x") < 20);
    for (let count = 0; count < 10; count++) times.add("x", 80);
    assert.ok(times.worstMs("x") > 80);
  });
});

describe("comparison of views", () => {
  const at = (member: string, address: string, state: "alive" | "dead" = "alive") => {
    return { name: member, address, state, meta: describeOwnKind(200) } as Member;
  };

  it("tells apart who is there, and where, in any order; the gone do not count", () => {
    const [a, b] = [at("a", "10.0.0.1"), at("b", "10.0.0.2")];
    assert.equal(viewOf([a, b]), viewOf([b, at("c", "10.0.0.3", "dead"), a]));
    for (const others of [[a], [a, at("b", "10.0.0.9")], [a, b, at("c", "10.0.0.3")]]) {
      assert.notEqual(viewOf([a, b]), viewOf(others));
    }
  });

  it("tells apart what a member of our kind says of itself", () => {
    const a = at("a", "10.0.0.1");
    const meta = describeOwnKind(200, new Map([["l2", "eth0!carrier"]]));
    assert.notEqual(viewOf([a]), viewOf([{ ...a, meta }]));
  });
});
