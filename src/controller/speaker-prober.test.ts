import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  openRequest,
  probeKey,
  type ProbeRequest,
  sealReply,
  type SpeakerAnswer,
} from "../program/index.ts";
import type { SpeakerAccess } from "./speaker-directory.ts";
import { SpeakerProber } from "./speaker-prober.ts";

const key = probeKey("the secret of this test") as Uint8Array;
const elsewhere = { kind: "elsewhere", why: "no interface has a subnet with it" } as const;
const foreign = { kind: "used", mac: "02:00:00:00:00:99", on: "eth0", how: "has" } as const;

/** Speakers, as what each answers to a question about one address; undefined: it does not answer at all. */
type Speak = (what: ProbeRequest["do"], address: string) => SpeakerAnswer | undefined;

const onSegment =
  (found: Record<string, SpeakerAnswer> = {}): Speak =>
  (what, address) =>
    what === "where" ? { kind: "here" } : (found[address] ?? { kind: "free" });

function proberOf(speakers: Record<string, Speak>, changed: { key?: Uint8Array } = {}) {
  const world = {
    nowMs: 0,
    /** `node what addresses` of each question. */
    asked: [] as string[],
    searches: 0,
    /** Speakers that take questions and never answer. */
    hanging: new Set<string>(),
    underWay: 0,
    most: 0,
    found: undefined as { readonly why: string } | Promise<never> | undefined,
    key: changed.key ?? key,
    wallMs: () => 1000,
  };
  const places = Object.keys(speakers).map((name) => ({ name, url: `https://${name}` }));
  const prober = new SpeakerProber({
    nowMs: () => world.nowMs,
    wallMs: () => world.wallMs(),
    stop: () => undefined,
    findSpeakers: async () => {
      world.searches++;
      return world.found ?? ({ speakers: places, key } satisfies SpeakerAccess);
    },
    post: async (url, body) => {
      const node = /^https:\/\/(.*)\/probe$/.exec(url)?.[1] ?? "";
      const request = openRequest(world.key, body, 1000);
      if ("refused" in request) return { status: 401, text: "401: \u001b[31mcall 555\n" };
      const { nonce, addresses, do: what } = request;
      world.asked.push(`${node} ${what} ${addresses.join()}`);
      if (world.hanging.has(node)) return new Promise<never>(() => undefined);
      if (what === "probe") world.underWay += addresses.length;
      world.most = Math.max(world.most, world.underWay);
      await new Promise((resolve) => setImmediate(resolve));
      if (what === "probe") world.underWay -= addresses.length;
      const answers = addresses.map((one) => [one, speakers[node]?.(what, one)] as const);
      if (answers.some(([, answer]) => answer === undefined)) throw new Error("nobody is there");
      const reply = { node, answers: Object.fromEntries(answers) as Record<string, SpeakerAnswer> };
      return { status: 200, text: sealReply(key, nonce, reply) };
    },
  });
  return { prober, world };
}

