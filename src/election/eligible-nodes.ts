/** Which nodes may stand in an election, in v0.9.5 and in later releases. */
import { conditionStatus, type Node } from "../kube/index.ts";
import type { ServiceEndpoint } from "./service-endpoints.ts";

const EXCLUDE_LABEL = "node.kubernetes.io/exclude-from-external-load-balancers";

/**
 * v0.9.5 (L2-20, L2-21, L2-28, L2-51): nodes that have a ready endpoint. The traffic policy, labels and cordons are
 * not looked at; whose speaker is dead is skipped in the order.
 */
export function legacyEligibleNodes(endpoints: Iterable<ServiceEndpoint>): ReadonlySet<string> {
  const nodes = new Set<string>();
  for (const { nodeName, isReady } of endpoints) {
    if (isReady && nodeName !== undefined) nodes.add(nodeName);
  }
  return nodes;
}

/** Why later releases keep a node out of every election (L2-24, L2-25); undefined: they do not. */
export function unfitness(node: Node, ignoresExcludeLabel: boolean): string | undefined {
  if (conditionStatus(node, "NetworkUnavailable") === "True") {
    return "the node's condition NetworkUnavailable is True";
  }
  const isExcluded =
    !ignoresExcludeLabel && Object.hasOwn(node.metadata.labels ?? {}, EXCLUDE_LABEL);
  return isExcluded ? `the node has the label ${EXCLUDE_LABEL}` : undefined;
}

/** Does the API say that the node's kubelet is silent? Until gossip tells more, its speaker counts as dead then. */
export function isNotReady(node: Node): boolean {
  const ready = conditionStatus(node, "Ready");
  return ready === "False" || ready === "Unknown";
}
