/** Starts the cluster inside a lab: API server and controllers in this process, a kubelet in each node. */
import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { startApiServer } from "../apiserver/index.ts";
import {
  ControlLoop,
  isNodeReady,
  isPodReady,
  type KubeletOptions,
  type Pod,
  readPodLog,
  refOf,
  type TokenUser,
} from "../cluster/index.ts";
import type { Endpoints, EndpointSlice, KubeObject, Node } from "../kube/index.ts";
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

/** Returns when all nodes and the seeded pods are ready. */
export async function startCluster(
  stateDir: string,
  topology: Topology,
  options: HolderOptions,
): Promise<void> {
  const { address } = topology.server;
  const tls = makeCertificate(join(stateDir, "pki"), address);
  const admin: TokenUser = { name: "admin", groups: ["system:masters", "system:authenticated"] };
  // The server looks tokens up in this very record: accounts that come later are added to it.
  const tokens: Record<string, TokenUser> = { [randomBytes(24).toString("base64url")]: admin };
  const server = await startApiServer({
    dataFile: ":memory:",
    host: address,
    port: apiPort,
    tls: { cert: tls.cert, key: tls.key, ca: tls.ca },
    tokens,
    rbac: true,
    podLog: (pod, query) => readPodLog(join(stateDir, "pods"), pod as unknown as Pod, query),
  });
  const kubeconfig = join(stateDir, "kubeconfig");
  writeFileSync(kubeconfig, server.kubeconfig, { mode: 0o600 });
  const client = KubeClient.fromEnvironment({ kubeconfig, env: process.env });
  new ControlLoop({
    client,
    logger: createLogger({ form: "modern" }),
    nodeGraceMs: options.nodeGraceMs ?? defaultNodeGraceMs,
    ca: tls.ca,
    onTokens: (users) => Object.assign(tokens, users),
  }).start();
  execFileSync("mkdir", ["-p", app]);
  execFileSync("mount", ["--bind", checkout, app]);
  await seed(client, tutorialObjects("kube-proxy"));
  await seed(client, ownEndpoints(address));
  const images = { ...ownPrograms(), ...options.programs };
  for (const node of topology.nodes) {
    startNode(stateDir, node, {
      apiServer: { host: address, port: String(apiPort) },
      images,
      kubeconfig,
    });
  }
  await everythingReady(client, topology.nodes.length);
  if (!options.withTutorialObjects) return;
  await seed(client, tutorialObjects("grafana")); // only now, so that its pods find all nodes ready
  await everythingReady(client, topology.nodes.length);
}

/** Where the service default/kubernetes leads: to the API server itself. */
function ownEndpoints(address: string): KubeObject[] {
  const metadata = { name: "kubernetes", namespace: "default" };
  const labels = { "kubernetes.io/service-name": "kubernetes" };
  const ports = [{ name: "https", port: apiPort, protocol: "TCP" }];
  const endpoints: Endpoints = {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata,
    subsets: [{ addresses: [{ ip: address }], ports }],
  };
  const slice: EndpointSlice = {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { ...metadata, labels },
    addressType: "IPv4",
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
    ports,
  };
  return [endpoints, slice];
}

/** Image name (with or without tag) to the program that it stands for. */
function ownPrograms(): Record<string, string[]> {
  const node = [inApp(process.execPath), quiet];
  const metallb = [...node, inApp(builtOrSource("metallb", "cli/main"))];
  const proxy = builtOrSource("service-proxy", "cluster/service-proxy-main");
  const images: Record<string, string[]> = {
    "k8s.gcr.io/kube-proxy": [...node, inApp(proxy)],
    "grafana/grafana": [...node, `${app}/src/lab/grafana-stand-in.ts`],
  };
  for (const registry of ["metallb", "quay.io/metallb", "metallb-ts"]) {
    for (const program of ["controller", "speaker"]) {
      images[`${registry}/${program}`] = [...metallb, program];
    }
  }
  return images;
}

/** The bundle of a program, which starts in a third of the time, or its source when nothing is built. */
function builtOrSource(bundle: string, source: string): string {
  const built = join(checkout, "dist", `${bundle}.mjs`);
  return existsSync(built) ? built : join(checkout, "src", `${source}.ts`);
}

function inApp(path: string): string {
  const inside = relative(checkout, path);
  return path.startsWith("/") && !inside.startsWith("..") ? join(app, inside) : path;
}

/** A node is a network, mount and PID namespace: when its first process is killed, all of it is. */
function startNode(
  stateDir: string,
  node: LabNode,
  shared: Pick<KubeletOptions, "apiServer" | "images" | "kubeconfig">,
): void {
  const folder = join(stateDir, "nodes");
  const podsFolder = join(stateDir, "pods", node.name);
  for (const path of [folder, podsFolder]) mkdirSync(path, { recursive: true });
  const options: KubeletOptions = {
    ...shared,
    nodeName: node.name,
    address: node.address,
    podRange: node.podRange,
    isControlPlane: node.isControlPlane,
    podsFolder,
    hasOtherUsers: hasOtherUsers(),
  };
  const optionsFile = join(folder, `${node.name}.json`);
  writeFileSync(optionsFile, JSON.stringify(options));
  const log = openSync(join(folder, `${node.name}.log`), "a");
  const kubelet = builtOrSource("kubelet", "cluster/kubelet-main");
  const sealed = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
  const program = [process.execPath, quiet, kubelet, optionsFile];
  const argv = ["netns", "exec", node.name, ...sealed, ...program];
  const child = spawn("ip", argv, {
    stdio: ["ignore", log, log],
    env: { PATH: process.env["PATH"] },
  });
  writeFileSync(join(folder, `${node.name}.pid`), String(child.pid));
}

/** A user namespace made without root knows one user only. */
function hasOtherUsers(): boolean {
  const [, , count] = readFileSync("/proc/self/uid_map", "utf8").trim().split(/\s+/);
  return Number(count) > 65_534;
}

/** Throws after a minute, naming the nodes and pods that are still missing. */
async function everythingReady(client: KubeClient, nodeCount: number): Promise<void> {
  const wants = (object: KubeObject & { spec?: { replicas?: number } }) =>
    object.spec?.replicas ?? nodeCount;
  const deadline = Date.now() + startLimitMs;
  for (;;) {
    const nodes = (await client.list<Node>(refOf("nodes"))).items;
    const pods = (await client.list<Pod>(refOf("pods"))).items;
    const workloads = await Promise.all(
      ["deployments", "daemonsets"].map((plural) => client.list<KubeObject>(refOf(plural))),
    );
    const wanted = workloads.flatMap(({ items }) => items.map(wants)).reduce((a, b) => a + b, 0);
    const waiting = pods.filter((pod) => !isPodReady(pod)).map(({ metadata }) => metadata.name);
    const readyNodes = nodes.filter(isNodeReady).length;
    if (waiting.length === 0 && pods.length >= wanted && readyNodes === nodeCount) return;
    if (Date.now() > deadline) {
      const found = `${readyNodes} of ${nodeCount} nodes ready, ${pods.length} of ${wanted} pods`;
      const names = waiting.join(", ") || "none";
      throw new Error(
        `not ready after ${startLimitMs / 1000} s: ${found}, not ready among them: ${names}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
