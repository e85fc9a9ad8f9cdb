/** Which node advertises which prefix to which BGP peer, and why another node does not (BGP-28..BGP-37). */
import type { BgpAdvertisement, Generation, Peer } from "../config/index.ts";
import { matchesAnySelector } from "../config/index.ts";
import { parseAddress, type Family, type IpAddress } from "../ip/index.ts";
import type { Node } from "../kube/index.ts";
import { bgpPaths, type BgpPath } from "./bgp-paths.ts";
import {
  bgpAdvertisementsFor,
  isBgpRefusal,
  legacyBgpAdvertisementsFor,
  type BgpCandidacy,
} from "./bgp-refusal.ts";

/** The peers that each node has a session with, by node name (BGP-9). */
export type BgpSessions = ReadonlyMap<string, readonly Peer[]>;

export interface BgpRoutesInput extends BgpCandidacy {
  /** The service's addresses, all in `pool`. */
  readonly ips: readonly IpAddress[];
  readonly nodes: ReadonlyMap<string, Node>;
  readonly sessions: BgpSessions;
  readonly generation: Generation;
  /** `native`, `frr` or `frr-k8s`; undefined counts as FRR. */
  readonly bgpType: string | undefined;
}

export interface BgpRoute extends BgpPath {
  readonly node: string;
  /** Name of the BGPPeer. */
  readonly peer: string;
  /**
   * The node's end of the session: the peer's `sourceAddress`, else the node's InternalIP of the session's family.
   * On a node with several networks the kernel may choose another one; undefined where only a running session knows.
   */
  readonly nextHop: IpAddress | undefined;
}

export interface BgpNode {
  readonly node: string;
  readonly isAdvertising: boolean;
  readonly reason: string;
}

export function bgpSessions(peers: readonly Peer[], nodes: ReadonlyMap<string, Node>): BgpSessions {
  const sessions = [...nodes].map(([name, { metadata }]) => {
    const labels = metadata.labels ?? {};
    return [name, peers.filter((peer) => matchesAnySelector(peer.nodeSelectors, labels))] as const;
  });
  return new Map(sessions);
}

/** All routes for one service, and a sentence for each node; nodes and peers in the order given. */
export function bgpRoutes(input: BgpRoutesInput): {
  readonly routes: readonly BgpRoute[];
  readonly nodes: readonly BgpNode[];
} {
  const routes: BgpRoute[] = [];
  const pathsOf = pathsOnce(input);
  const nodes = [...input.nodes].map(([name, node]): BgpNode => {
    const found = routesOfNode(input, { name, node, pathsOf });
    if (typeof found === "string") return { node: name, isAdvertising: false, reason: found };
    routes.push(...found);
    const peers = [...new Set(found.map(({ peer }) => peer))].join(", ");
    return { node: name, isAdvertising: true, reason: `advertises to ${peers}` };
  });
  return { routes, nodes };
}

type PathsOf = (advertisements: readonly BgpAdvertisement[]) => readonly BgpPath[];

/** Most nodes and peers get the same advertisements: what they make of the addresses is computed once. */
function pathsOnce({ ips, generation }: BgpRoutesInput): PathsOf {
  const known: { readonly of: readonly BgpAdvertisement[]; readonly paths: readonly BgpPath[] }[] =
    [];
  return (advertisements) => {
    const isSame = (of: readonly BgpAdvertisement[]): boolean =>
      of.length === advertisements.length &&
      of.every((one, index) => one === advertisements[index]);
    const found = known.find(({ of }) => isSame(of));
    if (found !== undefined) return found.paths;
    // OLD-3: v0.9.5 speaks IPv4 only.
    const spoken = ips.filter(({ family }) => family === 4 || generation === "modern");
    const paths = bgpPaths(spoken, advertisements, generation);
    known.push({ of: advertisements, paths });
    return paths;
  };
}

/** The routes of one node, never none, or the sentence that says why. */
function routesOfNode(
  input: BgpRoutesInput,
  { name, node, pathsOf }: { name: string; node: Node; pathsOf: PathsOf },
): BgpRoute[] | string {
  const { generation, sessions, ips } = input;
  const isLegacy = generation === "legacy";
  if (isLegacy && ips.every(({ family }) => family === 6)) {
    return "notSupported: BGP of v0.9.5 advertises IPv4 only";
  }
  const advertisements = isLegacy
    ? legacyBgpAdvertisementsFor(input, name)
    : bgpAdvertisementsFor(input, name, node);
  if (isBgpRefusal(advertisements)) return `${advertisements.reason}: ${advertisements.text}`;

  const routes: BgpRoute[] = [];
  for (const peer of sessions.get(name) ?? []) {
    const forPeer = advertisements.filter(({ peers }) => peers?.has(peer.name) ?? true);
    for (const path of pathsOf(forPeer)) {
      const family = nextHopFamily(peer, path.prefix.family, input.bgpType);
      if (family === undefined) continue;
      const nextHop = nextHopOf(peer, node, family);
      routes.push({ node: name, peer: peer.name, ...path, nextHop });
    }
  }
  if (routes.length > 0) return routes;
  return "noPeer: no BGP peer that the advertisements name has a session with this node for these addresses";
}

/**
 * The family of the next hop, or undefined where the session does not carry the prefix. FRR-8, FRR-10: a session of
 * one family carries only that, unless it is unnumbered or dual stack. BGP-48: a native one carries what it is given,
 * with its own address as next hop.
 */
function nextHopFamily(
  { address, dualStackAddressFamily }: Peer,
  family: Family,
  bgpType: string | undefined,
): Family | undefined {
  if (address === undefined || dualStackAddressFamily === true) return family;
  if (bgpType === "native") return address.family;
  return address.family === family ? family : undefined;
}

function nextHopOf(peer: Peer, node: Node, family: Family): IpAddress | undefined {
  // An unnumbered session runs over link-local addresses, which the API does not know.
  if (peer.address === undefined) return undefined;
  if (peer.sourceAddress?.family === family) return peer.sourceAddress;
  return (node.status?.addresses ?? [])
    .filter(({ type }) => type === "InternalIP")
    .map(({ address }) => parseAddress(address))
    .find((address) => address?.family === family);
}
