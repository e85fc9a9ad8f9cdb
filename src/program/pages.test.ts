import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import {
  createLogger,
  KubeClient,
  Metrics,
  modernFlags,
  parseGoFlags,
  type Logger,
  type ProcessInterface,
} from "../platform/index.ts";
import { openPages } from "./pages.ts";

const specs = { ...modernFlags, port: { kind: "port", default: 0, usage: "" } } as const;

describe("openPages", () => {
  let lines: Record<string, unknown>[];
  let logger: Logger;
  let client: KubeClient;
  const opened: { close(): Promise<void> }[] = [];

  beforeEach(() => {
    lines = [];
    logger = createLogger({
      form: "modern",
      write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>),
    });
    client = new KubeClient({ server: "http://127.0.0.1:1", origin: "the test" });
  });
  afterEach(async () => {
    for (const pages of opened.splice(0)) await pages.close();
    await client.close();
  });

  /** Opens pages on addresses of this machine only; the result is the ports in the order of opening. */
  async function open(processInterface: ProcessInterface, argv: string[]): Promise<number[]> {
    const parsed = parseGoFlags("test", specs, argv, {});
    assert.ok(parsed.ok);
    const hosts = { metricsHost: "127.0.0.1", healthHost: "127.0.0.1" };
    const common = { flags: parsed.values, metrics: new Metrics(), client, logger };
    opened.push(await openPages({ processInterface, ...common, ...hosts }));
    const ports = lines.findLast(({ msg }) => msg === "serving")?.["ports"] as number[];
    return ports;
  }

  it("LC-42, MET-2: as v0.9.5 it serves plain metrics, and no health", async () => {
    const [port, ...more] = await open("legacy", ["--port=0"]);
    assert.deepEqual(more, []);
    assert.equal((await fetch(`http://127.0.0.1:${port}/metrics`)).status, 200);
    assert.equal((await fetch(`http://127.0.0.1:${port}/healthz`)).status, 404);
  });

  it("MET-1: --port 0 and --health-probe-port 0 switch the pages off, and there is no profiler unless asked", async () => {
    assert.deepEqual(await open("modern", ["--port=0", "--health-probe-port=0"]), []);
  });

  it("MET-3: --pprof-bind-address serves profiles there", async () => {
    const off = ["--port=0", "--health-probe-port=0"];
    const [port] = await open("modern", [...off, "--pprof-bind-address=127.0.0.1:0"]);
    assert.equal((await fetch(`http://127.0.0.1:${port}/debug/pprof/`)).status, 200);
  });

  it("MET-2: a port that is taken is told, and everything else goes on", async () => {
    const [taken] = await open("legacy", ["--port=0"]);
    const ports = await open("modern", ["--port=0", `--health-probe-port=${taken}`]);
    assert.deepEqual(ports, []);
    const error = lines.find(({ level }) => level === "error");
    assert.match(String(error?.["error"]), /health.*127\.0\.0\.1.*--health-probe-port/);
  });
});
