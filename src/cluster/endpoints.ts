/**
 * Endpoints and EndpointSlices of services with a selector, from the pods they select. Pure.
 *
 * Left out: more than one slice a service and family (100 addresses are plenty here), topology hints,
 * publishNotReadyAddresses, services without selector.
 */
import {
  isReady,
  matchesLabels,
  type Endpoints,
  type EndpointSlice,
  type KubeObject,
  type ObjectMeta,
  type Service,
  type ServicePort,
} from "../kube/index.ts";
import { create, ownedBy, setFields, type Action } from "./actions.ts";
import type { Pod } from "./objects.ts";

export interface EndpointView {
  readonly services: readonly Service[];
  readonly pods: readonly Pod[];
  readonly endpoints: readonly Endpoints[];
  readonly slices: readonly EndpointSlice[];
}

export function planEndpoints(view: EndpointView): Action[] {
  const selecting = view.services.filter(({ spec }) => Object.keys(spec.selector ?? {}).length > 0);
  return selecting.flatMap((service) => {
    const pods = podsOf(service, view.pods);
    const { ipFamilies = ["IPv4"] } = service.spec;
    const slices = ipFamilies.flatMap((family) =>
      write("endpointslices", sliceOf(service, pods, family), view.slices),
    );
    return [...write("endpoints", endpointsOf(service, pods), view.endpoints), ...slices];
  });
}

function podsOf(service: Service, pods: readonly Pod[]): Pod[] {
  return pods
    .filter((pod) => pod.metadata.namespace === service.metadata.namespace)
    .filter((pod) =>
      matchesLabels({ matchLabels: service.spec.selector ?? {} }, pod.metadata.labels ?? {}),
    )
    .filter((pod) => pod.status?.podIP && !["Succeeded", "Failed"].includes(pod.status.phase ?? ""))
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
}

function isTerminating(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp !== undefined;
}

function endpointsOf(service: Service, pods: readonly Pod[]): Endpoints {
  const [family = "IPv4"] = service.spec.ipFamilies ?? [];
  const endpointOf = (pod: Pod) => ({ ip: addressOf(pod, family), ...placeOf(pod) });
  const staying = pods.filter((pod) => !isTerminating(pod));
  const addresses = staying.filter(isReady).map(endpointOf);
  const notReadyAddresses = staying.filter((pod) => !isReady(pod)).map(endpointOf);
  const subset = {
    ...(addresses.length > 0 ? { addresses } : {}),
    ...(notReadyAddresses.length > 0 ? { notReadyAddresses } : {}),
    ports: portsOf(service, pods),
  };
  return {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: metadataOf(service, service.metadata.name),
    subsets: staying.length > 0 ? [subset] : [],
  };
}

/** The pod's address of a family; its first one where it has none of that. */
function addressOf(pod: Pod, family: string): string {
  const found = pod.status?.podIPs?.find(({ ip }) => ip.includes(":") === (family === "IPv6"));
  return found?.ip ?? pod.status?.podIP ?? "";
}

function sliceOf(service: Service, pods: readonly Pod[], family: string): EndpointSlice {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: metadataOf(service, `${service.metadata.name}-${family.toLowerCase()}`),
    addressType: family,
    endpoints: pods.map((pod) => ({
      addresses: [addressOf(pod, family)],
      conditions: {
        ready: isReady(pod) && !isTerminating(pod),
        serving: isReady(pod),
        terminating: isTerminating(pod),
      },
      ...placeOf(pod),
    })),
    ports: portsOf(service, pods),
  };
}

/** Both go with their service, which owns them. */
function metadataOf(service: Service, name: string): ObjectMeta {
  return {
    name,
    namespace: service.metadata.namespace ?? "default",
    labels: {
      "kubernetes.io/service-name": service.metadata.name,
      "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
    },
    ownerReferences: ownedBy("v1", "Service", service),
  };
}

function placeOf(pod: Pod) {
  const { name, namespace = "default", uid = "" } = pod.metadata;
  return {
    nodeName: pod.spec.nodeName ?? "",
    targetRef: { kind: "Pod", name, namespace, uid },
  };
}

function portsOf(service: Service, pods: readonly Pod[]) {
  return (service.spec.ports ?? []).flatMap((port) => {
    const number = targetPort(port, pods);
    if (number === undefined) return [];
    const { name, protocol = "TCP" } = port;
    return [{ ...(name === undefined ? {} : { name }), port: number, protocol }];
  });
}

/** A name is looked up in the containers' ports; 0 or nothing means the service's own port. */
function targetPort({ port, targetPort: target }: ServicePort, pods: readonly Pod[]) {
  if (typeof target !== "string") return target || port;
  const ports = pods.flatMap((pod) => pod.spec.containers.flatMap((c) => c.ports ?? []));
  return ports.find(({ name }) => name === target)?.containerPort;
}

/** Creates the object, or patches it when its content (not its metadata) differs. */
function write<T extends KubeObject>(plural: string, wanted: T, found: readonly T[]): Action[] {
  const { name, namespace } = wanted.metadata;
  const same = (o: T) => o.metadata.name === name && o.metadata.namespace === namespace;
  const existing = found.find(same);
  if (existing === undefined) return [create(plural, wanted)];
  const { metadata: _metadata, apiVersion: _version, kind: _kind, ...content } = wanted;
  return setFields(plural, { subsets: [], ...existing }, content);
}
