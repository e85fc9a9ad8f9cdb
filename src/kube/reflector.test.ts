/** The list/watch machine against a simulated API server that loses connections, compacts and restarts. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import type { KubeObject, WatchEvent } from "./objects.ts";
import { backOffMs, Reflector, type ReflectorCommand, type ReflectorEvent } from "./reflector.ts";

type Command = ReflectorCommand<KubeObject>;

const half = (): number => 0.5;

function object(name: string, version: number): KubeObject {
  return { metadata: { namespace: "default", name, resourceVersion: String(version) } };
}

function kinds(commands: readonly Command[]): string[] {
  return commands.map((command) => command.kind);
}

/** A reflector that has listed one object `a` at version 5 and watches. */
function watching(): Reflector<KubeObject> {
  const reflector = new Reflector<KubeObject>({ random: half });
  reflector.step({ kind: "start" });
  reflector.step({ kind: "page", items: [object("a", 3)], resourceVersion: "5" });
  return reflector;
}

describe("Reflector", () => {
  it("asks for pages of 500, says synced once after the last page, and watches from the list's version", () => {
    const reflector = new Reflector<KubeObject>({ random: half });
    assert.deepEqual(reflector.step({ kind: "start" }), [{ kind: "list", limit: 500 }]);
    const first = reflector.step({
      kind: "page",
      items: [object("a", 1)],
      resourceVersion: "5",
      continue: "more",
    });
    assert.deepEqual(kinds(first), ["changed", "list"]);
    assert.deepEqual(first[1], { kind: "list", limit: 500, continue: "more" });
    const last = reflector.step({ kind: "page", items: [object("b", 2)], resourceVersion: "5" });
    assert.deepEqual(kinds(last), ["changed", "synced", "watch", "setTimer"]);
    assert.deepEqual(last[2], { kind: "watch", resourceVersion: "5", timeoutSeconds: 330 });
    assert.deepEqual(last[3], { kind: "setTimer", name: "watchdog", ms: 330 * 1200 });
  });

  it("resumes a cut watch from the last event or bookmark, without a list", () => {
    const reflector = watching();
    reflector.step({ kind: "watched", event: { type: "MODIFIED", object: object("a", 7) } });
    const bookmark = { metadata: { name: "", resourceVersion: "9" } };
    assert.deepEqual(
      reflector.step({ kind: "watched", event: { type: "BOOKMARK", object: bookmark } }),
      [],
    );
    const ended = reflector.step({ kind: "watchEnded", lastedMs: 10, failure: { message: "cut" } });
    assert.deepEqual(kinds(ended), ["cancelTimer", "setTimer"]);
    const [watch] = reflector.step({ kind: "timer", name: "retry" });
    assert.deepEqual(watch, { kind: "watch", resourceVersion: "9", timeoutSeconds: 330 });
  });

  it("K8S-6: after 410 in the stream it lists again and finds deletions by the difference", () => {
    const reflector = watching();
    reflector.step({ kind: "watched", event: { type: "ADDED", object: object("b", 6) } });
    const gone: WatchEvent<KubeObject> = {
      type: "ERROR",
      object: { code: 410, reason: "Expired" },
    };
    const commands = reflector.step({ kind: "watched", event: gone });
    assert.deepEqual(kinds(commands), ["cancelWatch", "cancelTimer", "list"]);
    const relisted = reflector.step({
      kind: "page",
      items: [object("b", 6)],
      resourceVersion: "20",
    });
    assert.deepEqual(relisted[0], { kind: "changed", key: "default/a", object: undefined });
    assert.deepEqual(kinds(relisted), ["changed", "watch", "setTimer"]);
  });

  it("K8S-6: after HTTP 410 to the watch request it lists again", () => {
    const reflector = watching();
    const failure = { status: 410, message: "too old" };
    const commands = reflector.step({ kind: "watchEnded", lastedMs: 1, failure });
    assert.deepEqual(kinds(commands), ["cancelTimer", "list"]);
  });

  it("a server that answers 410 to every watch is not asked in a tight loop", () => {
    const reflector = watching();
    const failure = { status: 410, message: "too old" };
    reflector.step({ kind: "watchEnded", lastedMs: 1, failure });
    reflector.step({ kind: "page", items: [], resourceVersion: "6" });
    const again = reflector.step({ kind: "watchEnded", lastedMs: 1, failure });
    assert.deepEqual(kinds(again), ["cancelTimer", "setTimer"]);
  });

  it("an expired continue token starts the list anew, in one page", () => {
    const reflector = new Reflector<KubeObject>({ random: half });
    reflector.step({ kind: "start" });
    reflector.step({ kind: "page", items: [], resourceVersion: "5", continue: "more" });
    reflector.step({ kind: "listFailed", failure: { status: 410, message: "expired" } });
    assert.deepEqual(reflector.step({ kind: "timer", name: "retry" }), [{ kind: "list" }]);
  });

  it("a page lost to the network is asked for again, not the whole list", () => {
    const reflector = new Reflector<KubeObject>({ random: half });
    reflector.step({ kind: "start" });
    reflector.step({ kind: "page", items: [], resourceVersion: "5", continue: "more" });
    reflector.step({ kind: "listFailed", failure: { message: "cut" } });
    assert.deepEqual(reflector.step({ kind: "timer", name: "retry" }), [
      { kind: "list", limit: 500, continue: "more" },
    ]);
  });

  it("a forbidden list is reported once, retried with growing back-off, and its end is told", () => {
    const reflector = new Reflector<KubeObject>({ random: half });
    reflector.step({ kind: "start" });
    const failure = { status: 403, message: "forbidden" };
    const delays: number[] = [];
    let reports = 0;
    for (let attempt = 0; attempt < 12; attempt++) {
      for (const command of reflector.step({ kind: "listFailed", failure })) {
        if (command.kind === "report") reports++;
        if (command.kind === "setTimer") delays.push(command.ms);
      }
    }
    assert.equal(reports, 1);
    assert.deepEqual(delays.slice(0, 4), [150, 300, 600, 1200]);
    assert.equal(delays.at(-1), 22_500);
    const page = reflector.step({ kind: "page", items: [], resourceVersion: "1" });
    assert.ok(kinds(page).includes("recovered"));
  });

  it("one cut of a healthy watch is no news, a server's refusal is", () => {
    const reflector = watching();
    const cut = reflector.step({ kind: "watchEnded", lastedMs: 9, failure: { message: "cut" } });
    assert.ok(!kinds(cut).includes("report"));
    const failure = { status: 401, message: "expired token" };
    const refused = reflector.step({ kind: "watchEnded", lastedMs: 9, failure });
    assert.ok(kinds(refused).includes("report"));
  });

  it("trouble with the watch is over when the server accepts one, though no event came yet", () => {
    const reflector = watching();
    const failure = { status: 503, message: "starting" };
    reflector.step({ kind: "watchEnded", lastedMs: 9, failure });
    assert.deepEqual(reflector.step({ kind: "watchOpened" }), [{ kind: "recovered" }]);
    assert.deepEqual(reflector.step({ kind: "watchOpened" }), []);
  });

  it("a quiet watch that the server ends in time is resumed soon, however often", () => {
    const reflector = watching();
    for (let round = 0; round < 20; round++) {
      const commands = reflector.step({ kind: "watchEnded", lastedMs: 300_000 });
      assert.deepEqual(commands.at(-1), { kind: "setTimer", name: "retry", ms: 150 });
    }
  });

  it("a silent watch is dropped by the watchdog and resumed", () => {
    const reflector = watching();
    const commands = reflector.step({ kind: "timer", name: "watchdog" });
    assert.deepEqual(kinds(commands), ["cancelWatch", "cancelTimer", "setTimer"]);
  });

  it("a server that keeps failing one resume point is listed again (restored from a backup)", () => {
    const reflector = watching();
    const failure = { status: 500, message: "resource version in the future" };
    for (let attempt = 0; attempt < 5; attempt++) {
      reflector.step({ kind: "watchEnded", lastedMs: 1, failure });
    }
    assert.deepEqual(reflector.step({ kind: "timer", name: "retry" }), [
      { kind: "list", limit: 500 },
    ]);
  });

  it("the same version again is no change, in a watch and in a list", () => {
    const reflector = watching();
    const event: WatchEvent<KubeObject> = { type: "ADDED", object: object("a", 3) };
    assert.deepEqual(reflector.step({ kind: "watched", event }), []);
  });

  it("K8S-6: whatever the server does, the copy ends equal, nothing lost and nothing repeated", () => {
    const seeds = fc.integer({ min: 1, max: 2 ** 31 });
    fc.assert(
      fc.property(seeds, (seed) => new Simulation(seed).run()),
      { numRuns: 1500 },
    );
  });
});

