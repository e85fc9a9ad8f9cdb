/** What the real server fills in when a client leaves it out, beyond the constants that the schemas carry. */
import type { ApiObject, Json } from "./api-object.ts";
import { typeSchema } from "./builtin-schema.ts";
import type { Resource } from "./resource.ts";
import { withoutEmptyFields, withSchemaDefaults } from "./schema-fields.ts";
import { serviceDefaults, serviceUpdate } from "./service-rules.ts";

type Fill = (object: ApiObject, old?: ApiObject) => ApiObject;

/** Returns the object with defaults; the given one is not changed. `old` is the version that an update replaces. */
export function withDefaults(object: ApiObject, resource: Resource, old?: ApiObject): ApiObject {
  const filled = filledBySchema(object, resource);
  if (resource.custom) return filled;
  if (resource.kind === "Service") {
    const updated = old ? serviceUpdate(filled, old) : filled;
    return serviceDefaults(updated);
  }
  const fill = FILLS[resource.kind];
  return fill ? fill(filled, old) : filled;
}

function filledBySchema(object: ApiObject, { schema, custom }: Resource): ApiObject {
  if (!schema) return object;
  const metadata = withoutEmptyFields(object.metadata as never, typeSchema("ObjectMeta")!);
  const given = { ...object, metadata } as unknown as Json;
  const tidy = custom ? given : withoutEmptyFields(given, schema);
  return withSchemaDefaults(tidy, schema) as unknown as ApiObject;
}

const FILLS: Record<string, Fill> = {
  Namespace(object, old) {
    const labels = {
      ...object.metadata.labels,
      "kubernetes.io/metadata.name": object.metadata.name,
    };
    return {
      ...object,
      metadata: { ...object.metadata, labels },
      spec: old ? (object.spec ?? {}) : { finalizers: ["kubernetes"], ...object.spec },
      status: { phase: "Active", ...object.status },
    };
  },
  Secret(object) {
    const { stringData, ...rest } = object;
    if (!stringData) return rest;
    const data: Record<string, string> = { ...rest.data };
    for (const [key, text] of Object.entries(stringData as Record<string, string>)) {
      data[key] = Buffer.from(text).toString("base64");
    }
    return { ...rest, data };
  },
  Pod(object) {
    const spec = podSpec(object.spec ?? {});
    spec.serviceAccountName ||= "default";
    spec.serviceAccount = spec.serviceAccountName;
    spec.enableServiceLinks ??= true;
    spec.priority ??= 0;
    spec.preemptionPolicy ??= "PreemptLowerPriority";
    spec.tolerations = withNodeTolerations(spec.tolerations ?? []);
    const status = { phase: "Pending", qosClass: qosClass(spec), ...object.status };
    return { ...object, spec, status };
  },
  Deployment(object) {
    const { strategy } = object.spec ?? {};
    const rolling = strategy?.type === "RollingUpdate";
    const withRolling = rolling
      ? {
          ...strategy,
          rollingUpdate: { maxUnavailable: "25%", maxSurge: "25%", ...strategy.rollingUpdate },
        }
      : strategy;
    return templated({ ...object, spec: { ...object.spec, strategy: withRolling } }, {});
  },
  DaemonSet(object) {
    const { updateStrategy } = object.spec ?? {};
    const rolling = updateStrategy?.type === "RollingUpdate";
    const withRolling = rolling
      ? {
          ...updateStrategy,
          rollingUpdate: { maxUnavailable: 1, maxSurge: 0, ...updateStrategy.rollingUpdate },
        }
      : updateStrategy;
    const status = {
      currentNumberScheduled: 0,
      numberMisscheduled: 0,
      desiredNumberScheduled: 0,
      numberReady: 0,
    };
    return templated({ ...object, spec: { ...object.spec, updateStrategy: withRolling } }, status);
  },
  ReplicaSet: (object) => templated(object, { replicas: 0 }),
  Node(object) {
    const info = Object.fromEntries(NODE_INFO.map((field) => [field, ""]));
    const status = {
      ...object.status,
      daemonEndpoints: { kubeletEndpoint: { Port: 0 }, ...object.status?.daemonEndpoints },
      nodeInfo: { ...info, ...object.status?.nodeInfo },
    };
    return { ...object, spec: object.spec ?? {}, status };
  },
  CustomResourceDefinition(object) {
    const { names = {}, ...spec } = object.spec ?? {};
    const singular = names.singular || String(names.kind ?? "").toLowerCase();
    return {
      ...object,
      spec: {
        ...spec,
        names: { ...names, singular, listKind: names.listKind || `${names.kind}List` },
      },
    };
  },
  RoleBinding: bindingDefaults,
  ClusterRoleBinding: bindingDefaults,
};

