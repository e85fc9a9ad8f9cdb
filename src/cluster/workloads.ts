/**
 * Deployments to ReplicaSets to pods, and DaemonSets to pods. Pure: from what exists to what to write.
 *
 * Left out: surge and unavailability limits (a Deployment brings up its whole new ReplicaSet, then
 * ends the old one; a DaemonSet replaces one pod at a time), revision history, pause, OnDelete,
 * progress deadline, StatefulSets, Jobs, garbage collection (the API server does it), eviction of pods from dead nodes (real clusters: 5 minutes).
 */
import type { Labels, Node } from "../kube/index.ts";
import {
  create,
  isOwnedBy,
  ownedBy,
  remove,
  setStatus,
  templateHash,
  type Action,
} from "./actions.ts";
import {
  type DaemonSet,
  type Deployment,
  isPodReady,
  type Pod,
  type PodTemplate,
  type ReplicaSet,
  type Workload,
} from "./objects.ts";
import { chooseNode, mayRunOn } from "./placement.ts";

export interface WorkloadView {
  readonly deployments: readonly Deployment[];
  readonly replicaSets: readonly ReplicaSet[];
  readonly daemonSets: readonly DaemonSet[];
  readonly pods: readonly Pod[];
  readonly nodes: readonly Node[];
  /** A few characters that make a pod's name unique. */
  readonly nameSuffix: () => string;
}

export function planWorkloads(view: WorkloadView): Action[] {
  return [
    ...view.deployments.flatMap((deployment) => planDeployment(deployment, view)),
    ...view.replicaSets.flatMap((set) => planReplicaSet(set, view)),
    ...view.daemonSets.flatMap((set) => planDaemonSet(set, view)),
  ];
}

function planDeployment(deployment: Deployment, view: WorkloadView): Action[] {
  const { replicas = 1, template } = deployment.spec;
  const hash = templateHash(template);
  const sets = view.replicaSets.filter((set) => isOwnedBy(set, deployment));
  const current = sets.find((set) => set.metadata.labels?.["pod-template-hash"] === hash);
  const podsOf = (set?: ReplicaSet) => (set ? livePods(set, view) : []);
  const updated = podsOf(current);
  const total = sets.flatMap(podsOf);
  const ready = total.filter(isPodReady).length;
  const isNewReady = updated.filter(isPodReady).length >= replicas;
  const actions: Action[] = [];
  if (current === undefined) actions.push(create("replicasets", replicaSetFor(deployment, hash)));
  for (const set of sets) {
    const wanted = set === current ? replicas : isNewReady ? 0 : set.spec.replicas;
    if (wanted !== set.spec.replicas) actions.push(scale(set, wanted ?? 0));
  }
  return [
    ...actions,
    ...setStatus("deployments", deployment, {
      observedGeneration: deployment.metadata.generation,
      replicas: total.length,
      updatedReplicas: updated.length,
      readyReplicas: ready,
      availableReplicas: ready,
      unavailableReplicas: Math.max(0, replicas - ready),
      conditions: [
        ready >= replicas
          ? condition("Available", "True", "MinimumReplicasAvailable")
          : condition("Available", "False", "MinimumReplicasUnavailable"),
        condition(
          "Progressing",
          "True",
          isNewReady ? "NewReplicaSetAvailable" : "ReplicaSetUpdated",
        ),
      ],
    }),
  ];
}

function replicaSetFor(deployment: Deployment, hash: string): ReplicaSet {
  const { metadata, spec } = deployment;
  const withHash = (labels: Labels = {}) => ({ ...labels, "pod-template-hash": hash });
  const template = structuredClone(spec.template);
  template.metadata = { ...template.metadata, labels: withHash(template.metadata?.labels) };
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      name: `${metadata.name}-${hash}`,
      ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
      labels: template.metadata.labels ?? {},
      ownerReferences: ownedBy("Deployment", deployment),
    },
    spec: {
      replicas: spec.replicas ?? 1,
      selector: { matchLabels: withHash(spec.selector.matchLabels) },
      template,
    },
  };
}

