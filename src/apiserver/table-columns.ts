/** The columns that `kubectl get` shows for each built-in kind, and the cells of one object. */
import type { ApiObject, Json } from "./api-object.ts";
import { fromEventsV1 } from "./event-versions.ts";
import { fullAge } from "./table-age.ts";

export interface TableColumns {
  /** Names as the real server gives them; "+" marks those of `-o wide`, "#" integers. */
  names: readonly string[];
  cells(object: ApiObject, now: number): Json[];
}

const NONE = "<none>";

function listed(words: readonly (string | undefined)[], shown = words.length): string {
  const some = words.filter(Boolean).slice(0, shown).join(",");
  const more = words.length > shown ? ` + ${words.length - shown} more...` : "";
  return some ? some + more : NONE;
}

function selectorText(labels: Record<string, string> | undefined): string {
  return listed(Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`));
}

interface Named {
  name?: string;
  image?: string;
}

function containersOf(object: ApiObject): [string, string] {
  const containers: Named[] = object.spec?.template?.spec?.containers ?? [];
  return [listed(containers.map(({ name }) => name)), listed(containers.map(({ image }) => image))];
}

function age(object: ApiObject, now: number): string {
  return fullAge(object.metadata.creationTimestamp, now);
}

function labelSelector(selector: ApiObject["spec"]): string {
  const expressions = (selector?.matchExpressions ?? []) as {
    key: string;
    operator: string;
    values?: string[];
  }[];
  const texts = expressions.map(({ key, operator, values = [] }) =>
    operator === "Exists"
      ? key
      : operator === "DoesNotExist"
        ? `!${key}`
        : `${key} ${operator.toLowerCase()} (${values.join(",")})`,
  );
  return listed([
    ...Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => `${key}=${String(value)}`),
    ...texts,
  ]);
}

function externalIp({ spec, status }: ApiObject): string {
  const ingress = (status?.loadBalancer?.ingress ?? []) as { ip?: string; hostname?: string }[];
  const externalIps: string[] = spec.externalIPs ?? [];
  switch (spec.type) {
    case "LoadBalancer": {
      const all = [...ingress.map(({ ip, hostname }) => ip || hostname), ...externalIps].filter(
        Boolean,
      );
      return all.length > 0 ? all.join(",") : "<pending>";
    }
    case "ExternalName":
      return spec.externalName ?? NONE;
    default:
      return listed(externalIps);
  }
}

function portsOf({ spec }: ApiObject): string {
  const ports = (spec.ports ?? []) as { port: number; protocol: string; nodePort?: number }[];
  return listed(
    ports.map(
      ({ port, protocol, nodePort }) => `${port}${nodePort ? `:${nodePort}` : ""}/${protocol}`,
    ),
  );
}

function nodeState({ spec = {}, status = {} }: ApiObject): string {
  const ready = status.conditions?.find(({ type }: { type: string }) => type === "Ready");
  const words: Record<string, string> = { True: "Ready", False: "NotReady", Unknown: "NotReady" };
  const state = words[ready?.status] ?? "Unknown";
  return spec.unschedulable ? `${state},SchedulingDisabled` : state;
}

function nodeCells(object: ApiObject, now: number): Json[] {
  const { status = {}, metadata } = object;
  const { nodeInfo: info = {} } = status;
  const address = (type: string) =>
    status.addresses?.find((one: { type: string }) => one.type === type)?.address ?? NONE;
  const prefix = "node-role.kubernetes.io/";
  const roles = Object.keys(metadata.labels ?? {}).filter((key) => key.startsWith(prefix));
  return [
    metadata.name,
    nodeState(object),
    listed(roles.map((key) => key.slice(prefix.length)).sort()),
    age(object, now),
    info.kubeletVersion ?? "",
    address("InternalIP"),
    address("ExternalIP"),
    ...[info.osImage, info.kernelVersion, info.containerRuntimeVersion].map(
      (text) => text || "<unknown>",
    ),
  ];
}

function endpointsText(object: ApiObject): string {
  const subsets = (object.subsets ?? []) as {
    addresses?: { ip: string }[];
    ports?: { port: number }[];
  }[];
  const all = subsets.flatMap(({ addresses = [], ports }) =>
    ports
      ? ports.flatMap(({ port }) =>
          addresses.map(({ ip }) => (ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`)),
        )
      : addresses.map(({ ip }) => ip),
  );
  return listed(all, Math.min(3, all.length));
}

