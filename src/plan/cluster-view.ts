/** A cluster as its objects describe it: everything that decides about addresses and who announces them. */
import {
  emptyResourceSet,
  type ConfigKind,
  type Finding,
  type ResourceSet,
} from "../config/index.ts";
import { endpointsOfSlices, serviceOfSlice, type ServiceEndpoint } from "../election/index.ts";
import {
  objectKey,
  type ConfigMap,
  type Endpoints,
  type EndpointSlice,
  type KubeObject,
  type Labels,
  type Node,
  type Secret,
  type Service,
} from "../kube/index.ts";
import { asStored, withoutValues } from "../lint/index.ts";
import { findMalformed } from "./object-shape.ts";

export interface ClusterView {
  /** All Services by key, in the order given; of two with one key the last counts. */
  readonly services: ReadonlyMap<string, Service>;
  readonly nodes: ReadonlyMap<string, Node>;
  /** By service key; both maps are empty if the input has no such objects at all. */
  readonly slices: ReadonlyMap<string, readonly EndpointSlice[]>;
  readonly endpoints: ReadonlyMap<string, Endpoints>;
  /** By service key, the node that announces it now by layer 2; only those that their speakers reported (ST-10). */
  readonly announcers: ReadonlyMap<string, string>;
  readonly resources: ResourceSet;
  /** The legacy ConfigMap, and that with text for FRR. */
  readonly configMap: ConfigMap | undefined;
  readonly bgpExtras: ConfigMap | undefined;
  /** False if the input has no Secret at all: then nothing is said about them. */
  readonly hasSecrets: boolean;
}

export interface ViewOptions {
  /** MetalLB's own namespace: configuration of other ones is not read (CRD-2). */
  readonly namespace: string;
  /** Name of the legacy ConfigMap; `config` if absent. */
  readonly configName?: string;
}

const resourceLists = {
  IPAddressPool: "pools",
  L2Advertisement: "l2Advertisements",
  BGPAdvertisement: "bgpAdvertisements",
  BGPPeer: "peers",
  BFDProfile: "bfdProfiles",
  Community: "communities",
} as const satisfies Record<ConfigKind, keyof ResourceSet>;

/**
 * Sorts objects of any kind into a view; kinds that decide nothing are passed over. What has not
 * the shape of its kind is left out, with a finding. Never throws.
 */
export function viewCluster(
  objects: Iterable<KubeObject>,
  options: ViewOptions,
): { readonly view: ClusterView; readonly findings: readonly Finding[] } {
  const findings: Finding[] = [];
  /** Kind -> key -> object. */
  const kinds = new Map<string, Map<string, KubeObject>>();
  for (const object of objects) {
    const kind = kindOf(object);
    if (kind === undefined) continue;
    const malformed = findMalformed(object);
    if (malformed !== undefined) {
      findings.push(malformed);
      continue;
    }
    const byKey = kinds.get(kind) ?? new Map<string, KubeObject>();
    kinds.set(kind, byKey.set(keyOf(object, options.namespace), object));
  }
  const all = <T extends KubeObject>(kind: string): ReadonlyMap<string, T> =>
    (kinds.get(kind) ?? new Map()) as ReadonlyMap<string, T>;
  const configName = options.configName ?? "config";
  const services = withDefaults(all<Service>("Service"));
  const configMaps = all<ConfigMap>("ConfigMap");
  const secrets = all<Secret>("Secret");
  const view: ClusterView = {
    services,
    nodes: all<Node>("Node"),
    slices: slicesByService(all<EndpointSlice>("EndpointSlice").values()),
    endpoints: all<Endpoints>("Endpoints"),
    announcers: announcersOf(all<KubeObject>("ServiceL2Status").values()),
    resources: {
      ...emptyResourceSet,
      ...configuration(kinds, options.namespace),
      namespaces: namespacesOf(all<KubeObject>("Namespace"), services.values()),
      nodes: new Map([...all<Node>("Node")].map(([name, node]) => [name, labelsOf(node)])),
      secrets: new Map(
        [...inNamespace(secrets, options.namespace)].map(([name, one]) => [
          name,
          withoutValues(one),
        ]),
      ),
    },
    configMap: configMaps.get(`${options.namespace}/${configName}`),
    bgpExtras: configMaps.get(`${options.namespace}/bgpextras`),
    hasSecrets: secrets.size > 0,
  };
  return { view, findings };
}

