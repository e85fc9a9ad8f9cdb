/** Why a node does not advertise a service over BGP: the first test that fails (BGP-28, OLD-3). */
import { matchesAnySelector, type BgpAdvertisement, type Pool } from "../config/index.ts";
import type { Node, ServiceView } from "../kube/index.ts";
import { findLocalPrefConflict } from "./bgp-local-pref.ts";
import { unfitness } from "./eligible-nodes.ts";
import type { ServiceEndpoint } from "./service-endpoints.ts";

export type BgpRefusalReason =
  | "notOwner"
  | "noMatchingAdvertisement"
  | "conflictingAdvertisements"
  | "nodeNetworkUnavailable"
  | "nodeLabeledExcludeBalancers"
  | "noLocalEndpoints"
  | "noEndpoints";

export interface BgpRefusal {
  /** The word in the speaker's log. */
  readonly reason: BgpRefusalReason;
  /** The sentence for people. */
  readonly text: string;
}

/** What the tests look at beside the node. */
export interface BgpCandidacy {
  readonly service: ServiceView;
  readonly pool: Pool;
  readonly endpoints: readonly ServiceEndpoint[];
  /** `--ignore-exclude-lb`. */
  readonly ignoresExcludeLabel: boolean;
}

/** The advertisements of the pool that select the node and the service, or why the node stays silent. */
export function bgpAdvertisementsFor(
  candidacy: BgpCandidacy,
  name: string,
  node: Node | undefined,
): readonly BgpAdvertisement[] | BgpRefusal {
  const { service, pool, ignoresExcludeLabel } = candidacy;
  const here = pool.bgpAdvertisements.filter(({ nodes }) => nodes?.has(name) ?? true);
  if (here.length === 0) {
    return refuse("notOwner", `no BGP advertisement of pool "${pool.name}" selects this node`);
  }
  const matching = here.filter((one) => selectsService(one, service));
  if (matching.length === 0) {
    const text = "no BGP advertisement that selects this node selects the service's labels";
    return refuse("noMatchingAdvertisement", text);
  }
  const conflict = findLocalPrefConflict(matching, pool);
  if (conflict !== undefined) {
    const names = conflict.map((one) => `"${one.name}" (localPref ${one.localPref})`).join(" and ");
    return refuse("conflictingAdvertisements", `advertisements ${names} contradict each other`);
  }
  const network = node && unfitness(node, true);
  if (network !== undefined) return refuse("nodeNetworkUnavailable", network);
  const label = node && unfitness(node, ignoresExcludeLabel);
  if (label !== undefined) return refuse("nodeLabeledExcludeBalancers", label);
  const isServing = ({ canServe }: ServiceEndpoint): boolean => canServe;
  return refuseEndpoints(candidacy, name, isServing) ?? matching;
}

/** OLD-3: v0.9.5 looks at the endpoints only. */
export function legacyBgpAdvertisementsFor(
  candidacy: BgpCandidacy,
  name: string,
): readonly BgpAdvertisement[] | BgpRefusal {
  const isReady = (endpoint: ServiceEndpoint): boolean => endpoint.isReady;
  return refuseEndpoints(candidacy, name, isReady) ?? candidacy.pool.bgpAdvertisements;
}

export function isBgpRefusal(
  answer: readonly BgpAdvertisement[] | BgpRefusal,
): answer is BgpRefusal {
  return "reason" in answer;
}

function selectsService({ serviceSelectors }: BgpAdvertisement, { labels }: ServiceView): boolean {
  return serviceSelectors.length === 0 || matchesAnySelector(serviceSelectors, labels);
}

/** BGP-29: with the traffic policy `Local` an endpoint here, otherwise one anywhere. */
function refuseEndpoints(
  { service, endpoints }: BgpCandidacy,
  name: string,
  counts: (endpoint: ServiceEndpoint) => boolean,
): BgpRefusal | undefined {
  const isLocal = service.externalTrafficPolicy === "Local";
  if (isLocal && !endpoints.some((one) => one.nodeName === name && counts(one))) {
    const text = "externalTrafficPolicy is Local, and no endpoint on this node can serve";
    return refuse("noLocalEndpoints", text);
  }
  if (!endpoints.some(counts)) return refuse("noEndpoints", "the service has no endpoint to serve");
  return undefined;
}

function refuse(reason: BgpRefusalReason, text: string): BgpRefusal {
  return { reason, text };
}
