import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { ContainerConfigError } from "./container-environment.ts";
import { RunningContainer } from "./container.ts";
import type { Container } from "./objects.ts";
import { runProbe } from "./probe.ts";

const folder = mkdtempSync(join(tmpdir(), "container-test-"));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Watched {
  readonly running: RunningContainer;
  readonly log: string;
  /** Resolves with the message of the next event of this reason. */
  readonly event: (reason: string) => Promise<string>;
}

function start(
  script: string,
  parts: Partial<Container> = {},
  trouble?: () => Error | undefined,
): Watched {
  const told = new EventEmitter();
  const log = join(folder, `${Math.random()}.log`);
  const running = new RunningContainer({
    container: { name: "c", image: "i", ...parts },
    restarts: true,
    prepare: () => {
      const error = trouble?.();
      const launch = {
        argv: ["sh", "-c", script],
        env: { PATH: "/bin:/usr/bin" },
        podIP: "127.0.0.1",
        logFile: log,
      };
      return error ? Promise.reject(error) : Promise.resolve(launch);
    },
    onChange: () => told.emit("changed"),
    onEvent: (_type, reason, message) => told.emit(reason, message),
  });
  void running.start();
  return { running, log, event: async (reason) => String((await once(told, reason))[0]) };
}

/** No process listens on port 1. */
const failing = { tcpSocket: { port: 1 }, periodSeconds: 1, failureThreshold: 1 };

describe("a container", () => {
  it("shows why it waits, and starts when the reason is gone", async () => {
    const reasons = [new ContainerConfigError('secret "s" not found')];
    const { running, event } = start("exec sleep 100", {}, () => reasons.pop());
    assert.equal(await event("Failed"), 'Error: secret "s" not found');
    assert.equal(running.status.state.waiting?.reason, "CreateContainerConfigError");
    await event("Started");
    assert.deepEqual([running.status.ready, running.isRunning], [true, true]);
    running.signal("SIGKILL");
  });

  it("is started again when its liveness probe fails, with a growing back-off", async () => {
    const { running, event } = start("exec sleep 100", { livenessProbe: failing });
    assert.match(await event("Unhealthy"), /Liveness probe failed: .*ECONNREFUSED/);
    await event("BackOff");
    assert.match(running.status.state.waiting?.message ?? "", /^back-off 1s .*ended with 143/);
    await event("Started");
    assert.equal(running.status.restartCount, 1);
    running.signal("SIGKILL");
  });

  it("is not ready before its readiness probe succeeds", async () => {
    const { running, event } = start("exec sleep 100", { readinessProbe: failing });
    await event("Started");
    assert.equal(running.status.ready, false);
    running.signal("SIGKILL");
  });

  it("is not ready while its page answers with an error", async () => {
    let status = 500;
    const server = createServer((_, response) => response.writeHead(status).end());
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    const target = { container: { name: "c", image: "i" }, podIP: "127.0.0.1", pid: 0 };
    const probe = { httpGet: { port } };
    assert.equal(await runProbe(probe, target), "HTTP probe failed with statuscode: 500");
    status = 302;
    assert.equal(await runProbe(probe, target), undefined);
    server.close();
  });

  it("is not started again once it was asked to stop", async () => {
    const { running, log, event } = start(
      "trap 'echo asked; exit 0' TERM; echo up; while :; do sleep 0.01; done",
    );
    await event("Started");
    while (!readFileSync(log, "utf8").includes("up")) await new Promise(setImmediate);
    running.signal("SIGTERM");
    while (running.isRunning) await new Promise(setImmediate);
    assert.equal(readFileSync(log, "utf8"), "up\nasked\n");
    assert.equal(running.status.state.terminated?.exitCode, 0);
  });
});
