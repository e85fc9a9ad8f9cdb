import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nameWatchedByOthers, nameWatchedBySelf, ScriptedRing } from "../testing/scripted-ring.ts";
import { lanTimings } from "../memberlist/index.ts";
import { shortestSilenceMs } from "./beat-record.ts";
import { defaultBeatMs } from "./ring.ts";
import { isWatcher } from "./watchers.ts";

const beatMs = defaultBeatMs;
const silenceMs = shortestSilenceMs(beatMs);
/** The members beat once a beat, and were heard last when `ScriptedRing.live` began its last one. */
const untilAskedMs = silenceMs - beatMs + 1;
/** Longer than any inquiry on a quick network. */
const inquiryMs = 700;
/** What shows that this process did not run; a timer may be half as late for other reasons. */
const pauseMs = 100;

const helpers = ["a", "b"];
/** A member that we watch, and two others that we may ask. */
const x = nameWatchedBySelf(helpers);

/** A ring that has stood for a while, in which `x` is about to fall silent. */
function ringOf(others: readonly string[] = [...helpers, x], firstSeq = 0): ScriptedRing {
  const ring = new ScriptedRing({ others, firstSeq });
  ring.live(20 * beatMs, ...others);
  ring.lines = [];
  return ring;
}

/** `x` has been silent for so long that others are asked. */
function ringWithSilent(): ScriptedRing {
  const ring = ringOf();
  ring.live(untilAskedMs, ...helpers);
  return ring;
}

const isAlive = (ring: ScriptedRing, name = x): boolean => ring.ring.isAlive(name);

describe("silence", () => {
  it("leads to questions to the others and pings to the member, when it is longer than usual, and not before", () => {
    const ring = ringOf();
    ring.live(untilAskedMs - 2, ...helpers);
    assert.deepEqual(ring.take("ask", "ping"), []);
    ring.pass(2);
    assert.deepEqual(ring.take("ask", "ping").sort(), [
      `ask ${x}>a`,
      `ask ${x}>b`,
      `ping ${x}>${x}`,
    ]);
  });

  it("ends in a death where one other hears nothing either, and the third is silent, too: all are told", () => {
    const ring = ringWithSilent();
    ring.answer("a", x, false);
    ring.take();
    ring.live(inquiryMs, ...helpers);
    assert.deepEqual(ring.take("decided", "dead", "leave").slice(0, 4), [
      `decided ${x} dead [a]`,
      `dead ${x}>a`,
      `dead ${x}>b`,
      `leave ${x} dead`,
    ]);
    assert.ok(!isAlive(ring));
  });

  it("ends in a death at once where all who were asked hear nothing", () => {
    const ring = ringWithSilent();
    for (const name of helpers) ring.answer(name, x, false);
    ring.live(50, ...helpers);
    assert.deepEqual(ring.take("decided"), [`decided ${x} dead [a b]`]);
  });

  it("ends well where somebody else hears the member, however many do not", () => {
    const ring = ringWithSilent();
    ring.answer("b", x, false);
    ring.answer("a", x, true);
    ring.live(inquiryMs, ...helpers, x);
    assert.deepEqual(ring.take("decided", "cleared", "leave"), [`cleared ${x}`]);
  });

  it("ends well where the member beats again, or answers one of our pings", () => {
    for (const speak of [
      (ring: ScriptedRing) => ring.beat([x]),
      (ring: ScriptedRing) => ring.ack(x),
      (ring: ScriptedRing) => ring.ack(x, 1),
    ]) {
      const ring = ringWithSilent();
      ring.live(50, ...helpers);
      ring.answer("b", x, false);
      speak(ring);
      ring.live(inquiryMs, ...helpers, x);
      assert.deepEqual(ring.take("decided", "cleared", "leave"), [`cleared ${x}`]);
    }
  });

  it("accuses nobody where all who are asked are silent as well, and asks again soon", () => {
    const ring = ringWithSilent();
    ring.pass(inquiryMs);
    const lines = ring.take("decided", "dead", "leave");
    assert.deepEqual(lines.filter((line) => line.endsWith("]"))[0], `decided ${x} isolated []`);
    assert.ok(lines.every((line) => line.startsWith("decided") && line.endsWith("isolated []")));
    ring.pass(inquiryMs);
    assert.ok(ring.take("ask").includes(`ask ${x}>a`));
    assert.ok(isAlive(ring));
  });

  it("of the only other member is judged by our own pings alone", () => {
    const ring = ringOf([x]);
    ring.pass(untilAskedMs);
    assert.deepEqual(ring.take("ask", "decided", "ping"), [`ping ${x}>${x}`]);
    ring.pass(inquiryMs);
    assert.deepEqual(ring.take("decided"), [`decided ${x} dead []`]);
    const answering = ringOf([x]);
    answering.pass(untilAskedMs);
    answering.ack(x);
    answering.live(inquiryMs, x);
    assert.deepEqual(answering.take("decided", "cleared"), [`cleared ${x}`]);
  });

  it("is nothing to us where the member chose other watchers, whose choosing we did not hear of", () => {
    const others = Array.from({ length: 8 }, (_, index) => `h${index}`);
    const y = nameWatchedByOthers(others);
    const ring = ringOf([...others, y]);
    ring.live(silenceMs + inquiryMs, ...others);
    assert.deepEqual(ring.take("ask", "decided"), []);
  });

  it("is not waited for where gossip suspects a member whose beats we do not get; those we get say more", () => {
    const ring = ringOf();
    ring.live(6000, ...helpers, x);
    ring.tellDead(x);
    assert.deepEqual(ring.take("ask"), []);
    ring.alive(x, { incarnation: 2 });
    ring.beat([x], { isLast: true });
    ring.tellDead(x, 2);
    assert.deepEqual(ring.take("ask").sort(), [`ask ${x}>a`, `ask ${x}>b`]);
  });
});

