import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import type { EventNote } from "../kube/index.ts";
import { gossipKeys, lanTimings } from "../memberlist/index.ts";
import { createLogger, Metrics } from "../platform/index.ts";
import { defaultBeatMs } from "../ring/index.ts";
import { MoveLog } from "./move-log.ts";
import { RingProgram } from "./ring-program.ts";

const secret = "a secret of the ring";
const keys = gossipKeys(new TextEncoder().encode(secret), 32);

/** Speakers on loopback addresses of one port, which find each other by a list of pods. */
class Ring {
  readonly #programs: RingProgram[] = [];
  readonly #views = new Map<string, ReadonlySet<string>>();
  readonly #waiting = new Set<() => void>();
  readonly log: Record<string, unknown>[] = [];
  readonly notes: (EventNote & { readonly of: string })[] = [];
  readonly #port: number;
  readonly #addresses: readonly string[];

  constructor(port: number, addresses: readonly string[]) {
    this.#port = port;
    this.#addresses = addresses;
  }

  async start(name: string, address: string, beatMs = defaultBeatMs): Promise<RingProgram> {
    const items = this.#addresses.map((podIP) => ({ metadata: {}, status: { podIP } }));
    const write = (line: string): void => {
      this.log.push({ of: name, ...JSON.parse(line) });
      for (const look of this.#waiting) look();
    };
    const program = await RingProgram.open({
      settings: {
        bindAddress: address,
        advertised: Uint8Array.from(address.split(".").map(Number)),
        port: this.#port,
        namespace: "metallb-system",
        labels: "app=metallb",
        keys,
        timings: lanTimings,
        beatMs,
      },
      nodeName: name,
      client: { list: () => Promise.resolve({ items, resourceVersion: "1" }) } as never,
      logger: createLogger({ form: "modern", level: "all", write }),
      metrics: new Metrics().ring(),
      moves: new MoveLog(),
      stories: { record: (note) => void this.notes.push({ of: name, ...note }) },
      onClaims: () => {},
      onMembers: ({ alive }) => {
        this.#views.set(name, alive);
        for (const look of this.#waiting) look();
      },
    });
    this.#programs.push(program);
    program.start();
    return program;
  }

  /** Resolves when `name` counts exactly these as alive. */
  sees(name: string, ...wanted: string[]): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        const view = [...(this.#views.get(name) ?? [])].sort();
        if (view.join() !== wanted.join()) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }

  /** Resolves with the line of that message, once it is there. */
  says(msg: string): Promise<Record<string, unknown>> {
    return new Promise((resolve) => {
      const look = (): void => {
        const line = this.log.find((one) => one["msg"] === msg);
        if (line === undefined) return;
        this.#waiting.delete(look);
        resolve(line);
      };
      this.#waiting.add(look);
      look();
    });
  }

  hasView(name: string): boolean {
    return this.#views.has(name);
  }

  close(): void {
    for (const program of this.#programs) program.close();
  }
}

describe("the ring as a program", () => {
  const rings: Ring[] = [];
  afterEach(() => {
    for (const ring of rings.splice(0)) ring.close();
  });
  const ringOf = (port: number, ...addresses: string[]): Ring => {
    const ring = new Ring(port, addresses);
    rings.push(ring);
    return ring;
  };

  it("ML-153, ML-155, ML-156: finds the others by their pods, and says so in the words that people search for", async () => {
    const ring = ringOf(17_946, "127.0.0.11", "127.0.0.12");
    await ring.start("n1", "127.0.0.11");
    await ring.start("n2", "127.0.0.12");
    await Promise.all([ring.sees("n1", "n1", "n2"), ring.sees("n2", "n1", "n2")]);
    const events = ring.log.filter(({ msg }) => msg === "node event - forcing sync");
    const told = events.map(
      (line) => `${String(line["of"])}: ${String(line["node event"])} ${String(line["node name"])}`,
    );
    assert.deepEqual(told.sort(), [
      "n1: NodeJoin n1",
      "n1: NodeJoin n2",
      "n2: NodeJoin n1",
      "n2: NodeJoin n2",
    ]);
    assert.ok(!JSON.stringify(ring.log).includes(secret));
  });

  it("ML-154: joins all at once, one that answers is enough, and the log has both numbers and why others failed", async () => {
    const ring = ringOf(17_951, "127.0.0.21", "127.0.0.22", "127.0.0.23");
    await ring.start("n1", "127.0.0.21");
    await ring.says("reached none of the speakers");
    await ring.start("n2", "127.0.0.22");
    await ring.sees("n2", "n1", "n2");
    const { joined, failed, errors } = await ring.says("joined some of the speakers");
    assert.deepEqual([joined, failed], [1, 1]);
    assert.match(JSON.stringify(errors), /127\.0\.0\.23: .*ECONNREFUSED/);
  });

  it("L2-161, L2-170, ML-158: a goodbye is believed at once, and the leaver keeps its own view until it stops", async () => {
    const ring = ringOf(17_947, "127.0.0.13", "127.0.0.14");
    const leaver = await ring.start("n1", "127.0.0.13");
    await ring.start("n2", "127.0.0.14");
    await Promise.all([ring.sees("n1", "n1", "n2"), ring.sees("n2", "n1", "n2")]);
    const left = leaver.leave();
    await ring.sees("n2", "n2");
    await left;
    await ring.sees("n1", "n1", "n2");
  });

  it("ML-142, L2-173: a speaker that ends without a word is found dead by the others", async () => {
    const ring = ringOf(17_948, "127.0.0.15", "127.0.0.16", "127.0.0.17");
    const dying = await ring.start("n1", "127.0.0.15");
    await ring.start("n2", "127.0.0.16");
    await ring.start("n3", "127.0.0.17");
    await Promise.all(["n1", "n2", "n3"].map((name) => ring.sees(name, "n1", "n2", "n3")));
    dying.close();
    await Promise.all([ring.sees("n2", "n2", "n3"), ring.sees("n3", "n2", "n3")]);
    const verdicts = ring.log.filter(({ op }) => op === "failureDetector");
    assert.ok(verdicts.length > 0, "the detector found it, not gossip's own time");
  });

  it("one speaker tells in an event of a goodbye, a death and a return, on the Node of whom it is about", async () => {
    const ring = ringOf(17_951, "127.0.0.21", "127.0.0.22", "127.0.0.23");
    const leaver = await ring.start("n1", "127.0.0.21");
    await ring.start("n2", "127.0.0.22");
    const dying = await ring.start("n3", "127.0.0.23");
    await Promise.all(["n1", "n2", "n3"].map((name) => ring.sees(name, "n1", "n2", "n3")));
    assert.equal(ring.notes.length, 0, "the first meeting is no news");
    const left = leaver.leave();
    await Promise.all([ring.sees("n2", "n2", "n3"), ring.sees("n3", "n2", "n3")]);
    await left;
    leaver.close();
    await ring.start("n1", "127.0.0.21");
    await Promise.all(["n1", "n2", "n3"].map((name) => ring.sees(name, "n1", "n2", "n3")));
    dying.close();
    await Promise.all([ring.sees("n1", "n1", "n2"), ring.sees("n2", "n1", "n2")]);
    const told = ring.notes.map(({ reason, object }) => `${reason} ${object.kind} ${object.name}`);
    assert.deepEqual(told, [
      "SpeakerLeft Node n1",
      "SpeakerReturned Node n1",
      "SpeakerDead Node n3",
    ]);
    const line = ring.log.find(
      (one) => one["node name"] === "n3" && one["node event"] === "NodeLeave",
    );
    assert.match(String(line?.["why"]), /^(silent for \d+ ms, )?found by node n[12]/);
  });

  it("others wait for a silent one as long as their detector does, and for one that nobody watches undefined long", async () => {
    const ring = ringOf(17_952, "127.0.0.24", "127.0.0.25", "127.0.0.26");
    const fast = await ring.start("n1", "127.0.0.24");
    const stock = await ring.start("n3", "127.0.0.26", 0);
    await ring.sees("n1", "n1", "n3");
    assert.deepEqual([fast.watchersPatienceMs, stock.watchersPatienceMs], [undefined, undefined]);
    await ring.start("n2", "127.0.0.25");
    await ring.sees("n1", "n1", "n2", "n3");
    // Watchers are chosen with the next beat.
    while (fast.watchersPatienceMs === undefined) await new Promise((look) => setTimeout(look, 20));
    assert.equal(fast.watchersPatienceMs, 2 * defaultBeatMs + 40);
    assert.equal(stock.watchersPatienceMs, undefined);
  });

  it("a speaker that has met nobody yet tells no list, and waits for the others no longer than three seconds", async (context) => {
    context.mock.timers.enable({ apis: ["setTimeout"] });
    const ring = ringOf(17_949, "127.0.0.18", "127.0.0.19");
    await ring.start("n1", "127.0.0.18");
    assert.ok(!ring.hasView("n1"));
    context.mock.timers.tick(3000);
    await ring.sees("n1", "n1");
  });

  it("shows members and what changed, never a key", async () => {
    const ring = ringOf(17_950, "127.0.0.20");
    const program = await ring.start("n1", "127.0.0.20");
    await ring.sees("n1", "n1");
    const page = JSON.stringify(program.members());
    assert.partialDeepStrictEqual(program.members(), {
      self: "n1",
      encryption: "AES-256",
      fastFailover: true,
      members: [{ name: "n1", address: "127.0.0.20:17950", state: "alive", isOurs: true }],
      changes: [{ what: "join", member: "n1" }],
    });
    for (const key of keys) {
      assert.ok(!page.includes(Buffer.from(key).toString("hex")));
      assert.ok(!page.includes(Buffer.from(key).toString("base64")));
    }
    assert.ok(!page.includes(secret));
  });
});
