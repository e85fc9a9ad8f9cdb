import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nameWatchedByOthers, nameWatchedBySelf, ScriptedRing } from "../testing/scripted-ring.ts";
import { shortestSilenceMs } from "./beat-record.ts";
import { answerMs } from "./inquiry.ts";
import { defaultBeatMs } from "./ring.ts";
import { watchersOf } from "./watchers.ts";

const beatMs = defaultBeatMs;
/** After the last beat that `ScriptedRing.live` brought. */
const untilAskedMs = shortestSilenceMs(beatMs) - beatMs + 1;
const inquiryMs = 700;

interface Roles {
  readonly helpers: readonly string[];
  readonly stock?: readonly string[];
}

/** A ring whose member `x` was just found silent. */
function asking({ helpers, stock = [] }: Roles): { ring: ScriptedRing; x: string } {
  const x = nameWatchedBySelf(helpers);
  const ring = new ScriptedRing({ others: [...helpers, x], stock });
  ring.live(20 * beatMs, ...helpers, x);
  ring.take();
  ring.live(untilAskedMs, ...helpers);
  return { ring, x };
}

const asked = (ring: ScriptedRing): string[] => {
  return ring.take("ask").map((line) => line.slice(line.indexOf(">") + 1));
};

describe("who asks", () => {
  it("asks up to three, those who watch the silent member before others", () => {
    const helpers = Array.from({ length: 9 }, (_, index) => `h${index}`);
    const { ring, x } = asking({ helpers });
    const names = asked(ring);
    assert.equal(names.length, 3);
    const watchers = watchersOf(x, [...helpers, "self"]).filter((name) => name !== "self");
    assert.ok(watchers.every((name) => names.includes(name)));
  });

  it("asks those again who do not answer, and no others, until the verdict", () => {
    const { ring, x } = asking({ helpers: ["a", "b"] });
    ring.answer("a", x, false);
    ring.take();
    ring.live(2 * answerMs(0) + 1, "a", "b");
    assert.deepEqual(asked(ring), ["b", "b"]);
    ring.live(inquiryMs, "a", "b");
    assert.deepEqual(asked(ring), []);
  });

  it("pings the silent member all the while, so that one lost answer is not its end", () => {
    const { ring, x } = asking({ helpers: ["a", "b"] });
    for (const name of ["a", "b"]) ring.answer(name, x, false);
    ring.live(answerMs(0), "a", "b");
    const lines = ring.take(`ping ${x}`, "decided");
    assert.equal(lines.indexOf(`decided ${x} dead [a b]`), 5);
  });

  it("counts the answers to its own question only: by its number, from those it asked, and each once", () => {
    const { ring, x } = asking({ helpers: ["a", "b"] });
    const id = ring.idOf("a", x);
    const answer = { kind: "answer", about: x, isHeard: false } as const;
    ring.hear({ ...answer, name: "a", id: id - 1 });
    ring.hear({ ...answer, name: "a", id: id + 1 });
    ring.hear({ ...answer, name: x, id });
    ring.hear({ ...answer, name: "stranger", id }, ring.place("a"));
    ring.hear({ ...answer, name: "stranger", id, isHeard: true }, ring.place("a"));
    ring.live(inquiryMs, "a", "b");
    assert.equal(ring.take("decided", "cleared")[0], `decided ${x} isolated []`);
    const again = asking({ helpers: ["a", "b"] });
    const one = { ...answer, name: "a", id: again.ring.idOf("a", x) };
    for (let count = 0; count < 3; count++) again.ring.hear(one);
    again.ring.pass(60);
    assert.deepEqual(again.ring.take("decided"), []);
  });

  it("does not take an earlier answer for one to a later question, neither way", () => {
    const { ring, x } = asking({ helpers: ["a", "b"] });
    const id = ring.idOf("a", x);
    ring.beat([x]);
    ring.live(20 * beatMs, "a", "b", x);
    ring.live(untilAskedMs, "a", "b");
    assert.notEqual(ring.idOf("a", x), id);
    ring.take();
    const answer = { kind: "answer", name: "a", id, about: x } as const;
    ring.hear({ ...answer, isHeard: true });
    ring.hear({ ...answer, isHeard: false });
    assert.deepEqual(ring.take("cleared"), []);
    ring.answer("b", x, false);
    ring.live(inquiryMs, "a", "b");
    assert.deepEqual(ring.take("decided"), [`decided ${x} dead [b]`]);
  });

  it("numbers its questions from the first of this life on, so that answers of an earlier one are none", () => {
    const x = nameWatchedBySelf(["a"]);
    const ring = new ScriptedRing({ others: ["a", x], firstSeq: 7_000_000 });
    ring.live(5 * beatMs, "a", x);
    ring.live(untilAskedMs, "a");
    assert.equal(ring.idOf("a", x), 7_000_000);
  });

  it("is through once the member is gone for another reason", () => {
    const { ring, x } = asking({ helpers: ["a", "b"] });
    ring.answer("a", x, false);
    ring.packet(x, { kind: "dead", node: x, incarnation: 1, from: x });
    ring.live(inquiryMs, "a", "b");
    assert.deepEqual(ring.take("decided", "leave"), [`leave ${x} left`]);
  });
});

