/** Everything that a configuration by custom resources is compiled from. */
import type {
  BFDProfile,
  BGPAdvertisement,
  BGPPeer,
  Community,
  IPAddressPool,
  L2Advertisement,
  Labels,
  Secret,
} from "../kube/index.ts";

/** The kinds of the API group `metallb.io` that hold configuration. */
export type ConfigKind =
  | "IPAddressPool"
  | "L2Advertisement"
  | "BGPAdvertisement"
  | "BGPPeer"
  | "BFDProfile"
  | "Community";

/** All objects are of MetalLB's own namespace (CRD-2); the order of lists does not matter (CFG-1). */
export interface ResourceSet {
  readonly pools: readonly IPAddressPool[];
  readonly l2Advertisements: readonly L2Advertisement[];
  readonly bgpAdvertisements: readonly BGPAdvertisement[];
  /** As v1beta2. */
  readonly peers: readonly BGPPeer[];
  readonly bfdProfiles: readonly BFDProfile[];
  readonly communities: readonly Community[];
  /** Labels of all namespaces of the cluster, by name. */
  readonly namespaces: ReadonlyMap<string, Labels>;
  /** Labels of all nodes of the cluster, by name. */
  readonly nodes: ReadonlyMap<string, Labels>;
  /** Secrets by name. */
  readonly secrets: ReadonlyMap<string, Secret>;
  /** The text under key `extras` of the ConfigMap `bgpextras`. */
  readonly bgpExtras?: string;
}

export const emptyResourceSet: ResourceSet = {
  pools: [],
  l2Advertisements: [],
  bgpAdvertisements: [],
  peers: [],
  bfdProfiles: [],
  communities: [],
  namespaces: new Map(),
  nodes: new Map(),
  secrets: new Map(),
};

/**
 * Without all that may be wrong only for now, because another object comes later: what a webhook
 * checks (WH-4). The given resources stay as they are.
 */
export function withoutTransient(resources: ResourceSet): ResourceSet {
  return {
    ...resources,
    peers: resources.peers.map(withoutReferences),
    bgpAdvertisements: resources.bgpAdvertisements.map(withoutAliases),
  };
}

function withoutReferences(peer: BGPPeer): BGPPeer {
  const { bfdProfile: _profile, passwordSecret: _secret, ...spec } = peer?.spec ?? {};
  return { ...peer, spec };
}

/** A word without a colon may be an alias that is defined later. */
function withoutAliases(advertisement: BGPAdvertisement): BGPAdvertisement {
  const { communities } = advertisement?.spec ?? {};
  if (!Array.isArray(communities)) return advertisement;
  const literals = communities.filter((text) => typeof text !== "string" || text.includes(":"));
  return { ...advertisement, spec: { ...advertisement.spec, communities: literals } };
}