describe("asking speakers for addresses", () => {
  it("asks one speaker of the segment for all addresses that come together, and tells what it found", async () => {
    const { prober, world } = proberOf({
      a: onSegment({ "192.0.2.2": foreign, "192.0.2.3": { kind: "ours" } }),
    });
    const ips = ["192.0.2.1", "192.0.2.2", "192.0.2.3"];
    assert.deepEqual(await Promise.all(ips.map((ip) => prober.ask(ip, "lan"))), [
      { kind: "free", node: "a" },
      { ...foreign, node: "a" },
      { kind: "ours", node: "a" },
    ]);
    assert.deepEqual(world.asked, ["a where 192.0.2.1", `a probe ${ips.join()}`]);
    await prober.ask("192.0.2.4", "lan");
    assert.deepEqual(world.asked.slice(2), ["a probe 192.0.2.4"], "it is known where to ask");
    world.nowMs += 60_000;
    await prober.ask("192.0.2.5", "lan");
    assert.deepEqual(world.asked.slice(3), ["a where 192.0.2.5", "a probe 192.0.2.5"]);
  });

  it("looks for whom to ask before there is a question", async () => {
    const { prober, world } = proberOf({ a: onSegment() });
    prober.prepare("192.0.2.0", "lan");
    await prober.ask("192.0.2.9", "lan");
    assert.deepEqual(world.asked, ["a where 192.0.2.0", "a probe 192.0.2.9"]);
  });

  it("asks both families, each where its segment is", async () => {
    const only =
      (sign: string): Speak =>
      (what, address) =>
        address.includes(sign) ? onSegment()(what, address) : elsewhere;
    const { prober } = proberOf({ four: only("."), six: only(":") });
    const pair = ["192.0.2.1", "2001:db8::1"].map((ip) => prober.ask(ip, "lan"));
    assert.deepEqual(await Promise.all(pair), [
      { kind: "free", node: "four" },
      { kind: "free", node: "six" },
    ]);
  });

  it("has never more than 128 addresses asked for at once, and asks for all", async () => {
    const { prober, world } = proberOf({ a: onSegment() });
    const many = Array.from({ length: 1000 }, (_, at) => `10.0.${at >> 6}.${at & 63}`);
    const answers = await Promise.all(many.map((ip) => prober.ask(ip, "lan")));
    assert.ok(answers.every(({ kind }) => kind === "free"));
    assert.ok(world.most <= 128, `${world.most}`);
  });

  it("asks another speaker where one does not answer", async () => {
    let isAlive = true;
    const { prober } = proberOf({
      a: (what, address) => (isAlive ? onSegment()(what, address) : undefined),
      b: onSegment(),
      far: () => elsewhere,
    });
    await prober.ask("192.0.2.1", "lan");
    isAlive = false;
    assert.deepEqual(await prober.ask("192.0.2.2", "lan"), { kind: "free", node: "b" });
  });

  it("asks whichever speaker is awake, so that one that hangs keeps nobody waiting", async () => {
    const { prober, world } = proberOf({ a: onSegment(), b: onSegment() });
    await prober.ask("192.0.2.1", "lan");
    for (const [hangs, answers] of ["ab", "ba"]) {
      world.hanging = new Set(hangs);
      assert.deepEqual(await prober.ask("192.0.2.2", "lan"), { kind: "free", node: answers });
    }
    world.hanging = new Set("ab");
    const why = "the speakers of its segment do not answer";
    assert.deepEqual(await prober.ask("192.0.2.3", "lan"), { kind: "unasked", why });
  });

  it("finds a speaker while another one hangs", async () => {
    const { prober, world } = proberOf({ a: onSegment(), b: onSegment(), c: () => elsewhere });
    world.hanging = new Set("a");
    assert.deepEqual(await prober.ask("192.0.2.1", "lan"), { kind: "free", node: "b" });
  });

  it("says why nobody can ask, and keeps the next Services from waiting for it", async () => {
    const { prober, world } = proberOf({ a: () => elsewhere, b: () => elsewhere });
    const why = `no speaker is on the segment: ${elsewhere.why}`;
    assert.deepEqual(await prober.ask("192.0.2.1", "lan"), { kind: "unasked", why });
    const asked: number[] = [];
    for (let last = 1; last <= 20; last++) {
      const before = world.asked.length;
      assert.deepEqual(await prober.ask(`192.0.2.${last}`, "lan"), { kind: "unasked", why });
      asked.push(world.asked.length - before);
    }
    // The same one needs no look, each other one is asked for once, and after eight it is no segment of ours.
    assert.deepEqual(asked, [0, ...Array(8).fill(2), ...Array(11).fill(0)]);
    const before = world.asked.length;
    world.nowMs += 5_000;
    await prober.ask("192.0.2.2", "lan");
    assert.ok(world.asked.length > before);
  });

  it("asks for an address of a pool that is larger than the nodes' subnet, whichever was looked for first", async () => {
    const half: Speak = (what, address) =>
      Number(address.split(".")[3]) >= 128 ? onSegment()(what, address) : elsewhere;
    const { prober, world } = proberOf({ a: half, b: half, far: () => elsewhere });
    prober.prepare("192.0.2.0", "lan");
    assert.equal((await prober.ask("192.0.2.1", "lan")).kind, "unasked");
    assert.equal((await prober.ask("192.0.2.200", "lan")).kind, "free");
    assert.equal((await prober.ask("192.0.2.2", "lan")).kind, "unasked");
    const before = world.asked.length;
    const many = Array.from({ length: 128 }, (_, at) => `192.0.2.${64 + at}`);
    const answers = await Promise.all(many.map((ip) => prober.ask(ip, "lan")));
    const kinds = answers.map(({ kind }) => kind);
    assert.deepEqual(kinds, [...Array(64).fill("unasked"), ...Array(64).fill("free")]);
    assert.ok(world.asked.length - before <= 8, world.asked.slice(before).join("; "));
  });

  it("looks twice: speakers hear of a new pool a moment later than the controller", async () => {
    let looks = 0;
    const { prober } = proberOf({
      a: (what, address) => (looks++ > 0 ? onSegment()(what, address) : elsewhere),
    });
    assert.deepEqual(await prober.ask("192.0.2.1", "lan"), { kind: "free", node: "a" });
  });

  it("says why speakers cannot be found, reached or trusted", async () => {
    const none = proberOf({});
    none.world.found = { why: "no speaker runs" };
    assert.deepEqual(await none.prober.ask("192.0.2.1", "lan"), {
      kind: "unasked",
      why: "no speaker runs",
    });
    const dead = await proberOf({ a: () => undefined }).prober.ask("192.0.2.1", "lan");
    assert.match(dead.kind === "unasked" ? dead.why : "", /cannot be reached: nobody is there/);
    const another = probeKey("another") as Uint8Array;
    const refusing = await proberOf({ a: onSegment() }, { key: another }).prober.ask(
      "192.0.2.1",
      "lan",
    );
    assert.deepEqual(refusing, {
      kind: "unasked",
      why:
        "no speaker is on the segment: speakers refuse the question with status 401 " +
        "(see whether the memberlist secrets and the clocks are the same)",
    });
  });

  it("lets nobody wait, and goes on, when asking fails in a way that nobody thought of", async () => {
    for (const goodCalls of [0, 1]) {
      const { prober, world } = proberOf({ a: onSegment() });
      let calls = 0;
      world.wallMs = () => {
        if (calls++ < goodCalls) return 1000;
        throw new Error("no clock");
      };
      const many = Array.from({ length: 300 }, (_, at) => `10.0.${at >> 6}.${at & 63}`);
      for (const answer of await Promise.all(many.map((ip) => prober.ask(ip, "lan")))) {
        assert.deepEqual(answer, {
          kind: "unasked",
          why: "the controller failed to ask: no clock",
        });
      }
    }
  });

  it("says why it cannot ask where the search for speakers fails, and searches again", async () => {
    const { prober, world } = proberOf({ a: onSegment() });
    const lost = Promise.reject(new Error("no list"));
    lost.catch(() => undefined);
    world.found = lost;
    assert.deepEqual(await prober.ask("192.0.2.1", "lan"), {
      kind: "unasked",
      why: "the controller failed to ask: no list",
    });
    world.found = undefined;
    world.nowMs += 5_000;
    assert.equal((await prober.ask("192.0.2.1", "lan")).kind, "free");
  });

  it("gives up looking for speakers in time, while the search goes on", async () => {
    const { prober, world } = proberOf({ a: onSegment() });
    world.found = new Promise<never>(() => undefined);
    const { kind } = await prober.ask("192.0.2.1", "lan");
    assert.equal(kind, "unasked");
  });

  it("reads the secret again when speakers refuse it", async () => {
    const { prober, world } = proberOf({ a: onSegment() });
    world.key = probeKey("another") as Uint8Array;
    assert.equal((await prober.ask("192.0.2.1", "lan")).kind, "unasked");
    world.key = key;
    world.nowMs += 5_000;
    assert.equal((await prober.ask("192.0.2.1", "lan")).kind, "free");
    assert.equal(world.searches, 3, "twice in vain");
  });

  it("looks for a speaker of its own for an address that is in another network than its neighbours", async () => {
    const low: Speak = (what, address) =>
      Number(address.split(".")[3]) < 128 ? onSegment()(what, address) : elsewhere;
    const high: Speak = (what, address) =>
      Number(address.split(".")[3]) < 128 ? elsewhere : onSegment()(what, address);
    const { prober } = proberOf({ low, high });
    const asked = ["192.0.2.1", "192.0.2.200"].map((ip) => prober.ask(ip, "lan"));
    assert.deepEqual(await Promise.all(asked), [
      { kind: "free", node: "low" },
      { kind: "free", node: "high" },
    ]);
  });
});