describe("a suspicion of gossip's", () => {
  /** As long as gossip gives a suspect among four to ten (ML-106), and a turn of its probes. */
  const longestMs = 24_000;
  const turnMs = 15_000;
  const others = Array.from({ length: 8 }, (_, index) => `h${index}`);
  const y = nameWatchedByOthers(others);

  /** "y" answers no ping and does not beat to us, but others hear it; gossip's time for it is just up. */
  function ringWithSuspect(): ScriptedRing {
    const ring = new ScriptedRing({ others: [...others, y], answering: others });
    let isSuspect = false;
    for (let leftMs = turnMs; leftMs > 0; leftMs -= 50) {
      ring.live(50, ...others);
      if (ring.take("ask").length > 0) for (const name of others) ring.answer(name, y, true);
      const { state } = ring.ring.gossip.members.get(y)!;
      if (state === "suspect" && !isSuspect) leftMs = longestMs;
      isSuspect ||= state === "suspect";
    }
    assert.ok(isSuspect && isAlive(ring, y));
    ring.live(100, ...others);
    assert.ok(ring.take("ask").length > 0);
    return ring;
  }

  it("does not end in the death of a member whose beats we hear", () => {
    const ring = new ScriptedRing({ others: [...helpers, x], answering: [...helpers, x] });
    ring.live(6000, ...helpers, x);
    ring.answering = helpers;
    ring.live(longestMs + 4000, ...helpers, x);
    assert.equal(ring.ring.gossip.members.get(x)!.state, "suspect");
    assert.deepEqual(ring.take("leave", "ask"), []);
    ring.live(longestMs, ...helpers);
    assert.ok(!isAlive(ring));
  });

  it("ends in a death where a member beats on for long and answers nothing: the beats may be recorded ones", () => {
    const ring = new ScriptedRing({ others: [...helpers, x], answering: [...helpers, x] });
    ring.live(6000, ...helpers, x);
    ring.answering = helpers;
    let isAnswered = true;
    const live = (ms: number): void => {
      for (let leftMs = ms; leftMs > 0; leftMs -= 50) {
        ring.live(50, ...helpers, x);
        if (ring.take("ask").length === 0) continue;
        for (const name of helpers) ring.answer(name, x, isAnswered);
      }
    };
    live(3 * longestMs);
    assert.ok(isAlive(ring));
    isAnswered = false;
    live(longestMs);
    assert.ok(!isAlive(ring));
  });

  it("leads to a last question about others, and whoever hears them is believed", () => {
    const ring = ringWithSuspect();
    for (const name of others) ring.answer(name, y, true);
    ring.live(2000, ...others);
    assert.deepEqual(ring.take("leave"), []);
    assert.ok(isAlive(ring, y));
  });

  it("leads to another last question where the suspect contradicted during the one before", () => {
    const ring = ringWithSuspect();
    ring.alive(y, { incarnation: 2 });
    let suspectMs = 0;
    for (let leftMs = 2 * longestMs; leftMs > 0; leftMs -= 50) {
      ring.live(50, ...others);
      if (ring.ring.gossip.members.get(y)!.state === "suspect") suspectMs += 50;
      const isAsked = ring.take("ask").length > 0 && suspectMs >= longestMs - 50;
      if (isAsked) for (const name of others) ring.answer(name, y, true);
    }
    assert.ok(suspectMs > longestMs);
    assert.ok(isAlive(ring, y));
  });

  it("ends in a death where nobody hears them, or answers", () => {
    const ring = ringWithSuspect();
    ring.live(2000, ...others);
    assert.deepEqual(ring.take("leave"), [`leave ${y} dead`]);
  });
});