/** Events reach the tables in the form they are stored in, core/v1, or in that of events.k8s.io. */
function eventCells(object: ApiObject, now: number): Json[] {
  const event = object.regarding ? fromEventsV1(object) : object;
  const { type = "", reason = "", message = "", involvedObject: about = {} } = event;
  const ago = (time: string | undefined) => {
    const since = time ?? event.eventTime;
    return since ? fullAge(since, now) : "<unknown>";
  };
  return [
    ago(event.lastTimestamp),
    type,
    reason,
    `${String(about.kind).toLowerCase()}/${about.name}`,
    about.fieldPath ?? "",
    eventSource(event),
    message.trim(),
    ago(event.firstTimestamp),
    event.count ?? event.series?.count ?? 1,
    event.metadata.name,
  ];
}

function eventSource({ source = {}, reportingComponent }: ApiObject): string {
  return [source.component || reportingComponent, source.host].filter(Boolean).join(", ");
}

function bindingCells(object: ApiObject, now: number): Json[] {
  const subjects = (object.subjects ?? []) as { kind: string; name: string; namespace?: string }[];
  const of = (kind: string) => subjects.filter((subject) => subject.kind === kind);
  return [
    object.metadata.name,
    `${object.roleRef?.kind}/${object.roleRef?.name}`,
    age(object, now),
    of("User")
      .map(({ name }) => name)
      .join(", "),
    of("Group")
      .map(({ name }) => name)
      .join(", "),
    of("ServiceAccount")
      .map(({ namespace, name }) => `${namespace}/${name}`)
      .join(", "),
  ];
}

const size = (map: unknown): number => Object.keys(map ?? {}).length;

const EVENTS: TableColumns = {
  names: [
    "Last Seen",
    "Type",
    "Reason",
    "Object",
    "+Subobject",
    "+Source",
    "Message",
    "+First Seen",
    "+Count",
    "+Name",
  ],
  cells: eventCells,
};
const BINDINGS: TableColumns = {
  names: ["Name", "Role", "Age", "+Users", "+Groups", "+ServiceAccounts"],
  cells: bindingCells,
};
const CREATED: TableColumns = {
  names: ["Name", "Created At"],
  cells: ({ metadata }) => [metadata.name, metadata.creationTimestamp],
};
const WEBHOOKS: TableColumns = {
  names: ["Name", "#Webhooks", "Age"],
  cells: (object, now) => [object.metadata.name, object.webhooks?.length ?? 0, age(object, now)],
};

/** For kinds without columns of their own. */
export const NAME_AND_AGE: TableColumns = {
  names: ["Name", "Age"],
  cells: (object, now) => [object.metadata.name, age(object, now)],
};

