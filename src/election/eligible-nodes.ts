/** Which nodes stand in the election for a service, in v0.9.5 and in later releases. */
import type { Node } from "../kube/index.ts";
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

export interface EligibilityInput {
  readonly endpoints: readonly ServiceEndpoint[];
  readonly externalTrafficPolicy: string | undefined;
  /** Names of the nodes whose speakers are alive; undefined when nothing is known about speakers. */
  readonly speakers: ReadonlySet<string> | undefined;
  /** Nodes known from the API, by name. */
  readonly nodes: ReadonlyMap<string, Node>;
  /** `--ignore-exclude-lb`. */
  readonly ignoresExcludeLabel: boolean;
}

/**
 * Later releases (L2-20..L2-27): living speakers, on nodes that are neither excluded by label nor without network;
 * with `externalTrafficPolicy: Local` only those that have an endpoint that can serve.
 */
export function eligibleNodes(input: EligibilityInput): ReadonlySet<string> {
  const serving = input.endpoints.filter(({ canServe }) => canServe);
  if (serving.length === 0) return new Set();
  const servingNodes = new Set(serving.map(({ nodeName }) => nodeName));
  const isLocal = input.externalTrafficPolicy === "Local";
  const candidates = input.speakers ?? new Set(input.nodes.keys());
  return new Set(
    [...candidates].filter((name) => {
      if (isLocal && !servingNodes.has(name)) return false;
      const node = input.nodes.get(name);
      // A name unknown to the API has neither the label nor the condition (L2-29).
      return node === undefined || isFitToAnnounce(node, input.ignoresExcludeLabel);
    }),
  );
}

function isFitToAnnounce(node: Node, ignoresExcludeLabel: boolean): boolean {
  const isExcluded =
    !ignoresExcludeLabel && Object.hasOwn(node.metadata.labels ?? {}, EXCLUDE_LABEL);
  return !isExcluded && conditionStatus(node, "NetworkUnavailable") !== "True";
}

/** Does the API say that the node's kubelet is silent? Until gossip tells more, its speaker counts as dead then. */
export function isNotReady(node: Node): boolean {
  const ready = conditionStatus(node, "Ready");
  return ready === "False" || ready === "Unknown";
}

function conditionStatus(node: Node, type: string): string | undefined {
  return node.status?.conditions?.find((condition) => condition.type === type)?.status;
}