describe("a speaker that did not run itself", () => {
  it("forgives all silence of that time, and is as quick as before afterwards", () => {
    const ring = ringOf();
    ring.stop(silenceMs + inquiryMs);
    ring.pass(0);
    assert.deepEqual(
      ring.take("paused", "ask", "decided").map((line) => line.split(" ")[0]),
      ["paused"],
    );
    ring.live(beatMs, ...helpers);
    assert.deepEqual(ring.take("ask"), []);
    ring.live(3 * beatMs, ...helpers);
    assert.ok(ring.take("ask").includes(`ask ${x}>a`));
  });

  it("forgives it also where the packets that waited come before the timers", () => {
    const ring = ringOf();
    ring.stop(silenceMs + inquiryMs);
    ring.beat(["a"]);
    ring.pass(0);
    assert.deepEqual(
      ring.take("paused", "ask").map((line) => line.split(" ")[0]),
      ["paused"],
    );
  });

  it("forgives before it answers a question that waited: it knows nothing of the member asked about", () => {
    const ring = ringOf();
    ring.stop(silenceMs + inquiryMs);
    ring.hear({ kind: "ask", name: "a", id: 1, about: x });
    assert.deepEqual(ring.take("paused", "answer", "ping").slice(1), [`ping ${x}>${x}`]);
  });

  it("accuses none of several whom it asked about before it was stopped", () => {
    const ring = ringOf(["a", x]);
    ring.pass(untilAskedMs);
    for (const [name, about] of [
      ["a", x],
      [x, "a"],
    ] as const)
      ring.answer(name, about, false);
    ring.take();
    ring.stop(inquiryMs);
    ring.pass(0);
    ring.live(inquiryMs, "a", x);
    assert.deepEqual(ring.take("decided", "leave"), []);
  });

  it("accuses nobody whom it asked about before it was stopped", () => {
    const ring = ringWithSilent();
    ring.answer("a", x, false);
    ring.take();
    ring.stop(inquiryMs);
    ring.pass(0);
    ring.beat([x]);
    ring.live(inquiryMs, ...helpers, x);
    const lines = ring.take("paused", "decided", "leave");
    assert.deepEqual(
      lines.map((line) => line.split(" ")[0]),
      ["paused"],
    );
  });

  it("lets gossip's probe accuse nobody, whose answer may lie unread, though its timer is hardly late", () => {
    const ring = new ScriptedRing({ others: ["a"], answering: ["a"] });
    ring.live(10 * beatMs, "a");
    ring.answering = [];
    ring.take();
    while (!ring.lines.includes("ping a>a")) ring.live(10, "a");
    const { probeIntervalMs } = lanTimings;
    ring.live(probeIntervalMs - 400, "a");
    ring.stop(450);
    ring.pass(0);
    ring.live(50, "a");
    assert.equal(ring.ring.gossip.members.get("a")!.state, "alive");
    ring.live(2 * probeIntervalMs, "a");
    assert.equal(ring.ring.gossip.members.get("a")!.state, "suspect");
  });

  it("takes timers that are a little late for what they are", () => {
    const ring = ringOf();
    ring.live(silenceMs - beatMs, ...helpers);
    ring.stop(pauseMs / 2);
    ring.pass(beatMs);
    const lines = ring.take("paused", "ask").map((line) => line.split(" ")[0]);
    assert.ok(lines.includes("ask") && !lines.includes("paused"), lines.join());
  });

  it("does not make up for beats that it missed", () => {
    const ring = ringOf();
    ring.stop(20 * beatMs);
    ring.pass(0);
    ring.live(4 * beatMs, ...helpers, x);
    const beats = ring
      .take("beat")
      .filter((line) => line === `beat>${ring.ring.watchers[0]}`).length;
    assert.ok(beats >= 4 && beats <= 5, String(beats));
  });
});

