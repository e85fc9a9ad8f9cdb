/** Deletion: preconditions, grace periods, finalizers and what happens to dependents. */
import { conflict, fieldError, forbidden, invalid, notFound } from "./api-error.ts";
import { equal, isRecord, type ApiObject, type Json, type JsonObject } from "./api-object.ts";
import { storageOf, type Resource } from "./resource.ts";
import { timestamp, type Admission, type ServerState } from "./server-state.ts";
import type { WriteContext } from "./write.ts";

const POLICIES = ["Background", "Foreground", "Orphan"];
const KEPT_NAMESPACES = new Set(["default", "kube-system", "kube-public"]);

export interface DeleteOptions {
  gracePeriodSeconds?: number;
  propagationPolicy?: string;
  preconditions?: { uid?: string; resourceVersion?: string };
}

/** Options come in the body, some of them also in the query. */
export function deleteOptions(body: Json | undefined, query: URLSearchParams): DeleteOptions {
  const options: DeleteOptions = isRecord(body) ? { ...(body as JsonObject & DeleteOptions) } : {};
  const grace = query.get("gracePeriodSeconds");
  if (grace) options.gracePeriodSeconds = Number(grace);
  const policy = query.get("propagationPolicy");
  if (policy) options.propagationPolicy = policy;
  const given = options.propagationPolicy;
  if (given !== undefined && !POLICIES.includes(given)) {
    const subject = { group: "meta.k8s.io", plural: "", kind: "DeleteOptions" };
    throw invalid(subject, "", [fieldError.notSupported("propagationPolicy", given, POLICIES)]);
  }
  const orphan =
    (isRecord(body) ? body.orphanDependents : undefined) ?? query.get("orphanDependents");
  if (orphan === true || orphan === "true") options.propagationPolicy = "Orphan";
  return options;
}

/** Deletes one object or marks it for deletion. `gone` tells which. */
export async function remove(
  state: ServerState,
  context: WriteContext,
  options: DeleteOptions,
): Promise<{ object: ApiObject; gone: boolean }> {
  const { resource, namespace, name = "" } = context;
  const current = state.store.get(storageOf(resource), namespace, name);
  if (!current) throw notFound(resource, name);
  if (resource.kind === "Namespace" && KEPT_NAMESPACES.has(name)) {
    throw forbidden(resource, name, "this namespace may not be deleted");
  }
  checkPreconditions(current, resource, options);
  const admission: Admission = {
    operation: "DELETE",
    resource,
    subresource: undefined,
    namespace,
    name,
    object: undefined,
    oldObject: current,
    user: context.user,
    dryRun: context.dryRun,
  };
  await state.mutate(admission);
  await state.review(admission);
  const live = state.store.get(storageOf(resource), namespace, name);
  if (!live) throw notFound(resource, name);
  const marked = withPolicy(state, live, options, resource);
  const gone = !isHeld(marked) && marked.metadata.deletionGracePeriodSeconds === 0;
  if (context.dryRun) return { object: marked, gone };
  if (gone) {
    const object = state.store.remove(storageOf(resource), live);
    await state.store.durable();
    return { object, gone };
  }
  const object = equal(marked, live) ? live : state.store.put(storageOf(resource), marked);
  await state.store.durable();
  return { object, gone };
}

function checkPreconditions(current: ApiObject, resource: Resource, options: DeleteOptions): void {
  const { name, uid, resourceVersion } = current.metadata;
  const subject = { ...resource, plural: resource.kind };
  const asked = options.preconditions ?? {};
  if (asked.uid && asked.uid !== uid) {
    throw conflict(
      subject,
      name,
      `the UID in the precondition (${asked.uid}) does not match the UID in record (${uid}). ` +
        "The object might have been deleted and then recreated",
    );
  }
  if (asked.resourceVersion && asked.resourceVersion !== resourceVersion) {
    throw conflict(
      subject,
      name,
      `the ResourceVersion in the precondition (${asked.resourceVersion}) does not match the ResourceVersion in ` +
        `record (${resourceVersion}). The object might have been modified`,
    );
  }
}

/** Whether something keeps the object: finalizers of its metadata, for namespaces those of its spec. */
function isHeld(object: ApiObject): boolean {
  const { finalizers = [] } = object.metadata;
  const own =
    object.kind === "Namespace" && object.apiVersion === "v1"
      ? (object.spec?.finalizers ?? [])
      : [];
  return finalizers.length > 0 || own.length > 0;
}

/** The object with deletion time, grace period and the finalizer that its propagation policy asks for. */
function withPolicy(
  state: ServerState,
  live: ApiObject,
  options: DeleteOptions,
  resource: Resource,
): ApiObject {
  const grace = gracePeriod(live, options, resource);
  const now = state.now();
  const { metadata } = live;
  const finalizers = (metadata.finalizers ?? []).filter(
    (one) => one !== "orphan" && one !== "foregroundDeletion",
  );
  if (options.propagationPolicy === "Orphan") finalizers.push("orphan");
  if (options.propagationPolicy === "Foreground") finalizers.push("foregroundDeletion");
  const keepsFinalizers = options.propagationPolicy === undefined;
  const earlier = metadata.deletionGracePeriodSeconds;
  const seconds = earlier === undefined ? grace : Math.min(earlier, grace);
  const unchanged = metadata.deletionTimestamp !== undefined && earlier === seconds;
  const generation = metadata.generation;
  const kept = keepsFinalizers ? metadata.finalizers : finalizers;
  const marked: ApiObject = {
    ...live,
    metadata: {
      ...metadata,
      ...(kept && kept.length > 0 ? { finalizers: kept } : {}),
      ...(unchanged
        ? {}
        : {
            deletionTimestamp: timestamp(new Date(now.getTime() + seconds * 1000)),
            deletionGracePeriodSeconds: seconds,
            ...(generation ? { generation: generation + 1 } : {}),
          }),
    },
  };
  if (kept?.length === 0) delete marked.metadata.finalizers;
  if (resource.kind === "Namespace" && !resource.custom)
    marked.status = { ...live.status, phase: "Terminating" };
  return marked;
}

/** Only pods that a kubelet runs take time to stop. */
function gracePeriod(object: ApiObject, options: DeleteOptions, resource: Resource): number {
  const isPod = resource.kind === "Pod" && !resource.custom;
  if (!isPod || !object.spec?.nodeName) return 0;
  if (object.status?.phase === "Failed" || object.status?.phase === "Succeeded") return 0;
  return options.gracePeriodSeconds ?? object.spec.terminationGracePeriodSeconds ?? 30;
}