const NODE_INFO = [
  "machineID",
  "systemUUID",
  "bootID",
  "kernelVersion",
  "osImage",
  "containerRuntimeVersion",
  "kubeletVersion",
  "kubeProxyVersion",
  "operatingSystem",
  "architecture",
];

function bindingDefaults(object: ApiObject): ApiObject {
  const group = "rbac.authorization.k8s.io";
  const subjects = (object.subjects as { kind: string; apiGroup?: string }[] | undefined)?.map(
    (subject) =>
      subject.kind === "ServiceAccount"
        ? subject
        : { ...subject, apiGroup: subject.apiGroup || group },
  );
  const roleRef = { ...object.roleRef, apiGroup: object.roleRef?.apiGroup || group };
  return { ...object, ...(subjects ? { subjects } : {}), roleRef };
}

function templated(object: ApiObject, status: Record<string, number>): ApiObject {
  const { template = {} } = object.spec;
  const spec = { ...object.spec, template: { ...template, spec: podSpec(template.spec ?? {}) } };
  return { ...object, spec, status: { ...status, ...object.status } };
}

interface Container {
  image?: string;
  imagePullPolicy?: string;
  ports?: { containerPort: number; hostPort?: number }[];
}

/** Defaults of a pod that depend on other fields of it. */
function podSpec(given: ApiObject["spec"]): ApiObject["spec"] {
  const spec = { ...given };
  for (const list of ["containers", "initContainers"]) {
    spec[list] = (spec[list] as Container[] | undefined)?.map((container) => ({
      ...container,
      imagePullPolicy: container.imagePullPolicy || pullPolicy(container.image ?? ""),
      ...(spec.hostNetwork && container.ports ? { ports: container.ports.map(onHost) } : {}),
    }));
    if (spec[list] === undefined) delete spec[list];
  }
  if (spec.serviceAccountName) spec.serviceAccount = spec.serviceAccountName;
  return spec;
}

function onHost(port: { containerPort: number; hostPort?: number }) {
  return { ...port, hostPort: port.hostPort ?? port.containerPort };
}

function pullPolicy(image: string): string {
  const tag = /:([^/:@]+)$/.exec(image)?.[1] ?? (image.includes("@") ? "pinned" : "latest");
  return tag === "latest" ? "Always" : "IfNotPresent";
}

interface Toleration {
  key?: string;
  effect?: string;
}

function withNodeTolerations(given: Toleration[]): Toleration[] {
  const added = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"].filter((key) =>
    given.every(
      (one) => (one.key && one.key !== key) || (one.effect && one.effect !== "NoExecute"),
    ),
  );
  return [
    ...given,
    ...added.map((key) => ({
      key,
      operator: "Exists",
      effect: "NoExecute",
      tolerationSeconds: 300,
    })),
  ];
}

function qosClass(spec: ApiObject["spec"]): string {
  const all = (spec.containers ?? []) as { resources?: { limits?: object; requests?: object } }[];
  const bare = all.every(({ resources }) => !resources?.limits && !resources?.requests);
  return bare ? "BestEffort" : "Burstable";
}
