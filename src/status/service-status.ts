/** Which ServiceL2Status and ServiceBGPStatus objects there should be for one service, by one node's view (ST-20, ST-21). */
import type {
  Condition,
  KubeObject,
  OwnerReference,
  ServiceBGPStatus,
  ServiceL2Status,
} from "../kube/index.ts";

const NODE_LABEL = "metallb.io/node";
const NAME_LABEL = "metallb.io/service-name";
const NAMESPACE_LABEL = "metallb.io/service-namespace";

export type ServiceStatus = ServiceL2Status | ServiceBGPStatus;

type Status = NonNullable<ServiceStatus["status"]>;

/** What the two kinds differ in. */
export interface ServiceStatusKind {
  readonly kind: "ServiceL2Status" | "ServiceBGPStatus";
  readonly plural: string;
  readonly generateName: string;
  /** An address has one layer 2 announcer, so the objects of other nodes are wrong; BGP has any number. */
  readonly isExclusive: boolean;
}

export const serviceL2Statuses: ServiceStatusKind = {
  kind: "ServiceL2Status",
  plural: "servicel2statuses",
  generateName: "l2-",
  isExclusive: true,
};

export const serviceBgpStatuses: ServiceStatusKind = {
  kind: "ServiceBGPStatus",
  plural: "servicebgpstatuses",
  generateName: "bgp-",
  isExclusive: false,
};

/** What this node does for a service: its interfaces (undefined: all) or the peers it advertises to. */
export type ServiceAnnouncement =
  | { readonly interfaces: Iterable<string> | undefined }
  | { readonly peers: Iterable<string> };

/** Who writes: objects go with its pod. */
export interface StatusWriter {
  readonly node: string;
  readonly namespace: string;
  readonly pod: KubeObject;
}

/** `namespace/name` of the service that an object is about, by its labels; without all three it is nobody's. */
export function serviceOfStatus({ metadata }: KubeObject): string | undefined {
  const {
    [NODE_LABEL]: node,
    [NAME_LABEL]: name,
    [NAMESPACE_LABEL]: namespace,
  } = labelsOf(metadata);
  const isComplete = node !== undefined && name !== undefined && namespace !== undefined;
  return isComplete ? `${namespace}/${name}` : undefined;
}

/** Selects the objects of one node. */
export function statusesOfNode(node: string): string {
  return `${NODE_LABEL}=${node}`;
}

/** Selects the objects of any node about these services (`namespace/name`), and about a name of one in another's namespace. */
export function statusesAbout(services: readonly string[]): string {
  const parts = services.map((service) => service.split("/"));
  const [namespaces, names] = [0, 1].map((at) => listOf(parts.map((part) => part[at] ?? "")));
  return `${NODE_LABEL},${NAME_LABEL} in (${names}),${NAMESPACE_LABEL} in (${namespaces})`;
}

/** Selects the objects of all other nodes about services with these names, in any namespace; no names: about all. */
export function statusesOfOthers(node: string, serviceNames: readonly string[]): string {
  const others = `${NODE_LABEL},${NODE_LABEL}!=${node}`;
  const names = listOf(serviceNames);
  return names === "" ? others : `${others},${NAME_LABEL} in (${names})`;
}

function listOf(names: readonly string[]): string {
  return [...new Set(names)].sort().join(",");
}

/** The next thing to do about one service; undefined: all is as it should be. */
export type StatusAction =
  | { readonly kind: "delete"; readonly name: string }
  /** Without a status: that is a second write. */
  | { readonly kind: "create"; readonly object: ServiceStatus }
  /** To be merged: the object belongs to a pod that was here before. */
  | { readonly kind: "adopt"; readonly name: string; readonly patch: object }
  /** To be merged into the status. */
  | { readonly kind: "writeStatus"; readonly name: string; readonly patch: object };

/** What is known about one service. */
export interface ServiceStatusView {
  readonly kind: ServiceStatusKind;
  readonly writer: StatusWriter;
  /** `namespace/name` */
  readonly service: string;
  /** Undefined: our node does not announce it. */
  readonly wanted: ServiceAnnouncement | undefined;
  /** The objects about it with our node's label. */
  readonly existing: Iterable<ServiceStatus>;
  /** Written with a new object's first status, so that they need no write of their own; later they are others' to tell. */
  readonly firstConditions?: () => readonly Condition[];
}

