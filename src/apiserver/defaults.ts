/** What the real server fills in when a client leaves it out, beyond the constants that the schemas carry. */
import { type Json, applyDefaults, withoutEmptyFields } from "../schema/index.ts";
import type { ApiObject } from "./api-object.ts";
import { typeSchema } from "./builtin-schema.ts";
import type { Resource } from "./resource.ts";
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
  return applyDefaults(tidy, schema) as unknown as ApiObject;
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
  Deployment: (object) =>
    templated(withRolling(object, "strategy", { maxUnavailable: "25%", maxSurge: "25%" })),
  DaemonSet: (object) =>
    templated(withRolling(object, "updateStrategy", { maxUnavailable: 1, maxSurge: 0 }), [
      "currentNumberScheduled",
      "numberMisscheduled",
      "desiredNumberScheduled",
      "numberReady",
    ]),
  ReplicaSet: (object) => templated(object, ["replicas"]),
  Node(object) {
    const { daemonEndpoints, nodeInfo, ...status } = object.status ?? {};
    const info = Object.fromEntries(
      typeSchema("NodeSystemInfo")!.required!.map((key) => [key, ""]),
    );
    return {
      ...object,
      spec: object.spec ?? {},
      status: {
        ...status,
        daemonEndpoints: { kubeletEndpoint: { Port: 0 }, ...daemonEndpoints },
        nodeInfo: { ...info, ...nodeInfo },
      },
    };
  },
  CustomResourceDefinition(object) {
    const { names = {}, ...spec } = object.spec ?? {};
    const singular = names.singular || String(names.kind ?? "").toLowerCase();
    const listKind = names.listKind || `${names.kind}List`;
    return { ...object, spec: { ...spec, names: { ...names, singular, listKind } } };
  },
  RoleBinding: bindingDefaults,
  ClusterRoleBinding: bindingDefaults,
};

interface Subject {
  kind: string;
  apiGroup?: string;
}

function bindingDefaults(object: ApiObject): ApiObject {
  const inGroup = (one?: { apiGroup?: string }) => ({
    ...one,
    apiGroup: one?.apiGroup || "rbac.authorization.k8s.io",
  });
  const subjects = (object.subjects as Subject[] | undefined)?.map((subject) =>
    subject.kind === "ServiceAccount" ? subject : inGroup(subject),
  );
  return { ...object, ...(subjects ? { subjects } : {}), roleRef: inGroup(object.roleRef) };
}

function withRolling(object: ApiObject, field: string, defaults: object): ApiObject {
  const strategy = object.spec?.[field];
  if (strategy?.type !== "RollingUpdate") return object;
  const rollingUpdate = { ...defaults, ...strategy.rollingUpdate };
  return { ...object, spec: { ...object.spec, [field]: { ...strategy, rollingUpdate } } };
}

/** `counts` are the fields of the status that are there from the start. */
function templated(object: ApiObject, counts: string[] = []): ApiObject {
  const { template = {} } = object.spec ?? {};
  const spec = { ...object.spec, template: { ...template, spec: podSpec(template.spec ?? {}) } };
  const zeros = Object.fromEntries(counts.map((field) => [field, 0]));
  return { ...object, spec, status: { ...zeros, ...object.status } };
}

interface Container {
  image?: string;
  imagePullPolicy?: string;
  ports?: { containerPort: number; hostPort?: number }[];
}

/** Defaults of a pod that depend on other fields of it. */
function podSpec(given: ApiObject["spec"]): ApiObject["spec"] {
  const spec = { ...given };
  const filled = (container: Container): Container => ({
    ...container,
    imagePullPolicy: container.imagePullPolicy || pullPolicy(container.image ?? ""),
    ...(spec.hostNetwork && container.ports ? { ports: container.ports.map(onHost) } : {}),
  });
  for (const list of ["containers", "initContainers"])
    if (spec[list]) spec[list] = spec[list].map(filled);
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

/** A pod stays for five minutes on a node that is not ready, unless it says otherwise. */
function withNodeTolerations(given: Toleration[]): Toleration[] {
  const speaksOf = (key: string) => (one: Toleration) =>
    (!one.key || one.key === key) && (!one.effect || one.effect === "NoExecute");
  const missing = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"].filter(
    (key) => !given.some(speaksOf(key)),
  );
  const rest = { operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 };
  return [...given, ...missing.map((key) => ({ key, ...rest }))];
}

function qosClass(spec: ApiObject["spec"]): string {
  const all = (spec.containers ?? []) as { resources?: { limits?: object; requests?: object } }[];
  const bare = all.every(({ resources }) => !resources?.limits && !resources?.requests);
  return bare ? "BestEffort" : "Burstable";
}
