/**
 * Notices nodes whose kubelet stopped renewing its lease: Ready becomes Unknown and its pods NotReady.
 *
 * A lease that changes is a heart beat; the clocks of the nodes are never compared. Left out: taints
 * and eviction of the pods, zones. Real clusters wait 40 s; the lab's grace is an option.
 */
import type { Node, NodeCondition } from "../kube/index.ts";
import { setStatus, type Action } from "./actions.ts";
import type { Lease, Pod } from "./objects.ts";

export class NodeMonitor {
  readonly #graceMs: number;
  readonly #lastBeat = new Map<string, { version: string; atMs: number }>();

  constructor(graceMs: number) {
    this.#graceMs = graceMs;
  }

  plan(view: { nodes: Node[]; pods: Pod[]; leases: Lease[] }, nowMs: number): Action[] {
    for (const { metadata } of view.leases) {
      const version = metadata.resourceVersion ?? "";
      if (this.#lastBeat.get(metadata.name)?.version !== version) {
        this.#lastBeat.set(metadata.name, { version, atMs: nowMs });
      }
    }
    return view.nodes
      .filter(({ metadata }) => this.#isSilent(metadata.name, nowMs))
      .flatMap((node) => [
        ...markUnknown(node),
        ...view.pods
          .filter((pod) => pod.spec.nodeName === node.metadata.name)
          .flatMap((pod) => setReady("pods", pod, { status: "False" })),
      ]);
  }

  #isSilent(nodeName: string, nowMs: number): boolean {
    const beat = this.#lastBeat.get(nodeName);
    return beat !== undefined && nowMs - beat.atMs > this.#graceMs;
  }
}

function markUnknown(node: Node): Action[] {
  return setReady("nodes", node, {
    status: "Unknown",
    reason: "NodeStatusUnknown",
    message: "Kubelet stopped posting node status.",
  });
}

/** Changes the condition Ready, unless it has that status already. */
function setReady(
  plural: string,
  object: Node | Pod,
  change: Pick<NodeCondition, "status" | "reason" | "message">,
): Action[] {
  const lastTransitionTime = new Date().toISOString();
  const conditions = (object.status?.conditions ?? []).map((condition) =>
    condition.type !== "Ready" || condition.status === change.status
      ? condition
      : { ...condition, ...change, lastTransitionTime },
  );
  return setStatus(plural, object, { conditions });
}
