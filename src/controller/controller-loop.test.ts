import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { KubeClient, Metrics, createLogger, type Logger } from "../platform/index.ts";
import { WatchServer } from "../testing/watch-server.ts";
import { ControllerLoop, untilStopped } from "./controller-loop.ts";
import { Reconciler, type JudgeService } from "../assignment/index.ts";

describe("ControllerLoop", () => {
  let server: WatchServer;
  let client: KubeClient;
  let lines: string[];
  let logger: Logger;

  beforeEach(async () => {
    lines = [];
    logger = createLogger({ form: "legacy", write: (line) => lines.push(line) });
    server = new WatchServer();
    await server.start();
    client = new KubeClient({ server: server.url, origin: "the test" });
  });

  afterEach(async () => {
    await client.close();
    await server.stop();
  });

  function loopWith(judge: JudgeService): ControllerLoop {
    const metrics = new Metrics().client();
    const options = { client, logger, metrics, namespace: "metallb-system", configName: "config" };
    return new ControllerLoop(new Reconciler(judge), options);
  }

  it("LC-43: a failure of the main loop is logged and ends the program with status 0", async () => {
    server.put("config");
    server.put("web");
    const loop = loopWith(() => {
      throw new Error("a bug in the rules");
    });
    loop.start();
    const status = await untilStopped(loop, new Promise(() => undefined), logger);
    assert.equal(status, 0);
    const last = JSON.parse(lines.at(-1) ?? "") as Record<string, string>;
    assert.deepEqual([last["op"], last["error"]], ["run", "a bug in the rules"]);
  });

  it("LC-43: a signal is a clean end", async () => {
    const loop = loopWith(() => assert.fail("no service is there"));
    loop.start();
    assert.equal(await untilStopped(loop, Promise.resolve("SIGTERM"), logger), 0);
    loop.stop();
    assert.match(lines.at(-1) ?? "", /stopped by SIGTERM/);
  });
});
