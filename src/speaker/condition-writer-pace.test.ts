/** In a file of its own: what a cluster of other tests clears after its end must not meet these timers. */
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { KubeApiError, silentLogger } from "../platform/index.ts";
import { seen } from "../testing/wire-conditions.ts";
import type { WireCondition } from "../wire/index.ts";
import { ConditionWriter, type ConditionWriterOptions } from "./condition-writer.ts";

describe("writer of what is seen on the wire, while the API server does not answer", () => {
  const about = { serviceNamespace: "shop", serviceName: "web", node: "n1" };
  const conditions = [{ ...seen("True", "of an earlier life"), type: "Conflict" as const }];
  const object = { metadata: { name: "l2-x" }, status: { ...about, conditions } };

  /** `steps` of 100 ms each. */
  type Run = (steps: number) => Promise<void>;
  async function withOutage(
    context: TestContext,
    failure: { current: Error | undefined },
    test: (writer: ConditionWriter, requests: string[], run: Run) => Promise<void>,
  ): Promise<void> {
    let nowMs = 1000;
    context.mock.timers.enable({ apis: ["setTimeout"] });
    context.mock.method(performance, "now", () => nowMs);
    const requests: string[] = [];
    const answer = (request: string, value: object): Promise<never> => {
      requests.push(request);
      if (failure.current !== undefined) return Promise.reject(failure.current);
      return Promise.resolve(value as never);
    };
    const fake = {
      list: () => answer("list", { items: [object] }),
      patch: (_: unknown, __: unknown, patch: { status: { conditions: object[] } }) =>
        answer(`patch ${JSON.stringify(patch.status.conditions)}`, { status: patch.status }),
    };
    const options = { logger: silentLogger, namespace: "metallb-system" };
    const writer = new ConditionWriter({ ...options, client: fake });
    await test(writer, requests, async (steps) => {
      for (let step = 0; step < steps; step++) {
        nowMs += 100;
        context.mock.timers.tick(100);
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
    writer.stop();
  }
  const unreachable = KubeApiError.unreachable(
    "https://api",
    "the test",
    new Error("ECONNREFUSED"),
  );

  for (const [name, error] of [
    ["not reachable", unreachable],
    ["out of order", KubeApiError.refused("GET /x", 503, "")],
  ] as const) {
    it(`${name}: a condition is written after an outage of two minutes, with few tries meanwhile`, async (context) => {
      const failure: { current: Error | undefined } = { current: error };
      await withOutage(context, failure, async (writer, requests, run) => {
        writer.set("shop/web", "n1", seen("True"));
        await run(1200);
        assert.ok(requests.length < 15, String(requests.length));
        failure.current = undefined;
        await run(301);
        assert.match(requests.at(-1) ?? "", /^patch .*"type":"Seen"/);
      });
    });
  }

  it("what was refused is given up after sixteen tries, minutes later", async (context) => {
    const failure = { current: KubeApiError.refused("GET /x", 403, "") };
    await withOutage(context, failure, async (writer, requests, run) => {
      writer.set("shop/web", "n1", seen("True"));
      await run(9000);
      assert.equal(requests.length, 16);
    });
  });

  it("a conflict of an earlier life of the speaker is taken back after the outage", async (context) => {
    const failure: { current: Error | undefined } = { current: unreachable };
    await withOutage(context, failure, async (writer, requests, run) => {
      await writer.readBefore("n1");
      await run(1200);
      failure.current = undefined;
      await run(305);
      assert.match(requests.at(-1) ?? "", /^patch .*"status":"False"/);
    });
  });
});

interface Existing {
  readonly service: string;
  readonly node: string;
  /** What was told of it before. */
  readonly conditions?: readonly WireCondition[];
  /** When its owner writes it, in milliseconds of the test; default: before the test. */
  readonly fromMs?: number;
}

/** An API server that has these objects, and a writer, on a clock that only the test moves. */
class PacedServer {
  readonly lists: number[] = [];
  readonly written: { readonly service: string; readonly types: string; readonly atMs: number }[] =
    [];
  readonly writer: ConditionWriter;
  nowMs = 1000;
  listMs = 0;
  patchMs = 0;
  failure: Error | undefined;
  readonly #context: TestContext;
  readonly #objects: readonly Existing[];

  constructor(context: TestContext, objects: readonly Existing[]) {
    this.#context = context;
    this.#objects = objects;
    context.mock.timers.enable({ apis: ["setTimeout"] });
    context.mock.method(performance, "now", () => this.nowMs);
    const client = {
      list: (_: unknown, { labelSelector = "" } = {}) => this.#list(labelSelector),
      patch: (_: unknown, name: string, patch: { status: { conditions: { type: string }[] } }) =>
        this.#patch(name, patch),
    } as unknown as ConditionWriterOptions["client"];
    const options = { client, logger: silentLogger, namespace: "metallb-system" };
    this.writer = new ConditionWriter(options);
  }

  async run(ms: number): Promise<void> {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs;) {
      this.nowMs += 100;
      this.#context.mock.timers.tick(100);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  writesOf(service: string): string[] {
    return this.written.filter((one) => one.service === service).map(({ types }) => types);
  }

  #list(selector: string): Promise<object> {
    this.nowMs += this.listMs;
    const isAmong = (label: string, text = ""): boolean => {
      const list = new RegExp(`/service-${label} in \\(([^)]*)\\)`).exec(selector)?.[1];
      return list === undefined || list.split(",").includes(text);
    };
    const found = this.#objects.filter(({ service, fromMs = 0 }) => {
      const [namespace, name] = service.split("/");
      return fromMs <= this.nowMs && isAmong("name", name) && isAmong("namespace", namespace);
    });
    this.lists.push(found.length);
    const items = found.map(({ service, node, conditions }) => {
      const [serviceNamespace, serviceName] = service.split("/");
      const status = { serviceNamespace, serviceName, node, ...(conditions && { conditions }) };
      return { metadata: { name: `${service} ${node}` }, status };
    });
    return Promise.resolve({ items, resourceVersion: "1" });
  }

  #patch(
    name: string,
    { status }: { status: { conditions: { type: string }[] } },
  ): Promise<object> {
    this.nowMs += this.patchMs;
    const types = status.conditions.map(({ type }) => type).join();
    this.written.push({ service: name, types, atMs: this.nowMs });
    return this.failure === undefined ? Promise.resolve({ status }) : Promise.reject(this.failure);
  }
}

