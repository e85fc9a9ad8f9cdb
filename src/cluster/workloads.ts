/**
 * Deployments and DaemonSets to pods. Pure: from what exists to what to write.
 *
 * Left out: ReplicaSets (a Deployment's pods belong to itself), surge and unavailability limits (a
 * Deployment brings up all its new pods, then ends the old ones; a DaemonSet replaces one pod at a
 * time), revision history, pause, OnDelete, progress deadline, StatefulSets, Jobs, garbage collection
 * (the API server does it), eviction of pods from dead nodes (real clusters: 5 minutes).
 */
import { isReady, type Node } from "../kube/index.ts";
import {
  type Action,
  create,
  isOwnedBy,
  ownedBy,
  remove,
  setStatus,
  templateHash,
} from "./actions.ts";
import type { Pod, Workload } from "./objects.ts";
import { chooseNode, mayRunOn } from "./placement.ts";

export interface WorkloadView {
  readonly deployments: readonly Workload[];
  readonly daemonSets: readonly Workload[];
  readonly pods: readonly Pod[];
  readonly nodes: readonly Node[];
  /** A few characters that make a pod's name unique. */
  readonly nameSuffix: () => string;
}

/** The pods of one workload. */
interface Fleet {
  /** Pods on their way out included. */
  readonly all: readonly Pod[];
  /** Made from the present template. */
  readonly updated: readonly Pod[];
  readonly outdated: readonly Pod[];
  readonly ready: number;
  readonly podFor: (node: string) => Pod;
}

export function planWorkloads(view: WorkloadView): Action[] {
  return [
    ...view.deployments.flatMap((deployment) => planDeployment(deployment, view)),
    ...view.daemonSets.flatMap((set) => planDaemonSet(set, view)),
  ];
}

function planDeployment(deployment: Workload, view: WorkloadView): Action[] {
  const { replicas = 1, template } = deployment.spec;
  const { updated, outdated, ready, podFor } = fleetOf("Deployment", deployment, view);
  const placed = [...updated];
  while (placed.length < replicas) {
    const node = chooseNode(template.spec, view.nodes, placed);
    if (node === undefined) break;
    placed.push(podFor(node));
  }
  const isNewReady = updated.filter(isReady).length >= replicas;
  const surplus = [...updated.slice(replicas), ...(isNewReady ? outdated : [])];
  const isAvailable = ready >= replicas;
  const status = {
    observedGeneration: deployment.metadata.generation,
    replicas: updated.length + outdated.length,
    updatedReplicas: updated.length,
    readyReplicas: ready,
    availableReplicas: ready,
    unavailableReplicas: Math.max(0, replicas - ready),
    conditions: [
      condition("Available", isAvailable, `MinimumReplicas${isAvailable ? "A" : "Una"}vailable`),
      condition("Progressing", true, isNewReady ? "NewReplicaSetAvailable" : "ReplicaSetUpdated"),
    ],
  };
  return [
    ...placed.slice(updated.length).map((pod) => create("pods", pod)),
    ...surplus.map((pod) => remove("pods", pod)),
    ...setStatus("deployments", deployment, status),
  ];
}

function planDaemonSet(set: Workload, view: WorkloadView): Action[] {
  const { all, updated, outdated, ready, podFor } = fleetOf("DaemonSet", set, view);
  const fitting = view.nodes.filter((node) => mayRunOn(set.spec.template.spec, node));
  const missing = fitting
    .map(({ metadata }) => metadata.name)
    .filter((name) => !all.some((pod) => pod.spec.nodeName === name));
  const scheduled = updated.length + outdated.length;
  const isSettled = missing.length === 0 && all.length === scheduled && updated.every(isReady);
  const status = {
    observedGeneration: set.metadata.generation,
    desiredNumberScheduled: fitting.length,
    currentNumberScheduled: scheduled,
    updatedNumberScheduled: updated.length,
    numberMisscheduled: 0,
    numberReady: ready,
    numberAvailable: ready,
    numberUnavailable: fitting.length - ready,
  };
  return [
    ...outdated.slice(0, isSettled ? 1 : 0).map((pod) => remove("pods", pod)),
    ...missing.map((node) => create("pods", podFor(node))),
    ...setStatus("daemonsets", set, status),
  ];
}

function fleetOf(kind: "Deployment" | "DaemonSet", owner: Workload, view: WorkloadView): Fleet {
  const { template } = owner.spec;
  const hash = templateHash(template);
  const hashLabel = kind === "Deployment" ? "pod-template-hash" : "controller-revision-hash";
  const prefix = `${owner.metadata.name}-${kind === "Deployment" ? `${hash}-` : ""}`;
  const all = view.pods.filter((pod) => isOwnedBy(pod, owner));
  const live = all.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const isUpdated = ({ metadata }: Pod) => metadata.labels?.[hashLabel] === hash;
  return {
    all,
    updated: live.filter(isUpdated),
    outdated: live.filter((pod) => !isUpdated(pod)),
    ready: live.filter(isReady).length,
    podFor: (nodeName) => ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        ...template.metadata,
        name: prefix + view.nameSuffix(),
        generateName: prefix,
        namespace: owner.metadata.namespace ?? "default",
        labels: { ...template.metadata?.labels, [hashLabel]: hash },
        ownerReferences: ownedBy("apps/v1", kind, owner),
      },
      spec: { ...template.spec, nodeName },
    }),
  };
}

function condition(type: string, isTrue: boolean, reason: string) {
  return { type, status: isTrue ? "True" : "False", reason, message: "" };
}
