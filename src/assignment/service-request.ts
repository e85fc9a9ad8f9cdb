/** What a Service asks of the allocator, as v0.9.5 reads it (LC-23..LC-26). */
import type { Claim } from "../allocator/index.ts";
import { parseAddress, type Family } from "../ip/index.ts";
import { viewService, type Service } from "../kube/index.ts";
import { claimOf } from "./service-claim.ts";

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
    claim: claimOf(view, view.annotations[sharingAnnotation] ?? ""),
    family: clusterIp.family,
    addressText: view.loadBalancerIp,
    pool: view.annotations[poolAnnotation] ?? "",
  };
}
