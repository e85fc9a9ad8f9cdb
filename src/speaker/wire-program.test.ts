import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it, type TestContext } from "node:test";
import type { EventNote } from "../kube/index.ts";
import { parseAddress } from "../ip/index.ts";
import { parseAbility, planInterfaces } from "../layer2/index.ts";
import { createLogger, Metrics } from "../platform/index.ts";
import { FakeSocket, link } from "../testing/fake-announcer-sockets.ts";
import type { Subject } from "../wire/index.ts";
import { WireProgram } from "./wire-program.ts";

const FOREIGN = "02:00:00:00:00:99";
const VIP = "192.168.1.240";
/** 192.168.1.240 is at 02:00:00:00:00:99, to everybody. */
const claim =
  "ffffffffffff02000000009908060001080006040002020000000099c0a801f0ffffffffffffc0a801f0";

/** What node n2 answers n1 for an address. */
const answerOf = (ip: string): string =>
  `52540000000102000000000208060001080006040002020000000002${ip}525400000001c0a80101`;

/** A speaker of node n1 alone on a clock that only the test moves, and what it tells. */
class Watching {
  nowMs = 1000;
  readonly told: string[] = [];
  readonly notes: EventNote[] = [];
  readonly program: WireProgram;
  readonly #context: TestContext;
  readonly #sockets: FakeSocket[] = [];
  readonly #metrics = new Metrics();

  constructor(context: TestContext) {
    this.#context = context;
    context.mock.timers.enable({ apis: ["setTimeout"] });
    context.mock.method(performance, "now", () => this.nowMs);
    this.program = new WireProgram({
      nodeName: "n1",
      logger: createLogger({ form: "legacy", write: () => undefined }),
      metrics: this.#metrics.wire(),
      stories: { record: (note) => void this.notes.push(note) },
      hasRing: true,
      conditions: {
        set: (service, node, { type, status, message }, hurry) =>
          void this.told.push([service, node, type, status, hurry, message].join(" ")),
        forget: (service) => void this.told.push(`forget ${service}`),
        readBefore: async (node) => void this.told.push(`read before ${node}`),
        stop: () => undefined,
      },
      openSocket: (options) => {
        const socket = new FakeSocket(options);
        this.#sockets.push(socket);
        return socket;
      },
    });
    const addresses = ["192.168.1.1", "fe80::1"];
    this.program.setInterfaces(planInterfaces([link(1, { addresses })]));
  }

  own(more: Partial<Subject> & { readonly uid?: string; readonly ip?: string } = {}): void {
    const { uid = "u1", ip = VIP, ...rest } = more;
    const service = "shop/web";
    const ips = [parseAddress(ip)!];
    const subject = { service, ips, owner: "n1", interfaces: undefined, ...rest };
    this.program.owned({ kind: "owned", service, object: { uid }, subject });
  }

  hear(frame: string): void {
    this.#sockets.find(({ options }) => options.etherType === 0x0806)?.receive(frame);
  }

  run(ms: number): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs;) {
      this.nowMs += 100;
      this.#context.mock.timers.tick(100);
    }
  }

  metrics(): string {
    return this.#metrics.expose().text;
  }

  /** Whether the page shows that this node asks for the address. */
  asks(ip: string): boolean {
    const { checks } = this.program.show() as { checks: { ip: string }[] };
    return checks.some((one) => one.ip === ip);
  }

  taken(): string[] {
    return this.told.splice(0);
  }
}