describe("backOffMs", () => {
  it("stays within 0.1 and 30 seconds", () => {
    assert.equal(backOffMs(0, 0), 100);
    assert.equal(backOffMs(0, 0.999), 200);
    assert.ok(backOffMs(1000, 0.999) <= 30_000);
  });
});

/** A server with a history, a client with a reflector, and a chance generator that decides who moves. */
class Simulation {
  #seed: number;
  #version = 10;
  #compactedTo = 0;
  readonly #live = new Map<string, KubeObject>();
  readonly #history: { version: number; event: WatchEvent<KubeObject> }[] = [];
  readonly #snapshots = new Map<number, KubeObject[]>();
  readonly #reflector: Reflector<KubeObject>;
  /** What a consumer of the `changed` commands believes. */
  readonly #mirror = new Map<string, KubeObject>();
  #list: Extract<Command, { kind: "list" }> | undefined;
  #watchFrom: number | undefined;
  #hasRetry = false;
  #synced = 0;

  constructor(seed: number) {
    this.#seed = seed;
    this.#reflector = new Reflector({ random: () => this.#chance(), pageSize: 3 });
  }

  run(): void {
    this.#step({ kind: "start" });
    for (let move = 0; move < 150; move++) {
      if (this.#chance() < 0.5) this.#mutate();
      this.#move(this.#chance() < 0.25);
    }
    for (let move = 0; move < 400 && !this.#isSettled(); move++) this.#move(false);
    assert.deepEqual(byName(this.#mirror), byName(this.#live), `seed ${this.#seed}`);
    assert.equal(this.#synced, 1);
  }

  #isSettled(): boolean {
    return this.#watchFrom !== undefined && this.#watchFrom >= this.#version;
  }

  /** One move of the network: an answer, an event, a failure, or a timer that fires. */
  #move(isFaulty: boolean): void {
    if (this.#hasRetry) {
      this.#hasRetry = false;
      this.#step({ kind: "timer", name: "retry" });
    } else if (this.#list !== undefined) {
      this.#answerList(isFaulty);
    } else if (this.#watchFrom !== undefined) {
      if (isFaulty) this.#breakWatch();
      else this.#sendEvent();
    }
  }

  #answerList(isFaulty: boolean): void {
    const { continue: token, limit } = this.#list ?? {};
    this.#list = undefined;
    const [at, offset] = token === undefined ? [this.#version, 0] : token.split(":").map(Number);
    assert.ok(at !== undefined && offset !== undefined);
    if (at < this.#compactedTo) {
      this.#step({ kind: "listFailed", failure: { status: 410, message: "expired" } });
      return;
    }
    if (isFaulty) {
      this.#step({ kind: "listFailed", failure: { message: "cut" } });
      return;
    }
    if (token === undefined) this.#snapshots.set(at, [...this.#live.values()]);
    const all = this.#snapshots.get(at) ?? [];
    const end = offset + (limit ?? Infinity);
    const items = all.slice(offset, end);
    const more = end < all.length ? { continue: `${at}:${end}` } : {};
    this.#step({ kind: "page", items, resourceVersion: String(at), ...more });
  }

  #sendEvent(): void {
    const from = this.#watchFrom ?? 0;
    if (from < this.#compactedTo) {
      this.#watchFrom = undefined;
      const failure = { status: 410, message: "too old resource version" };
      if (this.#chance() < 0.5) this.#step({ kind: "watchEnded", lastedMs: 1, failure });
      else this.#step({ kind: "watched", event: { type: "ERROR", object: { code: 410 } } });
      return;
    }
    const next = this.#history.find((entry) => entry.version > from);
    if (next === undefined) {
      const bookmark = { metadata: { name: "", resourceVersion: String(this.#version) } };
      this.#watchFrom = this.#version;
      this.#step({ kind: "watched", event: { type: "BOOKMARK", object: bookmark } });
      return;
    }
    this.#watchFrom = next.version;
    this.#step({ kind: "watched", event: next.event });
  }

  #breakWatch(): void {
    this.#watchFrom = undefined;
    const what = this.#chance();
    if (what < 0.2) this.#compactedTo = this.#version;
    if (what < 0.5) this.#step({ kind: "watchEnded", lastedMs: what * 20_000 });
    else if (what < 0.7) {
      this.#step({ kind: "watched", event: { type: "ERROR", object: { code: 500 } } });
    } else if (what < 0.8) this.#step({ kind: "timer", name: "watchdog" });
    else this.#step({ kind: "watchEnded", lastedMs: 3, failure: { message: "cut" } });
  }

  #mutate(): void {
    const name = `s${Math.floor(this.#chance() * 12)}`;
    const changed = object(name, ++this.#version);
    const known = this.#live.has(name);
    const type = !known ? "ADDED" : this.#chance() < 0.4 ? "DELETED" : "MODIFIED";
    if (type === "DELETED") this.#live.delete(name);
    else this.#live.set(name, changed);
    this.#history.push({ version: this.#version, event: { type, object: changed } });
    if (this.#chance() < 0.05) this.#compactedTo = this.#version - 2;
  }

  #step(event: ReflectorEvent<KubeObject>): void {
    for (const command of this.#reflector.step(event)) this.#obey(command);
  }

  #obey(command: Command): void {
    if (command.kind === "list") this.#list = command;
    else if (command.kind === "watch") this.#watchFrom = Number(command.resourceVersion);
    else if (command.kind === "cancelWatch") this.#watchFrom = undefined;
    else if (command.kind === "setTimer" && command.name === "retry") this.#hasRetry = true;
    else if (command.kind === "synced") this.#synced++;
    else if (command.kind === "changed") this.#believe(command.key, command.object);
  }

  #believe(key: string, changed: KubeObject | undefined): void {
    const before = this.#mirror.get(key)?.metadata.resourceVersion;
    if (changed === undefined) {
      assert.ok(this.#mirror.delete(key), `${key} was told gone twice`);
      return;
    }
    assert.notEqual(changed.metadata.resourceVersion, before, `${key} was told twice`);
    assert.ok(Number(changed.metadata.resourceVersion) > Number(before ?? 0), `${key} went back`);
    this.#mirror.set(key, changed);
  }

  /** A small generator of chance: the same seed gives the same history. */
  #chance(): number {
    this.#seed = (Math.imul(this.#seed ^ (this.#seed >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    return ((this.#seed ^ (this.#seed >>> 13)) >>> 0) / 2 ** 32;
  }
}

function byName(objects: ReadonlyMap<string, KubeObject>): KubeObject[] {
  return [...objects.values()].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
}