const many = (count: number, nodes = 1): Existing[] =>
  Array.from({ length: count }, (_, at) => ({ service: `shop/web-${at}`, node: `n${at % nodes}` }));
const calm: WireCondition = { ...seen("True"), status: "Unknown" };
const announced: WireCondition = { ...seen("True"), type: "Announced" };
const conflict: WireCondition = { ...seen("True"), type: "Conflict" };

describe("writer of what is seen on the wire, with thousands of services", () => {
  it("asks the API server for fifty at a time, whoever owns them, and trouble does not wait behind the others", async (context) => {
    const objects = many(2000, 14);
    const server = new PacedServer(context, objects);
    for (const { service, node } of objects) server.writer.set(service, node, calm);
    await server.run(20_000);
    assert.ok(server.written.length < 400, String(server.written.length));
    server.writer.set("shop/web-1999", "n11", conflict);
    await server.run(1000);
    assert.deepEqual(server.writesOf("shop/web-1999 n11"), ["Seen,Conflict"]);
    await server.run(300_000);
    assert.equal(new Set(server.written.map(({ service }) => service)).size, 2000);
    assert.ok(server.lists.length < 60, String(server.lists.length));
  });

  it("gathers also where the API server is slow, and where news trickle in", async (context) => {
    const objects = many(600);
    const server = new PacedServer(context, objects);
    server.listMs = 150;
    for (const { service, node } of objects.slice(0, 500)) server.writer.set(service, node, calm);
    for (const { service, node } of objects.slice(500)) {
      server.writer.set(service, node, calm);
      await server.run(300);
    }
    await server.run(60_000);
    assert.equal(server.written.length, 600);
    assert.ok(server.lists.length < 40, String(server.lists.length));
  });

  it("both conditions of one moment are written together", async (context) => {
    const server = new PacedServer(context, many(1));
    server.writer.set("shop/web-0", "n0", announced);
    server.writer.set("shop/web-0", "n0", calm);
    await server.run(1000);
    assert.deepEqual(server.writesOf("shop/web-0 n0"), ["Announced,Seen"]);
    assert.equal(server.lists.length, 1);
  });

  it("trouble is written also where the owner's object comes minutes later", async (context) => {
    const server = new PacedServer(context, [{ service: "shop/web", node: "n1", fromMs: 100_000 }]);
    server.writer.set("shop/web", "n1", announced);
    server.writer.set("shop/web", "n1", seen("False"));
    await server.run(200_000);
    assert.deepEqual(server.writesOf("shop/web n1"), ["Announced,Seen"]);
  });

  it("a new owner does not wait for what was tried in vain with the former one", async (context) => {
    const server = new PacedServer(context, [{ service: "shop/web", node: "n2", fromMs: 103_000 }]);
    server.writer.set("shop/web", "n1", calm);
    await server.run(100_000);
    server.writer.forget("shop/web");
    server.writer.set("shop/web", "n2", calm);
    await server.run(10_000);
    assert.deepEqual(server.writesOf("shop/web n2"), ["Seen"]);
  });

  it("the same name in other namespaces is neither asked for nor written", async (context) => {
    const tenants = Array.from({ length: 100 }, (_, at) => `tenant-${at}/gateway`);
    const server = new PacedServer(
      context,
      tenants.map((service) => ({ service, node: "n1" })),
    );
    server.writer.set("tenant-7/gateway", "n1", calm);
    await server.run(1000);
    assert.deepEqual([server.lists, server.written.length], [[1], 1]);
  });

  it("an outage, or the end of the program, ends what is under way", async (context) => {
    const objects = many(50);
    const server = new PacedServer(context, objects);
    server.failure = KubeApiError.refused("PATCH /x", 503, "");
    for (const { service, node } of objects) server.writer.set(service, node, calm);
    await server.run(10_000);
    assert.ok(server.written.length < 10, String(server.written.length));
    server.failure = undefined;
    await server.run(40_000);
    const before = new Set(server.written.map(({ service }) => service)).size;
    assert.equal(before, 50);
    for (const { service, node } of objects) server.writer.set(service, node, conflict);
    const count = server.written.length;
    context.mock.timers.tick(100);
    server.writer.stop();
    await server.run(10_000);
    assert.ok(server.written.length <= count + 1);
  });

  it("trouble is written between two of a slow batch", async (context) => {
    const objects = many(51);
    const server = new PacedServer(context, objects);
    server.patchMs = 200;
    for (const { service, node } of objects.slice(0, 50)) server.writer.set(service, node, calm);
    context.mock.timers.tick(100);
    const startMs = server.nowMs;
    server.writer.set("shop/web-50", "n0", conflict);
    await server.run(30_000);
    const told = server.written.find(({ service }) => service === "shop/web-50 n0");
    assert.ok((told?.atMs ?? Infinity) - startMs < 1000, String(told?.atMs));
    assert.equal(server.written.length, 51);
  });

  it("of what was so at the start a hundred are told at once, then one a second; news do not wait for them", async (context) => {
    const objects = many(2001, 3);
    const server = new PacedServer(context, objects);
    for (const { service, node } of objects.slice(0, 2000)) {
      server.writer.set(service, node, announced, "rest");
      server.writer.set(service, node, calm, "rest");
    }
    await server.run(600_000);
    const { length } = server.written;
    assert.ok(length >= 650 && length <= 750, String(length));
    assert.ok(server.lists.length <= 20, String(server.lists.length));
    server.writer.set("shop/web-2000", "n2", calm);
    server.writer.set("shop/web-1999", "n1", calm);
    await server.run(1000);
    assert.deepEqual(server.writesOf("shop/web-2000 n2"), ["Seen"]);
    assert.deepEqual(server.writesOf("shop/web-1999 n1"), ["Announced,Seen"]);
  });

  it("trouble that another speaker told, or we in an earlier life, is taken back before the rest is told", async (context) => {
    const objects = many(2000);
    const told = { ...objects[1999]!, conditions: [seen("False")] };
    const server = new PacedServer(context, [...objects.slice(0, 1999), told]);
    for (const { service, node } of objects.slice(0, 1999)) {
      server.writer.set(service, node, calm, "rest");
    }
    await server.run(10_000);
    await server.writer.readBefore("n9");
    server.writer.set(told.service, told.node, seen("True"), "rest");
    await server.run(1000);
    assert.deepEqual(server.writesOf(`${told.service} n0`), ["Seen"]);
  });

  it("trouble told before is taken back also where what is so now already waits among the rest", async (context) => {
    const objects = many(2000);
    const told = { ...objects[1999]!, conditions: [seen("False")] };
    const server = new PacedServer(context, [...objects.slice(0, 1999), told]);
    for (const { service, node } of objects) server.writer.set(service, node, calm, "rest");
    await server.run(10_000);
    assert.deepEqual(server.writesOf(`${told.service} n0`), []);
    await server.writer.readBefore("n9");
    await server.run(1000);
    assert.deepEqual(server.writesOf(`${told.service} n0`), ["Seen"]);
  });
});