describe("what a speaker tells of the wire", () => {
  let watching: Watching;

  beforeEach((context) => (watching = new Watching(context as TestContext)));
  afterEach(() => watching.program.close());

  /** RFC 5227 section 2.4. */
  function meetConflict(): void {
    watching.own();
    watching.run(10_000);
    watching.hear(claim);
    watching.run(4000);
  }

  it("RFC 5227 section 2.4: a conflict is told in an event and a condition, and taken back with the address", () => {
    meetConflict();
    const conflict = `shop/web n1 Conflict True  ${FOREIGN} claims ${VIP}`;
    assert.equal(watching.taken().at(-1), conflict);
    assert.equal(watching.notes.filter(({ message }) => message.includes(FOREIGN)).length, 1);
    watching.own({ ip: "192.168.1.241" });
    const told = watching.taken();
    assert.equal(told[0], "forget shop/web");
    assert.match(told.at(-1) ?? "", /^shop\/web n1 Conflict False /);
  });

  it("what waits to be told of the same owner and addresses is not forgotten for another reason", () => {
    meetConflict();
    watching.taken();
    watching.own({ uid: "u2" });
    watching.own({ standing: ["KeepsAddress", "and keeps it"] });
    assert.ok(!watching.taken().some((text) => text.startsWith("forget")));
    watching.own({ owner: "n2" });
    assert.deepEqual(watching.taken(), ["forget shop/web"]);
  });

  it("what was so at the start is of less hurry, and what comes later is news", () => {
    watching.own();
    watching.program.passedAll();
    watching.program.passedAll();
    watching.run(5000);
    const first = watching.taken();
    assert.deepEqual(first.slice(0, 2), ["forget shop/web", "read before n1"]);
    assert.match(first[3] ?? "", /^shop\/web n1 Seen Unknown rest /);
    watching.own({ ip: "192.168.1.241" });
    watching.run(5000);
    assert.match(watching.taken().at(-1) ?? "", /^shop\/web n1 Seen Unknown news /);
  });

  it("metrics name the addresses that nobody answers for", () => {
    watching.program.setSpeakers(new Set(["n1", "n2"]));
    const status = { addresses: [{ type: "InternalIP", address: "192.168.1.2" }] };
    watching.program.setNode("n2", { metadata: { name: "n2" }, status });
    watching.own({ owner: "n2" });
    watching.run(600);
    // The node answers for its own address, and for the other one nobody.
    watching.hear(answerOf("c0a80102"));
    watching.run(1000);
    watching.hear(answerOf("c0a80102"));
    watching.run(2000);
    watching.program.showMetrics();
    assert.match(
      watching.metrics(),
      /^metallb_speaker_wire_trouble\{ip="192\.168\.1\.240",seen="nobody"\} 1$/m,
    );
    watching.own();
    watching.program.showMetrics();
    assert.doesNotMatch(watching.metrics(), /^metallb_speaker_wire_trouble\{/m);
  });

  it("asks for the addresses of an owner in a network of this node's, and leaves those of another network to others", () => {
    const [lan, far] = ["eth0:192.168.1.0/24", "eth0:10.0.0.0/8"].map(parseAbility);
    const nodes = { n1: lan!, n2: lan!, n3: far!, n4: far! };
    const { program } = watching;
    for (const [name, address] of [
      ["n2", "192.168.1.2"],
      ["n3", "10.0.0.3"],
    ] as const) {
      const status = { addresses: [{ type: "InternalIP", address }] };
      program.setNode(name, { metadata: { name }, status });
    }
    program.setSpeakers(new Set(Object.keys(nodes)), new Map(Object.entries(nodes)));
    const asked = (owner: string): boolean[] =>
      Array.from({ length: 20 }, (_, at) => {
        watching.own({ owner, ip: `192.168.1.${at + 200}` });
        watching.run(4000);
        return watching.asks(`192.168.1.${at + 200}`);
      });
    assert.ok(asked("n2").every((one) => one));
    assert.ok(!asked("n3").some((one) => one));
  });

  it("an owner can say at once that it announces, that nobody else can ask, and who else uses the address", () => {
    const types = () =>
      watching.program.firstConditions("shop/web").map(({ type, reason }) => `${type} ${reason}`);
    assert.deepEqual(types(), []);
    watching.own();
    assert.deepEqual(types(), ["Announced Announcing", "Seen NoOtherSpeaker"]);
    meetConflict();
    assert.deepEqual(types(), [
      "Announced Announcing",
      "Seen NoOtherSpeaker",
      "Conflict AnotherMachine",
    ]);
    watching.program.setSpeakers(new Set(["n1", "n2"]));
    assert.deepEqual(types(), ["Announced Announcing", "Conflict AnotherMachine"]);
    watching.own({ owner: "n2" });
    assert.deepEqual(types(), []);
  });
});
