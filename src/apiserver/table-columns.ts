/** The columns that `kubectl get` shows: of built-in kinds by the table below, of custom ones by their definition. */
import { type Json, textOf } from "../schema/index.ts";
import { valueAt } from "./api-object.ts";
import { jsonPathValue } from "./json-path.ts";
import type { Column, Resource } from "./resource.ts";
import { fullAge } from "./table-age.ts";
import { CELLS, type Cell } from "./table-cells.ts";

/**
 * `Kind: Column=field?fallback | ...`, behind the name of the object. "+" marks columns of `-o wide`, "#" integers;
 * "@" names a cell of table-cells.ts.
 */
const TABLES = `
Namespace: Status=status.phase | Age=@age
Node: Status=@nodeState | Roles=@nodeRoles | Age=@age | Version=status.nodeInfo.kubeletVersion
  | +Internal-IP=@internalIp | +External-IP=@externalAddress
  | +OS-Image=status.nodeInfo.osImage?<unknown> | +Kernel-Version=status.nodeInfo.kernelVersion?<unknown>
  | +Container-Runtime=status.nodeInfo.containerRuntimeVersion?<unknown>
Service: Type=spec.type | Cluster-IP=spec.clusterIP?<none> | External-IP=@externalIp | Port(s)=@ports
  | Age=@age | +Selector=@selector
Endpoints: Endpoints=@endpoints | Age=@age
ConfigMap: #Data=@data | Age=@age
Secret: Type=type | #Data=@data | Age=@age
Pod: Ready=@containersReady | Status=@podState | Restarts=@restarts | Age=@age
  | +IP=status.podIP?<none> | +Node=spec.nodeName?<none>
  | +Nominated Node=status.nominatedNodeName?<none> | +Readiness Gates=@gates
Deployment: Ready=@ready | #Up-to-date=status.updatedReplicas | #Available=status.availableReplicas
  | Age=@age | +Containers=@containers | +Images=@images | +Selector=@labelSelector
DaemonSet: #Desired=status.desiredNumberScheduled | #Current=status.currentNumberScheduled
  | #Ready=status.numberReady | #Up-to-date=status.updatedNumberScheduled
  | #Available=status.numberAvailable | Node Selector=@nodeSelector | Age=@age
  | +Containers=@containers | +Images=@images | +Selector=@labelSelector
ReplicaSet: #Desired=spec.replicas | #Current=status.replicas | #Ready=status.readyReplicas
  | Age=@age | +Containers=@containers | +Images=@images | +Selector=@labelSelector
EndpointSlice: AddressType=addressType | Ports=@slicePorts | Endpoints=@sliceAddresses | Age=@age
Lease: Holder=spec.holderIdentity | Age=@age
PodDisruptionBudget: Min Available=spec.minAvailable?N/A | Max Unavailable=spec.maxUnavailable?N/A
  | #Allowed Disruptions=status.disruptionsAllowed | Age=@age
Event: Last Seen=@lastSeen | Type=type | Reason=reason | Object=@about
  | +Subobject=involvedObject.fieldPath | +Source=@source | Message=@message
  | +First Seen=@firstSeen | +Count=@count | +Name=metadata.name
Role: Created At=metadata.creationTimestamp
ClusterRole: Created At=metadata.creationTimestamp
CustomResourceDefinition: Created At=metadata.creationTimestamp
RoleBinding: Role=@role | Age=@age | +Users=@users | +Groups=@groups | +ServiceAccounts=@accounts
ClusterRoleBinding: Role=@role | Age=@age | +Users=@users | +Groups=@groups | +ServiceAccounts=@accounts
ValidatingWebhookConfiguration: #Webhooks=@webhooks | Age=@age
MutatingWebhookConfiguration: #Webhooks=@webhooks | Age=@age
`;

export interface TableColumn {
  name: string;
  type: string;
  format: string;
  description: string;
  priority: number;
  cell: Cell;
}

const NAME = builtinColumn("Name=metadata.name");
const AGE = builtinColumn("Age=@age");
const BUILTIN = new Map(
  TABLES.trim()
    .split(/\n(?=\w)/)
    .map(readLine),
);

function readLine(line: string): [string, TableColumn[]] {
  const [kind = "", columns = ""] = line.split(/: (.*)/s);
  const own = columns.split("|").map((text) => builtinColumn(text.trim()));
  return [kind, kind === "Event" ? own : [NAME, ...own]];
}

function builtinColumn(text: string): TableColumn {
  const [, wide, whole, name = "", at, source = "", fallback = ""] =
    /^(\+?)(#?)([^=]+)=(@?)([\w.]+)\??(.*)$/.exec(text)!;
  const field: Cell = (object) => {
    const value = valueAt(object, source) ?? "";
    return value === "" ? (whole ? 0 : fallback) : whole ? value : textOf(value);
  };
  const type = whole ? "integer" : name === "Created At" ? "date" : "string";
  const format = source === "metadata.name" ? "name" : "";
  const cell = at ? CELLS[source]! : field;
  return { name, type, format, description: name, priority: wide ? 1 : 0, cell };
}

function customColumn({ name, type, format = "", priority = 0, ...column }: Column): TableColumn {
  const cell: Cell = (object, now): Json => {
    const value = jsonPathValue(object, column.jsonPath ?? "") ?? null;
    if (value === null) return null;
    if (type === "date") return fullAge(textOf(value), now);
    return type === "string" ? textOf(value) : value;
  };
  return { name, type, format, description: column.description, priority, cell };
}

/** The columns of a kind; the name and the age where nothing else is known. */
export function columnsOf(resource: Resource): TableColumn[] {
  const builtin = resource.custom ? undefined : BUILTIN.get(resource.kind);
  return builtin ?? [NAME, ...(resource.columns?.map(customColumn) ?? [AGE])];
}