describe("our own beats", () => {
  it("go to the watchers once a beat, each with the next number, from the first of this life on", () => {
    const ring = new ScriptedRing({ others: ["a"], firstSeq: 0xffff_fffe });
    const seqs = ring.sentSeqs();
    assert.deepEqual(seqs.slice(0, 3), [0xffff_ffff, 0, 1]);
  });

  it("end with a word to the watchers where the speaker leaves, and no timer is left", () => {
    const ring = ringOf();
    ring.leave();
    assert.ok(ring.take("last").length >= 2);
    ring.live(10 * silenceMs, "a");
    assert.deepEqual(ring.take("beat", "ask", "decided"), []);
  });
});

describe("a link that returns", () => {
  it("brings a beat at once, and before it questions on the wire for those who are to hear it", () => {
    const ring = ringOf();
    ring.live(beatMs, "a", "b", x);
    ring.pass(beatMs / 4);
    ring.take();
    ring.linkReturned();
    const { watchers } = ring.ring;
    assert.equal(watchers.length, 2);
    const resolved = watchers.map((name) => `resolve ${name}`);
    const beats = watchers.map((name) => `beat>${name}`);
    assert.deepEqual(ring.take("resolve", "beat"), [...resolved, ...beats]);
    ring.pass(beatMs / 2);
    assert.deepEqual(ring.take("beat"), []);
  });

  it("is nothing to a speaker that leaves", () => {
    const ring = ringOf();
    ring.leave();
    ring.take();
    ring.linkReturned();
    assert.deepEqual(ring.take("resolve", "beat", "hail"), []);
  });
});

describe("the lost", () => {
  /** "a" is dead for us, and has not heard of it. */
  function ringWithLost(): ScriptedRing {
    const ring = ringOf();
    ring.packet("b", { kind: "dead", node: "a", incarnation: 1, from: "b" });
    ring.take();
    return ring;
  }

  it("that hail us need not be watched for that", () => {
    const ring = new ScriptedRing({ others: helpers });
    ring.beat(["a"], { isHail: true });
    ring.beat(["b"]);
    assert.deepEqual(
      ring.ring.watched().map(({ name }) => name),
      ["b"],
    );
  });

  it("are hailed every few beats, at the address where they were", () => {
    const ring = ringWithLost();
    ring.live(10 * beatMs, "b", x);
    const hails = ring.take("hail").filter((line) => line === "hail>a").length;
    assert.ok(hails >= 3 && hails <= 10, String(hails));
  });

  it("are asked for on the wire with every other hail, where the kernel would ask once a second", () => {
    const ring = ringWithLost();
    ring.live(10 * beatMs, "b", x);
    const lines = ring.take("hail", "resolve");
    const asked = lines.filter((line) => line === "resolve a").length;
    const hails = lines.filter((line) => line === "hail>a").length;
    assert.ok(asked >= 4 && asked <= hails / 2 + 1, `${asked} of ${hails}`);
    assert.equal(lines[lines.indexOf("resolve a") + 1], "hail>a");
  });

  it("are left to the kernel's own questions after an hour, so that a rack that is off does not fill the LAN", () => {
    const ring = ringWithLost();
    ring.stop(3_600_000);
    ring.live(10 * beatMs, "b", x);
    const lines = ring.take("hail", "resolve");
    assert.ok(lines.includes("hail>a"));
    assert.ok(!lines.includes("resolve a"));
    ring.linkReturned();
    assert.deepEqual(ring.take("hail", "resolve a"), ["resolve a", "hail>a"]);
  });

  it("are hailed by two others: whoever hails asks the whole LAN for an address that nobody has", () => {
    const others = Array.from({ length: 8 }, (_, at) => `m${at}`);
    const hailedBySelf = others.filter((lost) => {
      const ring = new ScriptedRing({ others });
      ring.packet("m0", {
        kind: "dead",
        node: lost,
        incarnation: 1,
        from: lost === "m0" ? "m1" : "m0",
      });
      ring.live(5 * beatMs, ...others.filter((name) => name !== lost));
      return ring.take("hail").includes(`hail>${lost}`);
    });
    const ours = others.filter((lost) => {
      const rest = others.filter((name) => name !== lost);
      return isWatcher("self", lost, rest);
    });
    assert.deepEqual(hailedBySelf, ours);
    assert.ok(ours.length > 0 && ours.length < others.length);
  });

  it("are not hailed any more where no pod of theirs is left, or they said goodbye", () => {
    const ring = ringWithLost();
    ring.podsAt("self", "b", x);
    ring.live(10 * beatMs, "b", x);
    ring.packet("b", { kind: "dead", node: "b", incarnation: 1, from: "b" });
    ring.live(10 * beatMs, x);
    assert.deepEqual(ring.take("hail"), []);
  });

  it("hear that they count as dead when they speak, with the incarnation to contradict; a few times a second", () => {
    const ring = ringWithLost();
    for (let count = 0; count < 5; count++) ring.beat(["a"], { isHail: true });
    assert.deepEqual(ring.take("missing"), ["missing #1>a"]);
    ring.pass(1000);
    ring.beat(["a"]);
    assert.deepEqual(ring.take("missing"), ["missing #1>a"]);
    assert.ok(!isAlive(ring, "a"));
  });

  it("that said goodbye are told as well: one that is back may have spoken in vain", () => {
    const ring = ringOf();
    ring.packet("a", { kind: "dead", node: "a", incarnation: 3, from: "a" });
    ring.take();
    ring.beat(["a"]);
    assert.deepEqual(ring.take("missing", "exchange"), ["missing #3>a"]);
    assert.ok(!isAlive(ring, "a"));
  });

  it("that return are met with an exchange of tables: two parts of the ring may have met", () => {
    const ring = ringWithLost();
    ring.alive("a", { incarnation: 2 });
    assert.deepEqual(ring.take("returned", "exchange"), ["returned a", "exchange>a"]);
    ring.live(5 * beatMs, "b", x);
    assert.deepEqual(ring.take("hail"), []);
  });

  it("that nobody knows any more are met with an exchange, too", () => {
    const ring = ringOf();
    const stranger = { address: "10.0.0.77", port: 7946 };
    const beat = { kind: "beat", name: "new", seq: 1, view: 0, isLast: false } as const;
    ring.hear({ ...beat, isHail: false }, stranger);
    ring.hear({ ...beat, seq: 2, isHail: true }, stranger);
    assert.deepEqual(ring.take("exchange"), ["exchange>10.0.0.77"]);
  });

  it("speak up, to the one who told them first, when they hear that they count as dead", () => {
    const ring = ringOf();
    ring.hear({ kind: "missing", name: "a", incarnation: 1 });
    assert.equal(ring.take("alive")[0], "alive self #2>a");
    ring.hear({ kind: "missing", name: "b", incarnation: 1 });
    assert.equal(ring.take("alive")[0], "alive self #2>b");
    assert.equal(ring.ring.gossip.self!.incarnation, 2);
  });
});

