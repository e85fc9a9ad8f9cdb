/** Pools and Services for tests of allocation, in as few words as a test should need. */
import type { Pool, ServiceAllocation } from "../config/index.ts";
import { parsePrefix, type Prefix } from "../ip/index.ts";
import type { LoadBalancerIngress, Service } from "../kube/index.ts";

/** `pool("lan", "192.0.2.0/24 2001:db8::/64")` */
export function pool(name: string, prefixes: string, rest: Partial<Pool> = {}): Pool {
  return {
    name,
    prefixes: prefixes.split(" ").map((text) => parsePrefix(text) as Prefix),
    autoAssign: true,
    avoidBuggyIps: false,
    l2Advertisements: [],
    bgpAdvertisements: [],
    ...rest,
  };
}

export function poolsByName(...pools: readonly Pool[]): ReadonlyMap<string, Pool> {
  return new Map(pools.map((one) => [one.name, one]));
}

/** Whom a pool serves: by default everybody who asks for it. */
export function allocation(rest: Partial<ServiceAllocation>): Pick<Pool, "serviceAllocation"> {
  const nobody = { priority: 0, namespaces: new Set<string>(), serviceSelectors: [] };
  return { serviceAllocation: { ...nobody, ...rest } };
}

export interface ServiceFields {
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
  readonly spec?: Partial<Service["spec"]>;
  readonly ingress?: readonly LoadBalancerIngress[];
}

/** A Service of type LoadBalancer with an IPv4 cluster IP and port 80, unless the fields say otherwise. */
export function loadBalancer(key: string, fields: ServiceFields = {}): Service {
  const [namespace = "", name = ""] = key.split("/");
  const { labels, annotations, spec, ingress } = fields;
  return {
    metadata: { namespace, name, ...(labels && { labels }), ...(annotations && { annotations }) },
    spec: { type: "LoadBalancer", clusterIP: "10.96.0.1", ports: [{ port: 80 }], ...spec },
    ...(ingress && { status: { loadBalancer: { ingress: [...ingress] } } }),
  };
}

/** The spec of a service of both families with a policy, IPv4 first. */
export function dual(ipFamilyPolicy: string): Partial<Service["spec"]> {
  const clusterIPs = ["10.96.0.1", "fd00::1"];
  return { ipFamilyPolicy, clusterIP: "10.96.0.1", clusterIPs, ipFamilies: ["IPv4", "IPv6"] };
}
