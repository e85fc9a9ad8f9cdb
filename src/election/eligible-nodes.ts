/** Which nodes stand in the election for a service, in v0.9.5 and in later releases. */
import type { Node } from "../kube/index.ts";
import type { ServiceEndpoint } from "./service-endpoints.ts";

const EXCLUDE_LABEL = "node.kubernetes.io/exclude-from-external-load-balancers";

/** Names of the nodes whose speakers are alive; undefined when nothing is known about speakers. */
export type AliveSpeakers = ReadonlySet<string> | undefined;

/**
 * v0.9.5 (L2-20..L2-22, L2-28, L2-51): nodes that have a ready endpoint and a living speaker. The traffic policy,
 * labels and conditions are not looked at.
 */
export function legacyEligibleNodes(
  endpoints: Iterable<ServiceEndpoint>,
  speakers: AliveSpeakers,
): ReadonlySet<string> {
  const nodes = new Set<string>();
  for (const { nodeName, isReady } of endpoints) {
    if (isReady && nodeName !== undefined && speakers?.has(nodeName) !== false) nodes.add(nodeName);
  }
  return nodes;
}

export interface EligibilityInput {
  readonly endpoints: readonly ServiceEndpoint[];
  readonly externalTrafficPolicy: string | undefined;
  readonly speakers: AliveSpeakers;
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

/**
 * Speakers that count as alive until gossip tells more: nodes whose condition `Ready` is neither False nor Unknown.
 * A node without an object is not in the list.
 */
export function nodesNotKnownDead(nodes: Iterable<Node>): ReadonlySet<string> {
  const alive = new Set<string>();
  for (const node of nodes) {
    const ready = conditionStatus(node, "Ready");
    if (ready !== "False" && ready !== "Unknown") alive.add(node.metadata.name);
  }
  return alive;
}

function conditionStatus(node: Node, type: string): string | undefined {
  return node.status?.conditions?.find((condition) => condition.type === type)?.status;
}