describe("views", () => {
  const wrong = (ring: ScriptedRing): number => (ring.view ^ 1) >>> 0;

  it("that differ for longer than news take lead to an exchange with the member that sees others", () => {
    const ring = ringOf();
    const view = wrong(ring);
    let ms = 0;
    for (; ms < 20 * beatMs && !ring.lines.includes(`exchange>${x}`); ms += beatMs) {
      ring.beat(helpers);
      ring.beat([x], { view });
      ring.pass(beatMs);
    }
    assert.ok(ms >= 2 * beatMs && ms <= 2000, `after ${ms} ms`);
    assert.deepEqual(ring.take("exchange"), [`exchange>${x}`]);
  });

  it("that differ in spite of exchanges lead to ever fewer of them", () => {
    const ring = ringOf();
    const view = wrong(ring);
    const atMs: number[] = [];
    for (let ms = 0; ms < 30_000; ms += beatMs) {
      ring.beat(helpers);
      ring.beat([x], { view });
      ring.pass(beatMs);
      if (ring.take("exchange").length > 0) atMs.push(ms);
      ring.endDials();
    }
    const gaps = atMs.slice(1).map((ms, at) => ms - atMs[at]!);
    assert.ok(gaps.length >= 2, gaps.join());
    assert.ok(
      gaps.every((gap, at) => gap >= 1.8 * (gaps[at - 1] ?? atMs[0]!)),
      gaps.join(),
    );
  });

  it("that differ for a moment, and those of beats sent again, are nothing", () => {
    const silent = ringOf();
    silent.beat([x], { isLast: true });
    for (let count = 0; count < 20; count++) {
      silent.live(beatMs, ...helpers);
      silent.beat([x], { seq: 1, view: wrong(silent) });
    }
    assert.deepEqual(silent.take("exchange"), []);
    const ring = ringOf();
    ring.beat([x], { view: wrong(ring) });
    ring.live(10 * beatMs, ...helpers, x);
    for (let count = 0; count < 20; count++) {
      ring.live(beatMs, ...helpers, x);
      ring.beat([x], { seq: 1, view: wrong(ring) });
    }
    assert.deepEqual(ring.take("exchange"), []);
  });
});
