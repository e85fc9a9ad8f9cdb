/** Without the server that the other tests of the writer have: its timers could not be cleared while they are mocked here. */
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { KubeApiError, silentLogger } from "../platform/index.ts";
import type { WireCondition } from "../wire/index.ts";
import { ConditionWriter } from "./condition-writer.ts";

const seen = (message: string): WireCondition => {
  return { type: "Seen", status: "True", reason: "OwnerAnswers", message };
};

describe("writer of what is seen on the wire, while the API server does not answer", () => {
  const about = { serviceNamespace: "shop", serviceName: "web", node: "n1" };
  const conditions = [{ ...seen("of an earlier life"), type: "Conflict" as const }];
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
        writer.set("shop/web", "n1", seen("told"));
        await run(1200);
        assert.ok(requests.length < 15, String(requests.length));
        failure.current = undefined;
        await run(301);
        assert.match(requests.at(-1) ?? "", /^patch .*"type":"Seen"/);
      });
    });
  }

  it("what was refused is given up after twelve tries", async (context) => {
    const failure = { current: KubeApiError.refused("GET /x", 403, "") };
    await withOutage(context, failure, async (writer, requests, run) => {
      writer.set("shop/web", "n1", seen("told"));
      await run(1200);
      assert.equal(requests.length, 12);
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