describe("where stock members are asked", () => {
  it("pings the silent member itself five times as often as it asks each of them to", () => {
    const { ring, x } = asking({ helpers: [], stock: ["s", "t"] });
    ring.pass(90);
    const pings = ring.take("ping");
    const to = (name: string): number =>
      pings.filter((line) => line === `ping ${x}>${name}`).length;
    assert.deepEqual([to(x), to("s"), to("t")], [10, 2, 2]);
  });

  it("they pass pings on, and their own answer says only that we are not alone: the verdict waits for the pings", () => {
    const { ring, x } = asking({ helpers: [], stock: ["s", "t"] });
    const pings = ring.take("ping");
    assert.deepEqual(
      pings.toSorted(),
      ["s", "t", x]
        .flatMap((to) => {
          return to === x ? [`ping ${x}>${x}`] : [`ping ${to}>${to}`, `ping ${x}>${to}`];
        })
        .toSorted(),
    );
    ring.ack("s");
    ring.ack("t");
    ring.pass(answerMs(0) - 2);
    assert.deepEqual(ring.take("decided"), []);
    ring.pass(3);
    assert.deepEqual(ring.take("decided"), [`decided ${x} dead [s t]`]);
  });

  it("a ping that one of them passed on clears the silent member", () => {
    const { ring, x } = asking({ helpers: [], stock: ["s", "t"] });
    ring.ack("s");
    ring.ack("t");
    ring.pass(answerMs(0) - 10);
    ring.packet("s", { kind: "ack", seqNo: ring.seqNoOf(x) });
    ring.live(inquiryMs, x);
    assert.deepEqual(ring.take("decided", "cleared"), [`cleared ${x}`]);
  });

  it("nobody is accused where they are silent, too", () => {
    const { ring, x } = asking({ helpers: [], stock: ["s", "t"] });
    ring.pass(inquiryMs);
    assert.equal(ring.take("decided")[0], `decided ${x} isolated []`);
    assert.ok(ring.ring.isAlive(x));
  });
});

describe("who is asked", () => {
  /** "a" asks about another, in a ring that has stood for so long. */
  function askedAbout(about: string, livedMs = 6000): ScriptedRing {
    const ring = new ScriptedRing({ others: ["a", "b"] });
    ring.live(livedMs, "a", "b");
    ring.take();
    ring.hear({ kind: "ask", name: "a", id: 7, about });
    return ring;
  }

  it("pings, and says that it hears the member as soon as that answers or beats", () => {
    for (const speak of [(r: ScriptedRing) => r.ack("b"), (r: ScriptedRing) => r.beat(["b"])]) {
      const ring = askedAbout("b");
      assert.deepEqual(ring.take("ping", "answer"), ["ping b>b"]);
      speak(ring);
      assert.deepEqual(ring.take("answer"), ["answer b heard #7>a"]);
      ring.pass(inquiryMs);
      assert.deepEqual(ring.take("answer"), []);
    }
  });

  it("does not believe beats before it has heard some for seconds: they may be recorded ones", () => {
    const ring = askedAbout("b", 10 * beatMs);
    ring.beat(["b"]);
    assert.deepEqual(ring.take("answer"), []);
    ring.pass(answerMs(0));
    assert.deepEqual(ring.take("answer"), ["answer b deaf #7>a"]);
  });

  it("does not believe beats of one whom others watch, either", () => {
    const others = Array.from({ length: 8 }, (_, index) => `h${index}`);
    const y = nameWatchedByOthers(others);
    const ring = new ScriptedRing({ others: [...others, y] });
    ring.live(10 * beatMs, ...others, y);
    ring.live(6000, ...others);
    ring.take();
    ring.hear({ kind: "ask", name: "h0", id: 7, about: y });
    for (let seq = 1; seq < 5; seq++) ring.beat([y], { seq });
    assert.deepEqual(ring.take("answer"), []);
    assert.ok(!ring.ring.watched().some(({ name }) => name === y));
  });

  it("says that it hears nothing once five pings were in vain, before the asker's verdict", () => {
    const ring = askedAbout("b");
    ring.pass(answerMs(0));
    assert.equal(ring.lines.filter((line) => line === "ping b>b").length, 5);
    assert.deepEqual(ring.take("answer"), ["answer b deaf #7>a"]);
  });

  it("says so at once where it was going to ask itself, or knows no such member", () => {
    const ring = new ScriptedRing({ others: ["a", "b"] });
    ring.live(10 * beatMs, "a", "b");
    ring.live(untilAskedMs - 2, "a");
    ring.stop(3);
    ring.hear({ kind: "ask", name: "a", id: 7, about: "b" });
    assert.deepEqual(ring.take("answer", "ask"), ["answer b deaf #7>a"]);
    assert.deepEqual(askedAbout("stranger").take("answer"), ["answer stranger deaf #7>a"]);
  });

  it("takes a question that is put again for the same one", () => {
    const ring = askedAbout("b");
    ring.hear({ kind: "ask", name: "a", id: 7, about: "b" });
    assert.deepEqual(ring.take("ping"), ["ping b>b"]);
    ring.ack("b");
    assert.deepEqual(ring.take("answer"), ["answer b heard #7>a"]);
  });

  it("answers each who asks, under the number of each", () => {
    const ring = new ScriptedRing({ others: ["a", "b", "c"] });
    ring.live(10 * beatMs, "a", "b", "c");
    ring.take();
    ring.hear({ kind: "ask", name: "a", id: 7, about: "b" });
    ring.hear({ kind: "ask", name: "c", id: 9, about: "b" });
    ring.ack("b");
    assert.deepEqual(ring.take("answer"), ["answer b heard #7>a", "answer b heard #9>c"]);
  });

  it("gives no answer to a flood: more than 256 questions at a time are left", () => {
    const ring = askedAbout("b");
    for (let id = 100; id < 400; id++) ring.hear({ kind: "ask", name: "a", id, about: "b" });
    ring.ack("b");
    assert.equal(ring.take("answer").length, 256);
  });
});