export const TABLE_COLUMNS: Record<string, TableColumns> = {
  Namespace: {
    names: ["Name", "Status", "Age"],
    cells: (object, now) => [object.metadata.name, object.status?.phase ?? "", age(object, now)],
  },
  Node: {
    names: [
      "Name",
      "Status",
      "Roles",
      "Age",
      "Version",
      "+Internal-IP",
      "+External-IP",
      "+OS-Image",
      "+Kernel-Version",
      "+Container-Runtime",
    ],
    cells: nodeCells,
  },
  Service: {
    names: ["Name", "Type", "Cluster-IP", "External-IP", "Port(s)", "Age", "+Selector"],
    cells: (object, now) => [
      object.metadata.name,
      object.spec.type,
      object.spec.clusterIP || NONE,
      externalIp(object),
      portsOf(object),
      age(object, now),
      selectorText(object.spec.selector),
    ],
  },
  Endpoints: {
    names: ["Name", "Endpoints", "Age"],
    cells: (object, now) => [object.metadata.name, endpointsText(object), age(object, now)],
  },
  ConfigMap: {
    names: ["Name", "#Data", "Age"],
    cells: (object, now) => [
      object.metadata.name,
      size(object.data) + size(object.binaryData),
      age(object, now),
    ],
  },
  Secret: {
    names: ["Name", "Type", "#Data", "Age"],
    cells: (object, now) => [
      object.metadata.name,
      object.type,
      size(object.data),
      age(object, now),
    ],
  },
  Event: EVENTS,
  Deployment: {
    names: [
      "Name",
      "Ready",
      "#Up-to-date",
      "#Available",
      "Age",
      "+Containers",
      "+Images",
      "+Selector",
    ],
    cells: (object, now) => {
      const { spec = {}, status = {} } = object;
      return [
        object.metadata.name,
        `${status.readyReplicas ?? 0}/${spec.replicas ?? 0}`,
        status.updatedReplicas ?? 0,
        status.availableReplicas ?? 0,
        age(object, now),
        ...containersOf(object),
        labelSelector(spec.selector),
      ];
    },
  },
  DaemonSet: {
    names: [
      "Name",
      "#Desired",
      "#Current",
      "#Ready",
      "#Up-to-date",
      "#Available",
      "Node Selector",
      "Age",
      "+Containers",
      "+Images",
      "+Selector",
    ],
    cells: (object, now) => {
      const { spec = {}, status = {} } = object;
      return [
        object.metadata.name,
        status.desiredNumberScheduled ?? 0,
        status.currentNumberScheduled ?? 0,
        status.numberReady ?? 0,
        status.updatedNumberScheduled ?? 0,
        status.numberAvailable ?? 0,
        selectorText(spec.template?.spec?.nodeSelector),
        age(object, now),
        ...containersOf(object),
        labelSelector(spec.selector),
      ];
    },
  },
  ReplicaSet: {
    names: ["Name", "#Desired", "#Current", "#Ready", "Age", "+Containers", "+Images", "+Selector"],
    cells: (object, now) => [
      object.metadata.name,
      object.spec?.replicas ?? 0,
      object.status?.replicas ?? 0,
      object.status?.readyReplicas ?? 0,
      age(object, now),
      ...containersOf(object),
      labelSelector(object.spec?.selector),
    ],
  },
  EndpointSlice: {
    names: ["Name", "AddressType", "Ports", "Endpoints", "Age"],
    cells: (object, now) => {
      const ports = ((object.ports ?? []) as { port?: number }[]).map(({ port }) =>
        String(port ?? "*"),
      );
      const addresses = ((object.endpoints ?? []) as { addresses: string[] }[]).flatMap(
        (one) => one.addresses,
      );
      const unset = "<unset>";
      const shown = (words: string[]) =>
        words.length > 0 ? listed(words, Math.min(3, words.length)) : unset;
      return [
        object.metadata.name,
        object.addressType,
        shown(ports),
        shown(addresses),
        age(object, now),
      ];
    },
  },
  Lease: {
    names: ["Name", "Holder", "Age"],
    cells: (object, now) => [
      object.metadata.name,
      object.spec?.holderIdentity ?? "",
      age(object, now),
    ],
  },
  ServiceAccount: NAME_AND_AGE,
  Role: CREATED,
  ClusterRole: CREATED,
  CustomResourceDefinition: CREATED,
  RoleBinding: BINDINGS,
  ClusterRoleBinding: BINDINGS,
  ValidatingWebhookConfiguration: WEBHOOKS,
  MutatingWebhookConfiguration: WEBHOOKS,
  PodDisruptionBudget: {
    names: ["Name", "Min Available", "Max Unavailable", "#Allowed Disruptions", "Age"],
    cells: (object, now) => [
      object.metadata.name,
      String(object.spec?.minAvailable ?? "N/A"),
      String(object.spec?.maxUnavailable ?? "N/A"),
      object.status?.disruptionsAllowed ?? 0,
      age(object, now),
    ],
  },
};
