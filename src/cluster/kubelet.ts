/**
 * A stand-in for the kubelet: registers its node, renews its lease, and runs the node's pods as
 * plain processes in the node's namespaces.
 *
 * Left out: images and pulling (an image name stands for a local program), root file systems,
 * init containers, resource limits, DNS, `kubectl exec`, taking running pods over after a restart.
 */
import { release } from "node:os";
import { objectKey, type Node } from "../kube/index.ts";
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
import { PodWorker, type NodeContext } from "./pod-worker.ts";

export interface KubeletOptions {
  readonly nodeName: string;
  readonly address: string;
  readonly podRange: number;
  readonly isControlPlane: boolean;
  readonly apiServer: NodeContext["apiServer"];
  readonly podsFolder: string;
  readonly images: NodeContext["images"];
  readonly hasOtherUsers: boolean;
  readonly kubeconfig: string;
}

const heartBeatMs = 1000;
const leaseNamespace = "kube-node-lease";

/** Registers the node and runs its pods until the process ends. */
export async function runKubelet(client: KubeClient, options: KubeletOptions): Promise<void> {
  const { nodeName } = options;
  await registerNode(client, options);
  await beat(client, nodeName);
  setInterval(() => {
    beat(client, nodeName).catch((error: unknown) => console.error(`lease: ${String(error)}`));
  }, heartBeatMs);
  const events = new EventRecorder(client, { component: "kubelet", host: nodeName }, silentLogger);
  const context: NodeContext = {
    client,
    events,
    nodeName,
    hostIP: options.address,
    apiServer: options.apiServer,
    podsFolder: options.podsFolder,
    images: options.images,
    networks: new PodNetworks(options.podRange),
    hasOtherUsers: options.hasOtherUsers,
  };
  const workers = new Map<string, { uid: string | undefined; worker: PodWorker }>();
  const onChange = (key: string, pod: Pod | undefined): void => {
    const known = workers.get(key);
    if (known && known.uid !== pod?.metadata.uid) {
      workers.delete(key);
      void known.worker.end();
    }
    if (pod === undefined) return;
    const worker = workers.get(key)?.worker ?? new PodWorker(pod, context);
    if (!workers.has(key)) {
      workers.set(key, { uid: pod.metadata.uid, worker });
      worker.start();
    }
    worker.update(pod);
  };
  new Informer<Pod>(client, refOf("pods"), {
    fieldSelector: `spec.nodeName=${nodeName}`,
    onChange: (key, pod) => onChange(pod ? objectKey(pod.metadata) : key, pod),
  }).start();
}

async function registerNode(client: KubeClient, options: KubeletOptions): Promise<void> {
  const { nodeName: name, address, podRange, isControlPlane } = options;
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

async function beat(client: KubeClient, name: string): Promise<void> {
  const renewTime = new Date().toISOString().replace("Z", "000Z");
  const spec = { holderIdentity: name, renewTime, leaseDurationSeconds: 4 };
  await createOrPatch(client, "leases", {
    metadata: { name, namespace: leaseNamespace },
    spec,
  });
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