function scale(set: ReplicaSet, replicas: number): Action {
  const { ref } = create("replicasets", set);
  return { verb: "patch", ref, name: set.metadata.name, patch: { spec: { replicas } } };
}

function planReplicaSet(set: ReplicaSet, view: WorkloadView): Action[] {
  const pods = livePods(set, view);
  const { replicas = 1, template } = set.spec;
  const actions: Action[] = pods.slice(replicas).map((pod) => remove("pods", pod));
  const placed = [...pods];
  while (placed.length < replicas) {
    const node = chooseNode(template.spec, view.nodes, placed);
    if (node === undefined) break;
    const pod = podFor(set, "ReplicaSet", { template, node, suffix: view.nameSuffix() });
    placed.push(pod);
    actions.push(create("pods", pod));
  }
  const ready = pods.filter(isPodReady).length;
  return [
    ...actions,
    ...setStatus("replicasets", set, {
      observedGeneration: set.metadata.generation,
      replicas: pods.length,
      fullyLabeledReplicas: pods.length,
      readyReplicas: ready,
      availableReplicas: ready,
    }),
  ];
}

function planDaemonSet(set: DaemonSet, view: WorkloadView): Action[] {
  const hash = templateHash(set.spec.template);
  const pods = livePods(set, view);
  const fitting = view.nodes.filter((node) => mayRunOn(set.spec.template.spec, node));
  const missing = fitting.filter(
    ({ metadata }) => !podsOf(set, view).some((pod) => pod.spec.nodeName === metadata.name),
  );
  const labels = { ...set.spec.template.metadata?.labels, "controller-revision-hash": hash };
  const template = {
    ...set.spec.template,
    metadata: { ...set.spec.template.metadata, labels },
  };
  const revisionOf = (pod: Pod) => pod.metadata.labels?.["controller-revision-hash"];
  const outdated = pods.filter((pod) => revisionOf(pod) !== hash);
  const isSettled = missing.length === 0 && pods.length === podsOf(set, view).length;
  const areOthersReady = pods.every((pod) => isPodReady(pod) || outdated.includes(pod));
  const replaced = isSettled && areOthersReady ? outdated.slice(0, 1) : [];
  const ready = pods.filter(isPodReady).length;
  return [
    ...replaced.map((pod) => remove("pods", pod)),
    ...missing.map((node) =>
      create(
        "pods",
        podFor(set, "DaemonSet", { template, node: node.metadata.name, suffix: view.nameSuffix() }),
      ),
    ),
    ...setStatus("daemonsets", set, {
      observedGeneration: set.metadata.generation,
      desiredNumberScheduled: fitting.length,
      currentNumberScheduled: pods.length,
      updatedNumberScheduled: pods.length - outdated.length,
      numberMisscheduled: 0,
      numberReady: ready,
      numberAvailable: ready,
      numberUnavailable: fitting.length - ready,
    }),
  ];
}

interface Placement {
  readonly template: PodTemplate;
  readonly node: string;
  readonly suffix: string;
}

function podFor(owner: Workload, kind: string, { template, node, suffix }: Placement): Pod {
  const { name, namespace } = owner.metadata;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      ...template.metadata,
      name: `${name}-${suffix}`,
      generateName: `${name}-`,
      ...(namespace === undefined ? {} : { namespace }),
      ownerReferences: ownedBy(kind, owner),
    },
    spec: { ...template.spec, nodeName: node },
  };
}

function podsOf(owner: Workload, view: WorkloadView): Pod[] {
  return view.pods.filter((pod) => isOwnedBy(pod, owner));
}

/** Pods that are not on their way out: a deleted one is replaced at once. */
function livePods(owner: Workload, view: WorkloadView): Pod[] {
  return podsOf(owner, view).filter((pod) => pod.metadata.deletionTimestamp === undefined);
}

function condition(type: string, status: string, reason: string) {
  return { type, status, reason, message: "" };
}
