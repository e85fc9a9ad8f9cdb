/** A Service that shows given addresses in its status, and their pool in an annotation. */
import { formatAddress, type IpAddress } from "../ip/index.ts";
import type { LoadBalancerIngress, Service } from "../kube/index.ts";

/** Written beside the status when custom resources are in force; users only read it (IPAM-72). */
const allocatedPoolAnnotation = "metallb.io/ip-allocated-from-pool";

/** The Service itself if its status shows just these addresses, whatever else the server adds there. */
export function showAddresses(service: Service, addresses: readonly IpAddress[]): Service {
  const shown = service.status?.loadBalancer?.ingress ?? [];
  const ips = addresses.map(formatAddress);
  if (shown.length === ips.length && ips.every((ip, index) => isJust(shown[index], ip))) {
    return service;
  }
  const loadBalancer = ips.length === 0 ? {} : { ingress: ips.map((ip) => ({ ip })) };
  return { ...service, status: { ...service.status, loadBalancer } };
}

/** The Service itself if its annotation names just this pool; undefined: no pool. */
export function showPool(service: Service, pool: string | undefined): Service {
  const { metadata } = service;
  if (metadata.annotations?.[allocatedPoolAnnotation] === pool) return service;
  const { [allocatedPoolAnnotation]: _former, ...rest } = metadata.annotations ?? {};
  const annotations = pool === undefined ? rest : { ...rest, [allocatedPoolAnnotation]: pool };
  return { ...service, metadata: { ...metadata, annotations } };
}

export function ingressCount(service: Service | undefined): number {
  return service?.status?.loadBalancer?.ingress?.length ?? 0;
}

/** Whether both show the same: to store one in place of the other would be a write for nothing. */
export function showsSame(a: Service, b: Service): boolean {
  const shown = ({ metadata, status }: Service): string => {
    const ingress = status?.loadBalancer?.ingress ?? [];
    const entries = ingress.map(({ ip, hostname }) => [ip, hostname]);
    return JSON.stringify([metadata.annotations?.[allocatedPoolAnnotation], entries]);
  };
  return shown(a) === shown(b);
}

function isJust(entry: LoadBalancerIngress | undefined, ip: string): boolean {
  return entry?.ip === ip && !entry.hostname;
}
