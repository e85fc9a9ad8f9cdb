/**
 * A stand-in for the kubelet: registers its node, renews its lease, and runs the node's pods as
 * plain processes in the node's namespaces.
 *
 * Left out: images and pulling (an image name stands for a local program), root file systems,
 * init containers, resource limits, DNS, `kubectl exec`, taking running pods over after a restart.
 */
import { release } from "node:os";
import { isReady, type Node } from "../kube/index.ts";
import {
  EventRecorder,
  hasStatus,
  Informer,
  silentLogger,
  type KubeClient,
} from "../platform/index.ts";
import { refOf } from "./actions.ts";
import type { Lease, Pod } from "./objects.ts";
import { PodNetworks } from "./pod-network.ts";
import { type KubeletOptions, type NodeContext, PodWorker } from "./pod-worker.ts";

const heartBeatMs = 1000;

/** Registers the node and runs its pods until the process ends. */
export async function runKubelet(client: KubeClient, options: KubeletOptions): Promise<void> {
  const { nodeName } = options;
  await registerNode(client, options);
  await beat(client, options);
  setInterval(() => {
    beat(client, options).catch((error: unknown) => console.error(`lease: ${String(error)}`));
  }, heartBeatMs);
  const events = new EventRecorder(client, { component: "kubelet", host: nodeName }, silentLogger);
  const networks = new PodNetworks(options.podRange);
  const context: NodeContext = { ...options, client, events, networks };
  const workers = new Map<string, PodWorker>();
  const onChange = (key: string, pod: Pod | undefined): void => {
    let worker = workers.get(key);
    if (worker && worker.uid !== pod?.metadata.uid) {
      workers.delete(key);
      void worker.end();
      worker = undefined;
    }
    if (pod === undefined) return;
    worker ??= new PodWorker(pod, context);
    workers.set(key, worker);
    worker.update(pod);
  };
  const fieldSelector = `spec.nodeName=${nodeName}`;
  new Informer<Pod>(client, refOf("pods"), { fieldSelector, onChange }).start();
}

async function registerNode(client: KubeClient, options: KubeletOptions): Promise<void> {
  const { nodeName: name, podRange, isControlPlane } = options;
  const master = "node-role.kubernetes.io/master";
  const labels = {
    "kubernetes.io/hostname": name,
    "kubernetes.io/os": "linux",
    ...(isControlPlane ? { [master]: "", "node-role.kubernetes.io/control-plane": "" } : {}),
  };
  const spec = {
    podCIDR: `10.244.${podRange}.0/24`,
    ...(isControlPlane ? { taints: [{ key: master, effect: "NoSchedule" }] } : {}),
  };
  await createOrPatch(client, "nodes", { metadata: { name, labels }, spec });
  await postReady(client, options);
}

async function postReady(client: KubeClient, options: KubeletOptions): Promise<void> {
  const { nodeName: name, address } = options;
  const now = new Date().toISOString();
  const ready = {
    type: "Ready",
    status: "True",
    reason: "KubeletReady",
    message: "the lab's kubelet is posting ready status",
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  };
  const status = {
    addresses: [
      { type: "InternalIP", address },
      { type: "Hostname", address: name },
    ],
    conditions: [ready],
    nodeInfo: {
      kubeletVersion: "v1.32.0-lab",
      kubeProxyVersion: "v1.32.0-lab",
      operatingSystem: "linux",
      architecture: process.arch === "x64" ? "amd64" : process.arch,
      osImage: "metallb-ts lab",
      kernelVersion: release(),
      containerRuntimeVersion: "processes://1",
      machineID: "",
      systemUUID: "",
      bootID: "",
    },
  };
  await client.patch(refOf("nodes"), name, { status }, { type: "merge", subresource: "status" });
}

/** On a machine that was busy for seconds the node counts as silent meanwhile: nobody else would call it ready again. */
async function beat(client: KubeClient, options: KubeletOptions): Promise<void> {
  const { nodeName: name } = options;
  const renewTime = new Date().toISOString().replace("Z", "000Z");
  const spec = { holderIdentity: name, renewTime, leaseDurationSeconds: 4 };
  const metadata = { name, namespace: "kube-node-lease" };
  await createOrPatch(client, "leases", { metadata, spec });
  const node = await client.get<Node>(refOf("nodes"), name);
  if (!isReady(node)) await postReady(client, options);
}

async function createOrPatch(client: KubeClient, plural: string, object: Node | Lease) {
  const { name, namespace } = object.metadata;
  const { spec } = object;
  try {
    await client.patch(refOf(plural, namespace), name, { spec }, { type: "merge" });
  } catch (error) {
    if (!hasStatus(error, 404)) throw error;
    await client.create(refOf(plural, namespace), object);
  }
}
