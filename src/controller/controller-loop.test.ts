import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { startApiServer, type RunningApiServer } from "../apiserver/index.ts";
import { Reconciler, type JudgeService } from "../assignment/index.ts";
import { createLogger, KubeClient, Metrics, type Logger } from "../platform/index.ts";
import { ControllerLoop, untilStopped } from "./controller-loop.ts";

describe("ControllerLoop", () => {
  let server: RunningApiServer;
  let client: KubeClient;
  let lines: string[];
  let logger: Logger;

  beforeEach(async () => {
    lines = [];
    logger = createLogger({ form: "legacy", write: (line) => lines.push(line) });
    server = await startApiServer({ dataFile: ":memory:", host: "127.0.0.1", port: 0 });
    client = new KubeClient({ server: server.url, origin: "the test" });
  });

  afterEach(async () => {
    await client.close();
    await server.close();
  });

  function loopWith(judge: JudgeService): ControllerLoop {
    const metrics = new Metrics().client();
    const config = { namespace: "default", configName: "config", bgpType: "native" };
    const rules = { legacy: judge, modern: judge };
    return new ControllerLoop(new Reconciler({ rules }), { client, logger, metrics, ...config });
  }

  it("LC-43, FL-2: a failure of the main loop is logged; v0.9.5 ends with status 0, v0.16 with 1", async () => {
    const place = { group: "", version: "v1", namespace: "default" };
    const config = "address-pools: [{name: a, protocol: layer2, addresses: [192.0.2.0/24]}]";
    const metadata = { name: "config" };
    await client.create({ ...place, plural: "configmaps" }, { metadata, data: { config } });
    const spec = { type: "LoadBalancer", ports: [{ port: 80 }] };
    await client.create<object>({ ...place, plural: "services" }, { metadata, spec });
    const loop = loopWith(() => {
      throw new Error("a bug in the rules");
    });
    loop.start();
    const never = new Promise<string>(() => undefined);
    const form = { logger, processInterface: "legacy" } as const;
    assert.equal(await untilStopped(loop, never, form), 0);
    assert.equal(await untilStopped(loop, never, { logger, processInterface: "modern" }), 1);
    const last = JSON.parse(lines.at(-1) ?? "") as Record<string, string>;
    assert.deepEqual([last["op"], last["error"]], ["run", "a bug in the rules"]);
  });

  it("LC-43: a signal is a clean end", async () => {
    const loop = loopWith(() => assert.fail("no service is there"));
    loop.start();
    const form = { logger, processInterface: "modern" } as const;
    assert.equal(await untilStopped(loop, Promise.resolve("SIGTERM"), form), 0);
    loop.stop();
    assert.match(lines.at(-1) ?? "", /stopped by SIGTERM/);
  });
});
