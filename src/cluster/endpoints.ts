/**
 * Endpoints and EndpointSlices of services with a selector, from the pods they select. Pure.
 *
 * Left out: more than one slice a service (100 addresses are plenty here), IPv6, topology hints,
 * publishNotReadyAddresses, services without selector.
 */
import { isDeepStrictEqual } from "node:util";
import {
  matchesLabels,
  objectKey,
  type Endpoints,
  type EndpointSlice,
  type KubeObject,
  type Service,
  type ServicePort,
} from "../kube/index.ts";
import { create, refOf, remove, type Action } from "./actions.ts";
import { isPodReady, type Pod } from "./objects.ts";

export interface EndpointView {
  readonly services: readonly Service[];
  readonly pods: readonly Pod[];
  readonly endpoints: readonly Endpoints[];
  readonly slices: readonly EndpointSlice[];
}

const managedBy = "endpointslice.kubernetes.io/managed-by";
const managerName = "endpointslice-controller.k8s.io";

export function planEndpoints(view: EndpointView): Action[] {
  const selecting = view.services.filter(({ spec }) => Object.keys(spec.selector ?? {}).length > 0);
  const keys = new Set(selecting.map((service) => objectKey(service.metadata)));
  return [
    ...selecting.flatMap((service) => {
      const pods = podsOf(service, view.pods);
      return [
        ...write("endpoints", endpointsOf(service, pods), view.endpoints),
        ...write("endpointslices", sliceOf(service, pods), view.slices),
      ];
    }),
    ...view.slices
      .filter(({ metadata }) => metadata.labels?.[managedBy] === managerName)
      .filter(({ metadata }) => {
        const name = metadata.labels?.["kubernetes.io/service-name"] ?? "";
        return !keys.has(objectKey({ ...metadata, name }));
      })
      .map((slice) => remove("endpointslices", slice)),
    ...view.endpoints
      .filter(({ metadata }) => metadata.labels?.[managedBy] === managerName)
      .filter(({ metadata }) => !keys.has(objectKey(metadata)))
      .map((endpoints) => remove("endpoints", endpoints)),
  ];
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
  const addressOf = (pod: Pod) => ({ ip: pod.status?.podIP ?? "", ...placeOf(pod) });
  const staying = pods.filter((pod) => !isTerminating(pod));
  const addresses = staying.filter(isPodReady).map(addressOf);
  const notReadyAddresses = staying.filter((pod) => !isPodReady(pod)).map(addressOf);
  const subset = {
    ...(addresses.length > 0 ? { addresses } : {}),
    ...(notReadyAddresses.length > 0 ? { notReadyAddresses } : {}),
    ports: portsOf(service, pods),
  };
  return {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: { ...identity(service), labels: { [managedBy]: managerName } },
    subsets: staying.length > 0 ? [subset] : [],
  };
}

function sliceOf(service: Service, pods: readonly Pod[]): EndpointSlice {
  const { name, namespace } = identity(service);
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      name: `${name}-lab`,
      namespace,
      labels: { "kubernetes.io/service-name": name, [managedBy]: managerName },
      ownerReferences: [
        { apiVersion: "v1", kind: "Service", name, uid: service.metadata.uid ?? "" },
      ],
    },
    addressType: "IPv4",
    endpoints: pods.map((pod) => ({
      addresses: [pod.status?.podIP ?? ""],
      conditions: {
        ready: isPodReady(pod) && !isTerminating(pod),
        serving: isPodReady(pod),
        terminating: isTerminating(pod),
      },
      ...placeOf(pod),
    })),
    ports: portsOf(service, pods),
  };
}

function identity({ metadata }: KubeObject): { name: string; namespace: string } {
  return { name: metadata.name, namespace: metadata.namespace ?? "default" };
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
  const { metadata: _, apiVersion: _version, kind: _kind, ...content } = wanted;
  const current = Object.fromEntries(
    Object.keys(content).map((key) => [key, existing[key as keyof T] ?? []]),
  );
  if (isDeepStrictEqual(content, current)) return [];
  return [{ verb: "patch", ref: refOf(plural, namespace), name, patch: content }];
}
