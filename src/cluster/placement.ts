/**
 * Which node a pod may run on, and which it gets. Pure.
 *
 * Left out: resources, affinity, preemption, spread constraints, a scheduler of its own (controllers
 * write `spec.nodeName` themselves; pods made by hand must name their node).
 */
import { isReady, matchesLabels, type Node } from "../kube/index.ts";
import type { Pod, PodSpec, Toleration } from "./objects.ts";

/** By node selector, taints (NoSchedule, NoExecute) and cordon. */
export function mayRunOn(spec: PodSpec, node: Node): boolean {
  const taints = (node.spec?.taints ?? []).filter((taint) => taint.effect !== "PreferNoSchedule");
  return (
    matchesLabels({ matchLabels: spec.nodeSelector ?? {} }, node.metadata.labels ?? {}) &&
    taints.every((taint) => (spec.tolerations ?? []).some((t) => tolerates(t, taint)))
  );
}

/** Of the ready, fitting nodes the one with the fewest of these pods, then the first by name. */
export function chooseNode(
  spec: PodSpec,
  nodes: readonly Node[],
  placed: readonly Pod[],
): string | undefined {
  const count = (name: string) => placed.filter((pod) => pod.spec.nodeName === name).length;
  return nodes
    .filter((node) => isReady(node) && node.spec?.unschedulable !== true && mayRunOn(spec, node))
    .map((node) => node.metadata.name)
    .sort((a, b) => count(a) - count(b) || (a < b ? -1 : 1))[0];
}

function tolerates(
  toleration: Toleration,
  taint: { key: string; value?: string; effect: string },
): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (!toleration.key) return toleration.operator === "Exists";
  if (toleration.key !== taint.key) return false;
  return toleration.operator === "Exists" || (toleration.value ?? "") === (taint.value ?? "");
}