/** The endpoints of a service, from slices where it has any; none at all if it has neither. */
export function endpointsOf(
  view: ClusterView,
  key: string,
  fromObject: (endpoints: Endpoints) => readonly ServiceEndpoint[],
): readonly ServiceEndpoint[] {
  const slices = view.slices.get(key);
  if (slices !== undefined) return endpointsOfSlices(slices);
  const endpoints = view.endpoints.get(key);
  return endpoints === undefined ? [] : fromObject(endpoints);
}

const clusterWide = new Set(["Node", "Namespace"]);

const groupOfKind: Readonly<Record<string, string>> = {
  Service: "",
  Node: "",
  Namespace: "",
  Endpoints: "",
  EndpointSlice: "discovery.k8s.io",
  ConfigMap: "",
  Secret: "",
  ServiceL2Status: "metallb.io",
  ...Object.fromEntries(Object.keys(resourceLists).map((kind) => [kind, "metallb.io"])),
};

/** The kind, if it is one that we look at: another group may have a kind of the same name. */
function kindOf({ apiVersion = "", kind = "" }: KubeObject): string | undefined {
  const slash = apiVersion.indexOf("/");
  const group = slash < 0 ? "" : apiVersion.slice(0, slash);
  return Object.hasOwn(groupOfKind, kind) && groupOfKind[kind] === group ? kind : undefined;
}

/** As kubectl does: an object that names no namespace is in the default one; ours are in MetalLB's. */
function keyOf({ kind = "", metadata }: KubeObject, ownNamespace: string): string {
  if (clusterWide.has(kind)) return metadata.name;
  const isOurs = Object.hasOwn(resourceLists, kind) || kind === "ConfigMap" || kind === "Secret";
  return objectKey({ namespace: isOurs ? ownNamespace : "default", ...metadata });
}

/** Complete enough for the rules. */
function withDefaults(services: ReadonlyMap<string, Service>): ReadonlyMap<string, Service> {
  return new Map(
    [...services].map(([key, service]) => {
      const metadata = { namespace: "default", ...withoutNulls(service.metadata) };
      return [key, { ...service, metadata, spec: withoutNulls(service.spec ?? {}) }];
    }),
  );
}

/** A null is an absent field. */
function withoutNulls<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null)) as T;
}

function configuration(
  kinds: ReadonlyMap<string, ReadonlyMap<string, KubeObject>>,
  namespace: string,
): Partial<ResourceSet> {
  return Object.fromEntries(
    Object.entries(resourceLists).map(([kind, list]) => {
      const objects = inNamespace(kinds.get(kind) ?? new Map<string, KubeObject>(), namespace);
      return [list, [...objects].map(([, object]) => stored(object, namespace))];
    }),
  );
}

function stored(object: KubeObject, namespace: string): KubeObject {
  return asStored(
    object as unknown as Parameters<typeof asStored>[0],
    namespace,
  ) as unknown as KubeObject;
}

/** Name and object of those in the namespace. */
function* inNamespace<T extends KubeObject>(
  objects: ReadonlyMap<string, T>,
  namespace: string,
): Iterable<readonly [string, T]> {
  for (const [key, object] of objects) {
    if (key === `${namespace}/${object.metadata.name}`) yield [object.metadata.name, object];
  }
}

/** A namespace that is not in the input has the one label that every namespace has. */
function namespacesOf(
  namespaces: ReadonlyMap<string, KubeObject>,
  services: Iterable<Service>,
): ReadonlyMap<string, Labels> {
  const labels = new Map([...namespaces].map(([name, one]) => [name, labelsOf(one)]));
  for (const { metadata } of services) {
    const name = metadata.namespace ?? "";
    if (!labels.has(name)) labels.set(name, { "kubernetes.io/metadata.name": name });
  }
  return labels;
}

/** One that tells of a node by its labels, as selectors find it. */
function announcersOf(statuses: Iterable<KubeObject>): ReadonlyMap<string, string> {
  const announcers = new Map<string, string>();
  for (const status of statuses) {
    const {
      "metallb.io/node": node,
      "metallb.io/service-name": name,
      "metallb.io/service-namespace": namespace,
    } = labelsOf(status);
    if (node !== undefined && name !== undefined)
      announcers.set(`${namespace ?? ""}/${name}`, node);
  }
  return announcers;
}

function labelsOf({ metadata }: KubeObject): Labels {
  return metadata.labels ?? {};
}

function slicesByService(slices: Iterable<EndpointSlice>): Map<string, EndpointSlice[]> {
  const byService = new Map<string, EndpointSlice[]>();
  for (const slice of slices) {
    const key = serviceOfSlice({ ...slice, metadata: { namespace: "default", ...slice.metadata } });
    if (key === undefined) continue;
    const known = byService.get(key);
    if (known === undefined) byService.set(key, [slice]);
    else known.push(slice);
  }
  return byService;
}
