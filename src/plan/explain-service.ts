/** Why one Service has its addresses, or none, and why each node announces it or does not. */
import { tryPools, type PoolTrial } from "../assignment/index.ts";
import type { Finding } from "../config/index.ts";
import { compareAddresses, formatAddress } from "../ip/index.ts";
import { viewService, type Service } from "../kube/index.ts";
import { bgpPlan, layer2Plans } from "./announcers.ts";
import type { ClusterView } from "./cluster-view.ts";
import { lookAhead, reasonIn, type Outlook, type PlanOptions } from "./outlook.ts";
import type { ServicePlan } from "./plan.ts";

export interface Explanation extends ServicePlan {
  /** `namespace/name` */
  readonly service: string;
  /** What its status shows now. */
  readonly shown: readonly string[];
  readonly request: ServiceRequest;
  /** In the order of trial; each as if the service held nothing and asked for that pool by name. */
  readonly pools: readonly PoolTrial[];
  /** Where it has no address: who holds those of the pools that were tried, the first of them. */
  readonly holders: readonly Holder[];
  /** Services that hold one of its addresses too. */
  readonly sharesWith: readonly string[];
  /** Every node, where the pool has BGP advertisements. */
  readonly bgpNodes: readonly {
    readonly node: string;
    readonly advertises: boolean;
    readonly reason: string;
  }[];
  readonly findings: readonly Finding[];
}

export interface Holder {
  readonly pool: string;
  readonly ip: string;
  /** `namespace/name` */
  readonly service: string;
}

/** More would hide the rest of the answer. */
const mostHolders = 20;

/** The fields of the Service that decide, as they are. */
export interface ServiceRequest {
  readonly type: string;
  readonly loadBalancerClass: string | null;
  readonly clusterIPs: readonly string[];
  readonly ipFamilyPolicy: string;
  readonly loadBalancerIP: string | null;
  readonly externalTrafficPolicy: string;
  /** Those with a prefix of MetalLB, or ours. */
  readonly annotations: Readonly<Record<string, string>>;
}

/** Undefined if the view has no such Service. Never throws. */
export function explainService(
  view: ClusterView,
  key: string,
  options: PlanOptions,
): Explanation | undefined {
  const given = view.services.get(key);
  if (given === undefined) return undefined;
  const outlook = lookAhead(view, options);
  const assigned = outlook.assigned.get(key);
  const request = requestOf(given);
  const shown = (given.status?.loadBalancer?.ingress ?? []).map(
    ({ ip, hostname }) => ip ?? hostname ?? "",
  );
  const base = { service: key, shown, request, findings: outlook.findings };
  if (assigned === undefined) {
    const reason = `the Service is of type ${request.type}; only LoadBalancer gets an address`;
    const nothing = {
      ips: [],
      pool: null,
      l2: {},
      bgp: [],
      pools: [],
      holders: [],
      sharesWith: [],
      bgpNodes: [],
    };
    return { ...base, ...nothing, reason };
  }
  const { routes, nodes } = outlook.bgpOf(key);
  const pools = trialsOf(outlook, key, options);
  return {
    ...base,
    ips: assigned.ips.map(formatAddress),
    pool: assigned.pool ?? null,
    reason: reasonIn(outlook, assigned),
    pools,
    holders: assigned.ips.length === 0 ? holdersOf(outlook, pools) : [],
    sharesWith: outlook.sharersOf(key),
    l2: layer2Plans(outlook.layer2Of(key), assigned.ips),
    bgp: routes.map(bgpPlan),
    bgpNodes: nodes.map(({ node, isAdvertising, reason }) => ({
      node,
      advertises: isAdvertising,
      reason,
    })),
  };
}

function requestOf(service: Service): ServiceRequest {
  const view = viewService(service);
  const isOurs = (name: string): boolean => /^metallb(?:\.io|\.universe\.tf|-ts)\//.test(name);
  return {
    type: view.type,
    loadBalancerClass: view.loadBalancerClass ?? null,
    clusterIPs: view.clusterIps,
    ipFamilyPolicy: view.ipFamilyPolicy,
    loadBalancerIP: view.loadBalancerIp || null,
    externalTrafficPolicy: view.externalTrafficPolicy,
    annotations: Object.fromEntries(
      Object.entries(view.annotations).filter(([name]) => isOurs(name)),
    ),
  };
}

/** By pool, then in the order of the addresses. */
function holdersOf({ assigned }: Outlook, pools: readonly PoolTrial[]): readonly Holder[] {
  const tried = new Map(pools.map(({ pool }, index) => [pool, index]));
  return [...assigned]
    .flatMap(([service, { ips, pool = "" }]) =>
      tried.has(pool) ? ips.map((address) => ({ service, pool, address })) : [],
    )
    .sort(
      (a, b) =>
        (tried.get(a.pool) ?? 0) - (tried.get(b.pool) ?? 0) ||
        compareAddresses(a.address, b.address),
    )
    .slice(0, mostHolders)
    .map(({ service, pool, address }) => ({ pool, ip: formatAddress(address), service }));
}

function trialsOf(
  { configuration, assigned }: Outlook,
  key: string,
  { loadBalancerClass = "" }: PlanOptions,
): readonly PoolTrial[] {
  const { controller } = configuration;
  const asking = assigned.get(key)?.service;
  if (controller.kind !== "accepted" || asking === undefined) return [];
  const others = [...assigned.values()].map(({ service }) => service);
  const { config } = controller;
  const rest = others.filter((service) => service !== asking);
  return tryPools(asking, rest, { config, loadBalancerClass });
}
