/** What exists in a cluster from the start. */
import type { Json } from "../schema/index.ts";
import { storageOf } from "./resource.ts";
import type { ServerState } from "./server-state.ts";
import { create, ownContext } from "./write.ts";

const NAMESPACES = ["default", "kube-system", "kube-public", "kube-node-lease"];

/** `kubernetesIp` is the first address of the service range. */
export async function bootstrap(state: ServerState, kubernetesIp: string): Promise<void> {
  for (const name of NAMESPACES) {
    await ensure(state, "v1", "Namespace", { metadata: { name } });
    await ensure(state, "v1", "ServiceAccount", { metadata: { name: "default", namespace: name } });
  }
  for (const role of ROLES) await ensureRole(state, role);
  const labels = { component: "apiserver", provider: "kubernetes" };
  await ensure(state, "v1", "Service", {
    metadata: { name: "kubernetes", namespace: "default", labels } as never,
    spec: { clusterIP: kubernetesIp, ports: [{ name: "https", port: 443, targetPort: 6443 }] },
  });
}

interface BootstrapRole {
  name: string;
  groups: string[];
  rules: Json[];
}

const OPEN_PATHS = ["/healthz", "/livez", "/readyz", "/version", "/version/"];
const DISCOVERY_PATHS = ["/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*"];

function mayCreate(group: string, ...resources: string[]): Json {
  return { verbs: ["create"], apiGroups: [group], resources };
}

function mayGet(nonResourceURLs: string[]): Json {
  return { verbs: ["get"], nonResourceURLs };
}

/** The cluster roles that every user relies on, each bound to its groups. */
const ROLES: readonly BootstrapRole[] = [
  {
    name: "cluster-admin",
    groups: ["system:masters"],
    rules: [
      { verbs: ["*"], apiGroups: ["*"], resources: ["*"] },
      { verbs: ["*"], nonResourceURLs: ["*"] },
    ],
  },
  {
    name: "system:basic-user",
    groups: ["system:authenticated"],
    rules: [
      mayCreate("authorization.k8s.io", "selfsubjectaccessreviews", "selfsubjectrulesreviews"),
      mayCreate("authentication.k8s.io", "selfsubjectreviews"),
    ],
  },
  {
    name: "system:discovery",
    groups: ["system:authenticated"],
    rules: [mayGet([...DISCOVERY_PATHS, ...OPEN_PATHS])],
  },
  {
    name: "system:public-info-viewer",
    groups: ["system:authenticated", "system:unauthenticated"],
    rules: [mayGet(OPEN_PATHS)],
  },
];

async function ensureRole(
  state: ServerState,
  { name, groups, rules }: BootstrapRole,
): Promise<void> {
  const apiGroup = "rbac.authorization.k8s.io";
  const version = `${apiGroup}/v1`;
  await ensure(state, version, "ClusterRole", { metadata: { name }, rules });
  await ensure(state, version, "ClusterRoleBinding", {
    metadata: { name },
    roleRef: { apiGroup, kind: "ClusterRole", name },
    subjects: groups.map((group) => ({ apiGroup, kind: "Group", name: group })),
  });
}

/** Creates an object unless it is there. */
async function ensure(
  state: ServerState,
  apiVersion: string,
  kind: string,
  body: { metadata: { name: string; namespace?: string }; [field: string]: Json },
): Promise<void> {
  const resource = state.registry.findKind(apiVersion, kind)!;
  const { name, namespace } = body.metadata;
  if (state.store.get(storageOf(resource), namespace, name)) return;
  await create(ownContext(state, resource, namespace), body);
}
