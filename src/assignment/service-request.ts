/** What a Service asks of the allocator, as v0.9.5 reads it (LC-23..LC-26). */
import type { Claim } from "../allocator/index.ts";
import { parseAddress, type Family } from "../ip/index.ts";
import { viewService, type Service, type ServiceView } from "../kube/index.ts";

export const poolAnnotation = "metallb.universe.tf/address-pool";
const sharingAnnotation = "metallb.universe.tf/allow-shared-ip";

export interface ServiceRequest {
  readonly claim: Claim;
  /** That of `spec.clusterIP`. */
  readonly family: Family;
  /** Text of `spec.loadBalancerIP`; empty if none is asked for. */
  readonly addressText: string;
  /** Empty if no pool is asked for. */
  readonly pool: string;
}

/** Why a Service gets no address at all, in the words of the log. */
export type NoRequest = "notLoadBalancer" | "noClusterIPs";

export function readRequest(service: Service): ServiceRequest | NoRequest {
  const view = viewService(service);
  if (view.type !== "LoadBalancer") return "notLoadBalancer";
  const clusterIp = parseAddress(service.spec.clusterIP ?? "");
  if (clusterIp === undefined) return "noClusterIPs";
  return {
    claim: {
      service: view.key,
      namespace: view.namespace,
      labels: view.labels,
      ports: view.ports.map(({ protocol = "TCP", port }) => `${protocol}/${port}`),
      sharingKey: view.annotations[sharingAnnotation] ?? "",
      backendKey: backendKey(view),
    },
    family: clusterIp.family,
    addressText: view.loadBalancerIp,
    pool: view.annotations[poolAnnotation] ?? "",
  };
}

/** IPAM-6: only services that send to the same local pods may share an address. */
function backendKey({ externalTrafficPolicy, selector }: ServiceView): string {
  if (externalTrafficPolicy !== "Local") return "";
  const pairs = Object.entries(selector).map(([key, value]) => `${key}=${value}`);
  return pairs.sort().join();
}
