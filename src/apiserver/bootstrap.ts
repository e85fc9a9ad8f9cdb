/** What exists in a cluster from the start. */
import type { Json } from "./api-object.ts";
import { storageOf } from "./resource.ts";
import type { ServerState } from "./server-state.ts";
import { create, type WriteContext } from "./write.ts";

const NAMESPACES = ["default", "kube-system", "kube-public", "kube-node-lease"];

/** `kubernetesIp` is the first address of the service range. */
export async function bootstrap(state: ServerState, kubernetesIp: string): Promise<void> {
  for (const name of NAMESPACES) {
    await ensure(state, "v1", "Namespace", { metadata: { name } });
    await ensure(state, "v1", "ServiceAccount", { metadata: { name: "default", namespace: name } });
  }
  const labels = { component: "apiserver", provider: "kubernetes" };
  await ensure(state, "v1", "Service", {
    metadata: { name: "kubernetes", namespace: "default", labels } as never,
    spec: { clusterIP: kubernetesIp, ports: [{ name: "https", port: 443, targetPort: 6443 }] },
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
  const context: WriteContext = {
    resource,
    namespace,
    name: undefined,
    subresource: undefined,
    user: { name: "system:apiserver", groups: ["system:masters"] },
    manager: "kube-apiserver",
    fieldValidation: "Ignore",
    dryRun: false,
    warnings: [],
  };
  await create(state, context, body);
}
