/** In a file of its own: what a cluster of other tests clears after its end must not meet these timers. */
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { KubeApiError, silentLogger } from "../platform/index.ts";
import type { WireCondition } from "../wire/index.ts";
import { ConditionWriter } from "./condition-writer.ts";

const seen = (status: "True" | "False", message = "told"): WireCondition => {
  return {
    type: "Seen",
    status,
    reason: status === "True" ? "OwnerAnswers" : "TwoAnswer",
    message,
  };
};

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
      await writer.clearConflicts("n1");
      await run(1200);
      failure.current = undefined;
      await run(305);
      assert.match(requests.at(-1) ?? "", /^patch .*"status":"False"/);
    });
  });
});

describe("writer of what is seen on the wire, with thousands of services", () => {
  it("asks the API server for fifty at a time, and trouble does not wait behind the others", async (context) => {
    let nowMs = 1000;
    context.mock.timers.enable({ apis: ["setTimeout"] });
    context.mock.method(performance, "now", () => nowMs);
    let lists = 0;
    const written: string[] = [];
    const client = {
      list: (_: unknown, { labelSelector = "" }: { labelSelector?: string } = {}) => {
        lists++;
        const names = /in \((.*)\)/.exec(labelSelector)?.[1]?.split(",") ?? [];
        const items = names.map((name) => {
          const status = { serviceNamespace: "shop", serviceName: name, node: "n1" };
          return { metadata: { name: `l2-${name}` }, status };
        });
        return Promise.resolve({ items, resourceVersion: "1" } as never);
      },
      patch: (_: unknown, name: string, { status }: { status: object }) => {
        written.push(name);
        return Promise.resolve({ status } as never);
      },
    };
    const writer = new ConditionWriter({
      client: client as never,
      logger: silentLogger,
      namespace: "metallb-system",
    });
    for (let number = 0; number < 2000; number++) {
      writer.set(`shop/web-${number}`, "n1", { ...seen("True"), status: "Unknown" });
    }
    const run = async (seconds: number): Promise<void> => {
      for (let step = 0; step < seconds * 10; step++) {
        nowMs += 100;
        context.mock.timers.tick(100);
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await run(20);
    const before = written.length;
    assert.ok(before < 400, String(before));
    writer.set("shop/web-1999", "n1", { ...seen("True"), type: "Conflict" });
    await run(1);
    assert.ok(written.includes("l2-web-1999"));
    await run(300);
    assert.equal(new Set(written).size, 2000);
    assert.ok(lists < 60, String(lists));
    writer.stop();
  });
});
