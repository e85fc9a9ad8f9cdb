/** A Service reduced to what the rules of allocation and announcement may look at. */

import { serviceKey } from "./object-key.ts";
import type { Labels, LoadBalancerIngress, Service, ServicePort } from "./objects.ts";

export interface ServiceView {
  /** `namespace/name`. */
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  readonly annotations: Readonly<Record<string, string>>;
  readonly type: string;
  /** `clusterIPs`, or `clusterIP` alone where the server knows only that; "None" is kept, "" is left out. */
  readonly clusterIps: readonly string[];
  readonly ipFamilies: readonly string[];
  readonly ipFamilyPolicy: string;
  readonly ports: readonly ServicePort[];
  readonly selector: Labels;
  readonly externalTrafficPolicy: string;
  readonly loadBalancerIp: string;
  readonly loadBalancerClass: string | undefined;
  readonly ingress: readonly LoadBalancerIngress[];
}

/** One for all services that have none. */
const none: Labels = {};

const defaults = {
  type: "ClusterIP",
  clusterIP: "",
  ipFamilies: [],
  ipFamilyPolicy: "SingleStack",
  ports: [],
  selector: none,
  externalTrafficPolicy: "Cluster",
  loadBalancerIP: "",
} as const;

/** Fills in what the API leaves out: empty lists, and the server's own defaults. */
export function viewService(service: Service): ServiceView {
  const { metadata, status } = service;
  const spec = { ...defaults, ...service.spec };
  const clusterIps = spec.clusterIPs?.length ? spec.clusterIPs : [spec.clusterIP];
  return {
    key: serviceKey(metadata),
    namespace: metadata.namespace ?? "",
    name: metadata.name,
    labels: metadata.labels ?? none,
    annotations: metadata.annotations ?? none,
    type: spec.type,
    clusterIps: clusterIps.filter((ip) => ip !== ""),
    ipFamilies: spec.ipFamilies,
    ipFamilyPolicy: spec.ipFamilyPolicy,
    ports: spec.ports,
    selector: spec.selector,
    externalTrafficPolicy: spec.externalTrafficPolicy,
    loadBalancerIp: spec.loadBalancerIP,
    loadBalancerClass: spec.loadBalancerClass,
    ingress: status?.loadBalancer?.ingress ?? [],
  };
}
