/** A private network with a real kube-apiserver on its loopback, in which contenders take turns. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { KubeObject, Service } from "../src/kube/index.ts";
import {
  KubeApiError,
  KubeClient,
  loadKubeConnection,
  type ResourceRef,
} from "../src/platform/index.ts";
import {
  realkubeBinaries,
  startRealApiServer,
  type RealApiServer,
} from "../tools/realkube/index.ts";
import type { Contender, ProgramName } from "./lib-contenders.ts";

const root = dirname(import.meta.dirname);
export const namespace = "metallb-system";
const nodeName = "bench-node";
export const services: ResourceRef = {
  group: "",
  version: "v1",
  plural: "services",
  namespace: "default",
};
export const inSystem = (plural: string): ResourceRef => ({
  group: "",
  version: "v1",
  plural,
  namespace,
});
export const metallbKind = (plural: string): ResourceRef => ({
  group: "metallb.io",
  version: "v1beta1",
  plural,
  namespace,
});

/** Runs the benchmark again in a network namespace of its own: no frame leaves the machine. */
export function enterPrivateNetwork(): void {
  if (process.env["METALLB_BENCH_PRIVATE"] === "1") return;
  const isRoot = process.getuid?.() === 0;
  const flags = isRoot ? ["--net"] : ["--user", "--map-root-user", "--net"];
  const inside = 'ip link set lo up; exec "$0" "$@"';
  const words = [...flags, "sh", "-c", inside, process.execPath, ...process.argv.slice(1)];
  const result = spawnSync("unshare", words, {
    stdio: "inherit",
    env: { ...process.env, METALLB_BENCH_PRIVATE: "1" },
  });
  process.exit(result.status ?? 1);
}

export interface Stage {
  client: KubeClient;
  /** Starts a contender's program as its pod would see the world, configured its way; stop() ends it at once. */
  start(contender: Contender, program: ProgramName): Promise<Running>;
  /** One pool, in the words of the contender's generation; nothing in the other's. */
  configure(contender: Contender): Promise<void>;
  /** The folder that a pod finds at /var/run/secrets/kubernetes.io/serviceaccount. */
  readonly account: string;
  readonly port: number;
  /** How many requests, and how many of them writes, the programs have made so far. */
  requests(): { all: number; writes: number };
  /** Ends the API server and starts it again with its data; a write before lets no watch be taken up where it ended. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export interface Running {
  pid: number;
  logFile: string;
  stop(): Promise<void>;
}

/** Programs only: whoever prepares the stage is not measured. */
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived, ResponseStarted]
rules:
  - level: Metadata
    users: [program]
  - level: None
