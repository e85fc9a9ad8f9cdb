/** What a plan takes for granted where its input leaves something open; each is said once. */
import type { Finding } from "../config/index.ts";
import type { ServiceEndpoint } from "../election/index.ts";
import type { Service } from "../kube/index.ts";
import type { ClusterView } from "./cluster-view.ts";

/** Service keys in the order in which they ask for an address. */
export type ServiceOrder = "name" | "creation" | "file";

export function inOrder(
  services: ReadonlyMap<string, Service>,
  order: ServiceOrder,
): ReadonlyMap<string, Service> {
  if (order === "file") return services;
  const createdAt = ({ metadata }: Service): string => metadata.creationTimestamp ?? "~";
  const sorted = [...services].sort(([keyA, a], [keyB, b]) => {
    const byTime = order === "creation" ? compareText(createdAt(a), createdAt(b)) : 0;
    return byTime || compareText(keyA, keyB);
  });
  return new Map(sorted);
}

/**
 * A Service that is not in a cluster yet has no cluster IPs, whose families decide about its
 * addresses: it gets stand-ins of the families that it asks for, else of those that others have.
 */
export function withClusterIps(services: ReadonlyMap<string, Service>): {
  readonly services: ReadonlyMap<string, Service>;
  readonly findings: readonly Finding[];
} {
  const families = clusterFamilies(services.values());
  const filled: string[] = [];
  const result = [...services].map(([key, service]) => {
    if (!awaitsClusterIps(service)) return [key, service] as const;
    filled.push(key);
    const clusterIPs = wishedFamilies(service, families).map((family) => standIns[family]);
    return [
      key,
      { ...service, spec: { ...service.spec, clusterIP: clusterIPs[0] ?? "", clusterIPs } },
    ] as const;
  });
  const finding = assumption("PLAN-3", `Service ${filled[0]}`, {
    path: "spec.clusterIPs",
    message: `${count(filled.length, "Service has", "Services have")} no cluster IPs; families are taken from ipFamilies, else ${families.join(" and ")}`,
    fix: "set spec.ipFamilies and spec.ipFamilyPolicy, or plan with Services from the cluster",
  });
  return { services: new Map(result), findings: filled.length > 0 ? [finding] : [] };
}

/** Where the input tells of no endpoints at all, each service is taken to have one on every node. */
export function assumedEndpoints(
  view: ClusterView,
): { readonly endpoints: readonly ServiceEndpoint[]; readonly finding: Finding } | undefined {
  if (view.slices.size > 0 || view.endpoints.size > 0) return undefined;
  const ready = { isReady: true, canServe: true };
  const endpoints = [...view.nodes.keys()].map((nodeName) => ({ nodeName, ...ready }));
  const finding = assumption("PLAN-2", "EndpointSlice", {
    path: "",
    message:
      "the input has no EndpointSlices; every Service is taken to have an endpoint on every node",
    fix: "add the cluster's: kubectl get endpointslices -A -o yaml",
  });
  return { endpoints: endpoints.length > 0 ? endpoints : [ready], finding };
}

/** Without nodes nobody can be said to announce. */
export function missingNodes(view: ClusterView): readonly Finding[] {
  if (view.nodes.size > 0) return [];
  const finding = assumption("PLAN-1", "Node", {
    path: "",
    message:
      "the input has no Nodes, so the plan says who gets which address, but not who announces it",
    fix: "add the cluster's: kubectl get nodes -o yaml",
  });
  return [finding];
}

/** No pool is as much of a configuration as any other, though rarely what was meant. */
export function missingConfiguration(view: ClusterView, namespace: string): readonly Finding[] {
  if (view.resources.pools.length > 0 || view.configMap !== undefined) return [];
  const finding = assumption("PLAN-5", "IPAddressPool", {
    path: "",
    message: `the input has neither an IPAddressPool nor a ConfigMap "config" in namespace "${namespace}"`,
    fix: "add MetalLB's configuration, or name its namespace with --namespace",
  });
  return [finding];
}

type IpFamily = "IPv4" | "IPv6";

/** Never sent anywhere: only their families count (RFC 5737, RFC 3849). */
const standIns = { IPv4: "192.0.2.1", IPv6: "2001:db8::1" } as const;

function awaitsClusterIps({ spec }: Service): boolean {
  return spec.type === "LoadBalancer" && !spec.clusterIP && !spec.clusterIPs?.length;
}

/** The families of the first Service that has most of them. */
function clusterFamilies(services: Iterable<Service>): readonly IpFamily[] {
  let found: readonly string[] = [];
  for (const { spec } of services) {
    const ips = (spec.clusterIPs ?? [spec.clusterIP ?? ""]).filter((ip) => /[.:]/.test(ip));
    if (ips.length > found.length) found = ips;
  }
  if (found.length === 0) return ["IPv4"];
  return found.map((ip) => (ip.includes(":") ? "IPv6" : "IPv4"));
}

function wishedFamilies({ spec }: Service, cluster: readonly IpFamily[]): readonly IpFamily[] {
  const asked = (spec.ipFamilies ?? []).filter((one) => one === "IPv4" || one === "IPv6");
  const primary = asked[0] ?? cluster[0] ?? "IPv4";
  const isDual =
    asked.length > 1 ||
    spec.ipFamilyPolicy === "RequireDualStack" ||
    (spec.ipFamilyPolicy === "PreferDualStack" && cluster.length > 1);
  if (!isDual) return [primary];
  return primary === "IPv4" ? ["IPv4", "IPv6"] : ["IPv6", "IPv4"];
}

function assumption(
  code: string,
  object: string,
  rest: Pick<Finding, "path" | "message" | "fix">,
): Finding {
  return { code, severity: "warning", object, ...rest };
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
