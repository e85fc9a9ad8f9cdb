/** A cluster after a change: what the input brings replaces what was there, and what is in use stays in use. */
import type { ResourceSet } from "../config/index.ts";
import type { Service } from "../kube/index.ts";
import type { ClusterView } from "./cluster-view.ts";
import type { Plan } from "./plan.ts";

/**
 * `given` over `before`: a kind that `given` has replaces that kind, one that it lacks stays; the configuration counts
 * as one kind. Services that hold an address in the plan of `before` go on holding it, as in a running cluster.
 * `isPartial`: Services, Nodes and endpoints that `given` does not name stay too, as `kubectl apply` leaves them.
 */
export function changeView(
  before: ClusterView,
  plan: Plan,
  given: ClusterView,
  { isPartial }: { readonly isPartial: boolean },
): ClusterView {
  const merge = <T>(old: ReadonlyMap<string, T>, now: ReadonlyMap<string, T>) =>
    now.size > 0 && !isPartial ? now : new Map([...old, ...now]);
  const services = merge(before.services, given.services);
  const hasEndpoints = given.slices.size > 0 || given.endpoints.size > 0;
  const endpointsFrom = hasEndpoints && !isPartial ? given : before;
  return {
    services: new Map(
      [...services].map(([key, service]) => {
        const ips = plan.services[key]?.ips ?? [];
        return [key, goOn(service, before.services.get(key), ips)];
      }),
    ),
    nodes: merge(before.nodes, given.nodes),
    slices: merge(endpointsFrom.slices, given.slices),
    endpoints: merge(endpointsFrom.endpoints, given.endpoints),
    announcers: new Map([...before.announcers, ...given.announcers]),
    ...configurationOf(before, given),
  };
}

/** What a change of a Service leaves alone: its cluster IPs and its status. */
function goOn(service: Service, old: Service | undefined, ips: readonly string[]): Service {
  const { clusterIP, clusterIPs } = old?.spec ?? {};
  const spec = {
    ...(clusterIP !== undefined && { clusterIP }),
    ...(clusterIPs !== undefined && { clusterIPs }),
    ...service.spec,
  };
  if (service.status?.loadBalancer?.ingress?.length || ips.length === 0)
    return { ...service, spec };
  const status = { ...service.status, loadBalancer: { ingress: ips.map((ip) => ({ ip })) } };
  return { ...service, spec, status };
}

type ConfigurationPart = Pick<ClusterView, "resources" | "configMap" | "bgpExtras" | "hasSecrets">;

/** The configuration of `given` as a whole, if it has any; namespaces, nodes and secrets come from both. */
function configurationOf(before: ClusterView, given: ClusterView): ConfigurationPart {
  const [old, now] = [before.resources, given.resources];
  const source = hasConfiguration(given) ? given : before;
  const resources: ResourceSet = {
    ...source.resources,
    namespaces: new Map([...old.namespaces, ...now.namespaces]),
    nodes: given.nodes.size > 0 ? new Map([...old.nodes, ...now.nodes]) : old.nodes,
    secrets: new Map([...old.secrets, ...now.secrets]),
  };
  return {
    resources,
    configMap: source.configMap,
    bgpExtras: source.bgpExtras,
    hasSecrets: before.hasSecrets || given.hasSecrets,
  };
}

function hasConfiguration({ resources, configMap }: ClusterView): boolean {
  const { pools, l2Advertisements, bgpAdvertisements, peers, bfdProfiles, communities } = resources;
  const lists = [pools, l2Advertisements, bgpAdvertisements, peers, bfdProfiles, communities];
  return configMap !== undefined || lists.some(({ length }) => length > 0);
}
