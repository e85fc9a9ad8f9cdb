/** The server under test: `KUBE_API_UNDER_TEST=embedded` (default) or `real`. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startApiServer } from "../../src/apiserver/index.ts";
import {
  compactEtcd,
  freePort,
  realkubeBinaries,
  startDaemon,
  startRealApiServer,
  type RealApiServer,
} from "../../tools/realkube/index.ts";
import { ApiClient, trustingAgent } from "./api-client.ts";

export interface ServerUnderTest {
  name: "embedded" | "real";
  /** The client of an administrator (group system:masters). */
  api: ApiClient;
  /** A token of user "nobody", who has no rights but those of everybody. */
  nobodyToken: string;
  /** A token of user "alice" in group "developers". */
  aliceToken: string;
  /** A folder for the test's own files, removed by stop. */
  scratch: string;
  /** Makes the server forget every resource version before the present one. */
  forgetHistory(): Promise<void>;
  stop(): Promise<void>;
}

/** A server of its own that can be killed and started again on the same data. */
export interface RestartableServer {
  api: ApiClient;
  /** SIGKILL to every process of it. */
  kill(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export const serverName = process.env["KUBE_API_UNDER_TEST"] === "real" ? "real" : "embedded";

/** Why the server cannot be had here, or undefined. Never an excuse when REQUIRE_REALKUBE=1. */
export async function reasonToSkip(): Promise<string | undefined> {
  if (serverName === "embedded") return undefined;
  const answer = await realkubeBinaries({ components: ["etcd", "kube-apiserver"] });
  if (answer.ok) return undefined;
  if (process.env["REQUIRE_REALKUBE"] === "1") throw new Error(answer.reason);
  return answer.reason;
}

export function startServerUnderTest(): Promise<ServerUnderTest> {
  const scratch = mkdtempSync(join(tmpdir(), "kube-api-"));
  return serverName === "real" ? startReal(scratch) : startEmbedded(scratch);
}

async function startReal(scratch: string): Promise<ServerUnderTest> {
  const server = await realServer(join(scratch, "state"));
  const agent = trustingAgent(readFileSync(server.caFile));
  const api = new ApiClient(server.url, agent, server.tokens.admin.token);
  return {
    name: "real",
    api,
    nobodyToken: server.tokens.nobody.token,
    aliceToken: server.tokens.alice.token,
    scratch,
    async forgetHistory() {
      const { body } = await api.get("/api/v1/namespaces?limit=1");
      await compactEtcd(server.etcdUrl, body.metadata.resourceVersion);
    },
    async stop() {
      await server.stop();
      await agent.destroy();
      rmSync(scratch, { recursive: true });
    },
  };
}

async function realServer(stateDir: string, port?: number): Promise<RealApiServer> {
  const answer = await realkubeBinaries({ components: ["etcd", "kube-apiserver"] });
  if (!answer.ok) throw new Error(answer.reason);
  const binaries = answer.dir;
  const apiServerFlags = ["--watch-cache-sizes=leases.coordination.k8s.io#0"];
  return startRealApiServer({
    binaries,
    stateDir,
    apiServerFlags,
    ...(port === undefined ? {} : { port }),
  });
}

const embeddedTokens = {
  "admin-token": { name: "admin", groups: ["system:masters", "system:authenticated"] },
  "nobody-token": { name: "nobody", groups: ["system:authenticated"] },
  "alice-token": { name: "alice", groups: ["developers", "system:authenticated"] },
};

const watchHistory = 200;

async function startEmbedded(scratch: string): Promise<ServerUnderTest> {
  const server = await startApiServer({
    dataFile: join(scratch, "data.db"),
    host: "127.0.0.1",
    port: 0,
    tokens: embeddedTokens,
    rbac: true,
    watchHistory,
  });
  const agent = trustingAgent(undefined);
  const api = new ApiClient(server.url, agent, "admin-token");
  return {
    name: "embedded",
    api,
    nobodyToken: "nobody-token",
    aliceToken: "alice-token",
    scratch,
    async forgetHistory() {
      const path = "/api/v1/namespaces/default";
      for (let write = 0; write <= watchHistory; write++) {
        await api.patch(path, "merge", { metadata: { labels: { write: String(write) } } });
      }
    },
    async stop() {
      await agent.destroy();
      await server.close();
      rmSync(scratch, { recursive: true });
    },
  };
}

/** Starts a server that a test may kill at any moment; it takes no tokens into account when embedded. */
export async function startRestartableServer(): Promise<RestartableServer> {
  const scratch = mkdtempSync(join(tmpdir(), "kube-api-"));
  const port = await freePort();
  const start = serverName === "real" ? startKillableReal : startKillableEmbedded;
  let server = await start(scratch, port);
  const agent = trustingAgent(server.ca);
  return {
    api: new ApiClient(server.url, agent, "admin-token"),
    kill: () => server.kill(),
    async restart() {
      server = await start(scratch, port);
    },
    async stop() {
      await server.kill();
      await agent.destroy();
      rmSync(scratch, { recursive: true });
    },
  };
}

interface KillableServer {
  url: string;
  ca: Buffer | undefined;
  kill(): Promise<void>;
}

async function startKillableReal(scratch: string, port: number): Promise<KillableServer> {
  const server = await realServer(scratch, port);
  return { url: server.url, ca: readFileSync(server.caFile), kill: () => server.stop() };
}

async function startKillableEmbedded(scratch: string, port: number): Promise<KillableServer> {
  const program = fileURLToPath(new URL("embedded-process.ts", import.meta.url));
  const logFile = join(scratch, "log");
  const args = [program, join(scratch, "data.db"), String(port)];
  const daemon = startDaemon(process.execPath, args, { logFile });
  const url = `http://127.0.0.1:${port}`;
  let failure: string | undefined;
  void daemon.ended.then((how) => (failure = `the embedded server ended: ${how}; see ${logFile}`));
  for (;;) {
    if (failure !== undefined) throw new Error(failure);
    const reply = await fetch(`${url}/readyz`).catch(() => undefined);
    if (reply?.ok) return { url, ca: undefined, kill: () => daemon.kill() };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