`;

interface StageOptions {
  /** Where the API server listens; by default on loopback. */
  readonly address?: string;
  /** The addresses of the pool. */
  readonly pool?: string;
}

export async function openStage(options: StageOptions = {}): Promise<Stage> {
  const { address, pool = "10.128.0.0/16" } = options;
  const found = await realkubeBinaries({ components: ["etcd", "kube-apiserver"] });
  if (!found.ok) throw new Error(found.reason);
  const folder = mkdtempSync(join(tmpdir(), "metallb-bench-"));
  const [policy, audit] = [join(folder, "policy.yaml"), join(folder, "audit.log")];
  writeFileSync(policy, auditPolicy);
  const apiServerFlags = [`--audit-policy-file=${policy}`, `--audit-log-path=${audit}`];
  const stateDir = join(folder, "api");
  const start = (port?: number): Promise<RealApiServer> =>
    startRealApiServer({
      binaries: found.dir,
      stateDir,
      apiServerFlags,
      ...(port !== undefined && { port }),
      ...(address !== undefined && { address }),
    });
  let server = await start();
  const connection = loadKubeConnection({ kubeconfig: server.kubeconfig, env: {} });
  const client = new KubeClient(connection);
  await seed(client, server);
  const account = join(folder, "account");
  mkdirSync(account);
  writeFileSync(join(account, "token"), server.tokens.program.token);
  writeFileSync(join(account, "namespace"), namespace);
  writeFileSync(join(account, "ca.crt"), readFileSync(server.caFile));
  let count = 0;
  const prepare = (contender: Contender): Promise<void> =>
    patiently(() => configure(client, contender, pool), undefined);
  return {
    client,
    account,
    port: server.port,
    configure: prepare,
    start: async (contender, program) => {
      await prepare(contender);
      const logFile = join(folder, `${contender.who}-${program}-${count++}.log`);
      return startProgram({ contender, program, account, logFile, port: server.port });
    },
    requests: () => {
      const lines = readFileSync(audit, "utf8").split("\n").filter(Boolean);
      const isRead = /"verb":"(get|list|watch)"/;
      const writes = lines.filter((line) => !isRead.test(line)).length;
      return { all: lines.length, writes };
    },
    restart: async () => {
      await client.create(inSystem("configmaps"), { metadata: { generateName: "restart-" } });
      await server.stop();
      server = await start(server.port);
    },
    close: async () => {
      await client.close();
      await server.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

/** A Service of type LoadBalancer that asks for nothing special. */
export function plainService(name: string): Service {
  return {
    metadata: { name },
    spec: { type: "LoadBalancer", allocateLoadBalancerNodePorts: false, ports: [{ port: 80 }] },
  };
}

/** So many Services, named idle-0 and on. */
export async function createServices(client: KubeClient, count: number): Promise<void> {
  const names = Array.from({ length: count }, (_, index) => `idle-${index}`);
  await eachAtOnce(names, (name) => client.create(services, plainService(name)));
}

/** Does it for each, sixteen under way at a time: more would only queue up in the API server. */
export async function eachAtOnce<T>(
  all: readonly T[],
  act: (one: T) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const actOnRest = async (): Promise<void> => {
    while (next < all.length) await patiently(act, all[next++] as T);
  };
  await Promise.all(Array.from({ length: 16 }, actOnRest));
}

/** A busy API server says 429 and wants to be asked again a second later. */
async function patiently<T>(act: (one: T) => Promise<unknown>, one: T): Promise<void> {
  for (;;) {
    try {
      await act(one);
      return;
    } catch (error) {
      if (!(error instanceof KubeApiError) || error.status !== 429) throw error;
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
}

async function seed(client: KubeClient, server: RealApiServer): Promise<void> {
  const namespaces: ResourceRef = { group: "", version: "v1", plural: "namespaces" };
  await client.create(namespaces, { metadata: { name: namespace } });
  await client.create(inSystem("serviceaccounts"), { metadata: { name: "default" } });
  const nodes: ResourceRef = { group: "", version: "v1", plural: "nodes" };
  await client.create(nodes, { metadata: { name: nodeName } });
  for (const program of ["controller", "speaker"]) {
    const spec = { nodeName, containers: [{ name: program, image: "none" }] };
    await client.create(inSystem("pods"), { metadata: { name: program }, spec });
  }
  const kubectl = ["--kubeconfig", server.kubeconfig];
  for (const words of [
    ["apply", "--server-side", "-f", join(root, "manifests/crds")],
    ["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"],
  ]) {
    const result = spawnSync("kubectl", [...kubectl, ...words], { stdio: ["ignore", 2, 2] });
    if (result.status !== 0) throw new Error(`kubectl ${words[0]} failed`);
  }
}

/** One pool, in the words of the contender's generation; nothing in the other's. */
async function configure(
  client: KubeClient,
  { generation }: Contender,
  pool: string,
): Promise<void> {
  const [configMaps, pools] = [inSystem("configmaps"), metallbKind("ipaddresspools")];
  const there = async (ref: ResourceRef, name: string): Promise<boolean> =>
    (await client.list<KubeObject>(ref)).items.some(({ metadata }) => metadata.name === name);
  if (generation === "configmap") {
    if (await there(pools, "pool")) await client.delete(pools, "pool");
    if (await there(configMaps, "config")) return;
    const config = `address-pools: [{name: pool, protocol: layer2, addresses: ["${pool}"]}]\n`;
    await client.create(configMaps, { metadata: { name: "config" }, data: { config } });
    return;
  }
  if (await there(configMaps, "config")) await client.delete(configMaps, "config");
  if (await there(pools, "pool")) return;
  const [apiVersion, metadata] = ["metallb.io/v1beta1", { name: "pool" }];
  await client.create(pools, {
    apiVersion,
    kind: "IPAddressPool",
    metadata,
    spec: { addresses: [pool] },
  });
}

function startProgram(what: {
  contender: Contender;
  program: ProgramName;
  account: string;
  logFile: string;
  port: number;
}): Running {
  const { contender, program } = what;
  const old = contender.generation === "configmap";
  const flags = old
    ? ["--port=7472", "--config=config"]
    : [
        "--port=9120",
        "--log-level=info",
        ...(program === "controller" ? ["--webhook-mode=disabled"] : []),
      ];
  const mount = "/var/run/secrets/kubernetes.io/serviceaccount";
  // A fresh /run in a mount namespace of its own: the account is where a pod finds it.
  const inside =
    `mount --make-rprivate / && mount -t tmpfs none /run && mkdir -p ${mount} && ` +
    `mount --bind "$0" ${mount} && exec "$@"`;
  const log = openSync(what.logFile, "a");
  const words = ["--mount", "sh", "-c", inside, what.account, ...contender.command(program)];
  const child = spawn("unshare", [...words, ...flags], {
    stdio: ["ignore", log, log],
    env: {
      PATH: process.env["PATH"],
      KUBERNETES_SERVICE_HOST: "127.0.0.1",
      KUBERNETES_SERVICE_PORT: String(what.port),
      METALLB_NODE_NAME: nodeName,
      METALLB_HOST: "127.0.0.1",
      METALLB_NAMESPACE: namespace,
      METALLB_POD_NAME: program,
      METALLB_BGP_TYPE: "native",
    },
  });
  return {
    pid: child.pid ?? 0,
    logFile: what.logFile,
    stop: () => stop(child),
  };
}

function stop(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once("exit", () => resolve());
    child.kill("SIGKILL");
  });
}
