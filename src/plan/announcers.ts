/** Who announces the addresses of a service, by layer 2 and by BGP, and why the other nodes do not. */
import type { Config, Pool } from "../config/index.ts";
import {
  bgpRoutes,
  bgpSessions,
  isNotReady,
  layer2Candidates,
  uniteAttributes,
  type BgpNode,
  type BgpRoute,
  type BgpSessions,
  type Layer2Candidate,
  type ServiceEndpoint,
} from "../election/index.ts";
import { comparePrefixes, formatAddress, formatPrefix, type IpAddress } from "../ip/index.ts";
import type { AnsweringAbility } from "../layer2/index.ts";
import { viewService, type Node, type Service } from "../kube/index.ts";
import type { BgpPlan, Layer2Plan } from "./plan.ts";

/** What does not change from service to service. */
export interface Stage {
  readonly config: Config;
  readonly nodes: ReadonlyMap<string, Node>;
  readonly sessions: BgpSessions;
  /** `--ignore-exclude-lb` */
  readonly ignoresExcludeLabel: boolean;
  readonly bgpType: string;
  /** Absent: Node objects say who is there. */
  readonly ring?: RingState | undefined;
}

/** The ring of speakers as one of them sees it. */
export interface RingState {
  readonly alive: ReadonlySet<string>;
  /** Those of them whose speaker is MetalLB's own. */
  readonly stock: ReadonlySet<string>;
  /** What the interfaces of our speakers' nodes can answer, by name. */
  readonly abilities: ReadonlyMap<string, AnsweringAbility>;
}

export function stageOf(
  config: Config,
  nodes: ReadonlyMap<string, Node>,
  options: Pick<Stage, "ignoresExcludeLabel" | "bgpType" | "ring">,
): Stage {
  return { ...options, config, nodes, sessions: bgpSessions(config.peers, nodes) };
}

export interface Announced {
  readonly service: Service;
  /** Never empty, all in `pool`. */
  readonly ips: readonly IpAddress[];
  readonly pool: Pool;
  readonly endpoints: readonly ServiceEndpoint[];
}

/** Every node's place for the service's addresses; empty where the pool is for BGP alone. */
export function candidatesFor(
  stage: Stage,
  announced: Announced,
  owners: { readonly announcer?: string | undefined; readonly spreadTo?: string | undefined } = {},
): readonly Layer2Candidate[] {
  const { pool, endpoints, ips } = announced;
  const first = ips[0];
  if (first === undefined) return [];
  const isForBgp = pool.l2Advertisements.length === 0 && pool.bgpAdvertisements.length > 0;
  if (isForBgp) return [];
  const { nodes, ignoresExcludeLabel, config, ring } = stage;
  return layer2Candidates({
    service: viewService(announced.service),
    ip: first,
    pool,
    endpoints,
    nodes,
    ...(ring !== undefined && { ...ring, speakers: ring.alive }),
    isAlive: (name) => {
      if (ring !== undefined) return ring.alive.has(name);
      const node = nodes.get(name);
      return node === undefined || !isNotReady(node);
    },
    ignoresExcludeLabel,
    generation: config.generation,
    ...owners,
  });
}

/** The same candidates for each address: later releases elect by the first one for all of them (L2-41). */
export function layer2Plans(
  candidates: readonly Layer2Candidate[],
  ips: readonly IpAddress[],
): Record<string, Layer2Plan> {
  if (candidates.length === 0) return {};
  const winner = candidates.find(({ rank }) => rank === 1);
  const plan: Layer2Plan = {
    node: winner?.node ?? null,
    interfaces: winner?.interfaces ?? [],
    candidates: candidates.map(({ node, eligible, reason, rank = null, links }) => ({
      node,
      eligible,
      reason,
      rank,
      ...(links !== undefined && { links }),
    })),
  };
  return Object.fromEntries(ips.map((ip) => [formatAddress(ip), plan]));
}

export interface BgpAnswer {
  readonly routes: readonly BgpRoute[];
  readonly nodes: readonly BgpNode[];
}

/**
 * Nothing where the pool has no BGP advertisement. `sharers` hold one of the addresses too: a peer hears one route for
 * it, with what the advertisements of both say (BGP-36, BGP-37).
 */
export function bgpFor(
  stage: Stage,
  announced: Announced,
  sharers: readonly Announced[],
): BgpAnswer {
  const own = routesFor(stage, announced);
  if (sharers.length === 0) return own;
  const others = sharers.flatMap((one) => routesFor(stage, one).routes);
  const routes = own.routes.map((route) =>
    others
      .filter((other) => isSameRoute(route, other))
      .reduce((united, other) => ({ ...united, ...uniteAttributes(united, other) }), route),
  );
  return { ...own, routes };
}

function routesFor({ config, ...stage }: Stage, announced: Announced): BgpAnswer {
  const { service, ips, pool, endpoints } = announced;
  if (pool.bgpAdvertisements.length === 0) return { routes: [], nodes: [] };
  const { generation } = config;
  return bgpRoutes({ ...stage, service: viewService(service), ips, pool, endpoints, generation });
}

function isSameRoute(a: BgpRoute, b: BgpRoute): boolean {
  return a.node === b.node && a.peer === b.peer && comparePrefixes(a.prefix, b.prefix) === 0;
}

export function bgpPlan(route: BgpRoute): BgpPlan {
  const { node, peer, prefix, communities, largeCommunities, localPref, nextHop } = route;
  return {
    node,
    peer,
    prefix: formatPrefix(prefix),
    communities: communities.map((value) => `${value >>> 16}:${value & 0xffff}`),
    largeCommunities,
    localPref,
    nextHop: nextHop === undefined ? null : formatAddress(nextHop),
  };
}