/** The first object by name stays, the others of our node are deleted; nothing differs: undefined. */
export function nextStatusAction(view: ServiceStatusView): StatusAction | undefined {
  const { kind, writer, service, wanted, existing } = view;
  const status = wanted && statusOf(writer, service, wanted);
  const [kept, ...extras] = [...existing].sort((a, b) =>
    a.metadata.name < b.metadata.name ? -1 : 1,
  );
  const isWrong = kept !== undefined && (status === undefined || contradicts(kept, status));
  const needless = isWrong ? kept : extras[0];
  if (needless !== undefined) return { kind: "delete", name: needless.metadata.name };
  if (status === undefined) return undefined;
  if (kept === undefined) return { kind: "create", object: newObject(kind, writer, service) };
  return adoption(kept, writer) ?? correction(kept, status, view.firstConditions);
}

/** Without us among its owners the object would go with a pod that is no more. */
function adoption({ metadata }: ServiceStatus, { pod }: StatusWriter): StatusAction | undefined {
  const owner = ownerOf(pod);
  const { name, ownerReferences = [] } = metadata;
  if (ownerReferences.some(({ uid }) => uid === owner.uid)) return undefined;
  return { kind: "adopt", name, patch: { metadata: { ownerReferences: [owner] } } };
}

function correction(
  kept: ServiceStatus,
  status: Status,
  firstConditions: ServiceStatusView["firstConditions"],
): StatusAction | undefined {
  const before = kept.status ?? {};
  if (isEqual(status, before)) return undefined;
  // A list that is there no more must be taken away, which merging does for null.
  const isListGone = "interfaces" in before && !("interfaces" in status);
  const told = kept.status === undefined ? (firstConditions?.() ?? []) : [];
  const patch = {
    status: {
      ...status,
      ...(isListGone && { interfaces: null }),
      ...(told.length > 0 && { conditions: told }),
    },
  };
  return { kind: "writeStatus", name: kept.metadata.name, patch };
}

/** Whether the object says once and for all that it is about something else (CRD-20, CRD-21). */
function contradicts({ status: before = {} }: ServiceStatus, wanted: Status): boolean {
  return (["node", "serviceName", "serviceNamespace"] as const).some((field) => {
    return before[field] !== undefined && before[field] !== wanted[field];
  });
}

function newObject(
  { kind, generateName }: ServiceStatusKind,
  { node, namespace, pod }: StatusWriter,
  service: string,
): ServiceStatus {
  const [serviceNamespace = "", serviceName = ""] = service.split("/");
  return {
    apiVersion: "metallb.io/v1beta1",
    kind,
    metadata: {
      generateName,
      namespace,
      labels: {
        [NODE_LABEL]: node,
        [NAME_LABEL]: serviceName,
        [NAMESPACE_LABEL]: serviceNamespace,
      },
      ownerReferences: [ownerOf(pod)],
    } as unknown as ServiceStatus["metadata"], // the server makes the name
  };
}

function ownerOf({ metadata: { name, uid = "" } }: KubeObject): OwnerReference {
  return { apiVersion: "v1", kind: "Pod", name, uid };
}

function statusOf({ node }: StatusWriter, service: string, wanted: ServiceAnnouncement): Status {
  const [serviceNamespace = "", serviceName = ""] = service.split("/");
  const about = { node, serviceName, serviceNamespace };
  if ("peers" in wanted) return { ...about, peers: [...wanted.peers].sort() };
  if (wanted.interfaces === undefined) return about;
  return { ...about, interfaces: [...wanted.interfaces].sort().map((name) => ({ name })) };
}

/** Conditions are others' to write: the speaker's that asks on the wire. */
function isEqual(a: object, b: object): boolean {
  const text = (status: object): string =>
    JSON.stringify(
      Object.entries(status)
        .filter(([name]) => name !== "conditions")
        .sort(([one], [other]) => (one < other ? -1 : 1)),
    );
  return text(a) === text(b);
}

function labelsOf({ labels = {} }: KubeObject["metadata"]): Readonly<Record<string, string>> {
  return labels;
}
