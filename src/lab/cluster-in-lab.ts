/** Starts the cluster inside a lab: API server and controllers in this process, a kubelet in each node. */
import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { startApiServer } from "../apiserver/index.ts";
import {
  ControlLoop,
  type KubeletOptions,
  type Pod,
  readPodLog,
  refOf,
  type Workload,
} from "../cluster/index.ts";
import { isReady, type Node } from "../kube/index.ts";
import { createLogger, KubeClient } from "../platform/index.ts";
import { makeCertificate } from "./certificates.ts";
import type { HolderOptions } from "./holder-main.ts";
import type { LabNode, Topology } from "./topology.ts";
import { seed, tutorialObjects } from "./tutorial-objects.ts";

const apiPort = 6443;
const defaultNodeGraceMs = 4000;
const startLimitMs = 60_000;
const checkout = join(import.meta.dirname, "../..");
/** The checkout under a path that every user of the lab can read, wherever it lies on the machine. */
const app = "/run/app";
const quiet = "--disable-warning=ExperimentalWarning";

/** Returns when all nodes and the seeded pods are ready; tells meanwhile how far it is. */
export async function startCluster(
  stateDir: string,
  topology: Topology,
  options: HolderOptions,
  tell: (progress: string) => void,
): Promise<void> {
  const { address } = topology.server;
  const tls = makeCertificate(join(stateDir, "pki"), address);
  const admin = { name: "admin", groups: ["system:masters", "system:authenticated"] };
  const server = await startApiServer({
    dataFile: ":memory:",
    host: address,
    port: apiPort,
    tls,
    tokens: { [randomBytes(24).toString("base64url")]: admin },
    rbac: true,
    serviceCidr: "10.96.0.0/16,fd00:96::/112",
    podLog: (pod, query) => readPodLog(join(stateDir, "pods"), pod as unknown as Pod, query),
  });
  const kubeconfig = join(stateDir, "kubeconfig");
  writeFileSync(kubeconfig, server.kubeconfig, { mode: 0o600 });
  const client = KubeClient.fromEnvironment({ kubeconfig, env: process.env });
  new ControlLoop({
    client,
    logger: createLogger({ form: "modern" }),
    nodeGraceMs: options.nodeGraceMs ?? defaultNodeGraceMs,
  }).start();
  execFileSync("mkdir", ["-p", app]);
  execFileSync("mount", ["--bind", checkout, app]);
  await seed(client, tutorialObjects("kube-proxy"));
  tell("the API server runs; starting the nodes");
  const shared = {
    apiServer: { host: address, port: String(apiPort) },
    ca: tls.ca,
    images: { ...ownPrograms(), ...options.programs },
    kubeconfig,
    hasOtherUsers: hasOtherUsers(),
  };
  for (const node of topology.nodes) startNode(stateDir, node, shared);
  await everythingReady(client, topology);
  if (!options.withTutorialObjects) return;
  tell("nodes and kube-proxy are ready; starting the application");
  await seed(client, tutorialObjects("grafana")); // only now, so that its pods find all nodes ready
  await everythingReady(client, topology);
}

/** Image name (with or without tag) to the program that it stands for. */
function ownPrograms(): Record<string, string[]> {
  const node = [inApp(process.execPath), quiet];
  // A bundle starts in a third of the time of its source.
  const metallb = [...node, `${app}/${builtOr("src/cli/main.ts", "dist/metallb.mjs")}`];
  const proxy = `${app}/${builtOr("src/cluster/service-proxy-main.ts", "dist/service-proxy.mjs")}`;
  const images: Record<string, string[]> = {
    "k8s.gcr.io/kube-proxy": [...node, proxy],
    "grafana/grafana": [...node, `${app}/src/lab/grafana-stand-in.ts`],
  };
  for (const registry of ["metallb", "quay.io/metallb", "metallb-ts"]) {
    for (const program of ["controller", "speaker"]) {
      images[`${registry}/${program}`] = [...metallb, program];
    }
  }
  return images;
}

/** Where the lab's users find a file of the checkout. */
function inApp(path: string): string {
  const inside = relative(checkout, path);
  return path.startsWith("/") && !inside.startsWith("..") ? join(app, inside) : path;
}

/** A node is a network, mount and PID namespace: when its first process is killed, all of it is. */
function startNode(
  stateDir: string,
  node: LabNode,
  shared: Omit<KubeletOptions, keyof LabNode | "nodeName" | "podsFolder">,
): void {
  const folder = join(stateDir, "nodes");
  const podsFolder = join(stateDir, "pods", node.name);
  for (const path of [folder, podsFolder]) mkdirSync(path, { recursive: true });
  const options: KubeletOptions = { ...shared, ...node, nodeName: node.name, podsFolder };
  const optionsFile = join(folder, `${node.name}.json`);
  writeFileSync(optionsFile, JSON.stringify(options));
  const log = openSync(join(folder, `${node.name}.log`), "a");
  const kubelet = join(checkout, builtOr("src/cluster/kubelet-main.ts", "dist/kubelet.mjs"));
  const sealed = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
  const program = [process.execPath, quiet, kubelet, optionsFile];
  const argv = ["netns", "exec", node.name, ...sealed, ...program];
  const child = spawn("ip", argv, {
    stdio: ["ignore", log, log],
    env: { PATH: process.env["PATH"] },
  });
  writeFileSync(join(folder, `${node.name}.pid`), String(child.pid));
}

/** The bundle of a program where there is one: it starts in half the time. */
function builtOr(source: string, bundle: string): string {
  return existsSync(join(checkout, bundle)) ? bundle : source;
}

/** A user namespace made without root knows one user only. */
function hasOtherUsers(): boolean {
  const [, , count] = readFileSync("/proc/self/uid_map", "utf8").trim().split(/\s+/);
  return Number(count) > 65_534;
}

/** Throws after a minute, naming the nodes and workloads that are still missing. */
async function everythingReady(client: KubeClient, { nodes }: Topology): Promise<void> {
  const list = async <T>(plural: string) => (await client.list<T>(refOf(plural))).items;
  const deadline = Date.now() + startLimitMs;
  for (;;) {
    const readyNodes = (await list<Node>("nodes")).filter(isReady).map((o) => o.metadata.name);
    const workloads = [
      ...(await list<Workload>("deployments")),
      ...(await list<Workload>("daemonsets")),
    ].filter(({ spec, status }) => {
      const ready = status?.["readyReplicas"] ?? status?.["numberReady"] ?? 0;
      return Number(ready) < (spec.replicas ?? nodes.length);
    });
    const missing = [
      ...nodes.map(({ name }) => name).filter((name) => !readyNodes.includes(name)),
      ...workloads.map(({ metadata }) => metadata.name),
    ];
    if (missing.length === 0) return;
    if (Date.now() > deadline) {
      throw new Error(`not ready after ${startLimitMs / 1000} s: ${missing.join(", ")}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
