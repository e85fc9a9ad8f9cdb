/** Deletion: preconditions, grace periods, finalizers and what happens to dependents. */
import { type Json, type JsonObject, equal, fieldError, isRecord } from "../schema/index.ts";
import { conflict, forbidden, invalidOptions, notFound } from "./api-error.ts";
import { type ApiObject, type Metadata } from "./api-object.ts";
import { storageOf, type Resource } from "./resource.ts";
import { timestamp, type Admission, type ServerState } from "./server-state.ts";
import { isHeld, ownContext, type WriteContext } from "./write.ts";

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
    const cause = fieldError.notSupported("propagationPolicy", given, POLICIES);
    throw invalidOptions("DeleteOptions", cause);
  }
  const orphan =
    (isRecord(body) ? body.orphanDependents : undefined) ?? query.get("orphanDependents");
  if (orphan === true || orphan === "true") options.propagationPolicy = "Orphan";
  return options;
}

/** Deletes on the server's own account what nobody needs any more; a failure is logged only. */
export function discard(state: ServerState, resource: Resource, { metadata }: ApiObject): void {
  const { namespace, name, uid, deletionTimestamp } = metadata;
  if (deletionTimestamp) return;
  const options = { preconditions: { uid }, propagationPolicy: "Background" };
  remove(ownContext(state, resource, namespace, name), options).catch(({ message }: Error) => {
    const { plural } = resource;
    state.log({ level: "warn", msg: "garbage stays", plural, namespace, name, error: message });
  });
}

/** Deletes one object or marks it for deletion. `gone` tells which. */
export async function remove(
  context: WriteContext,
  options: DeleteOptions,
): Promise<{ object: ApiObject; gone: boolean }> {
  const { state, resource, namespace, name = "" } = context;
  const current = state.store.get(storageOf(resource), namespace, name);
  if (!current) throw notFound(resource, name);
  if (resource.kind === "Namespace" && KEPT_NAMESPACES.has(name)) {
    throw forbidden(resource, name, "this namespace may not be deleted");
  }
  checkPreconditions(current, resource, options);
  const { user, dryRun, warnings } = context;
  const target = {
    operation: "DELETE",
    resource,
    subresource: undefined,
    namespace,
    name,
  } as const;
  const write = { user, dryRun, warnings };
  const admission: Admission = { ...target, ...write, object: undefined, oldObject: current };
  await state.mutate(admission);
  await state.review(admission);
  const live = state.store.get(storageOf(resource), namespace, name);
  if (!live) throw notFound(resource, name);
  const marked = withPolicy(state, live, options, resource);
  const gone = !isHeld(marked) && marked.metadata.deletionGracePeriodSeconds === 0;
  if (context.dryRun) return { object: marked, gone };
  const isNews = !equal(marked, live);
  const object = gone
    ? state.store.remove(storageOf(resource), live)
    : isNews
      ? state.store.put(storageOf(resource), marked)
      : live;
  await state.store.durable();
  return { object, gone };
}

function checkPreconditions(current: ApiObject, resource: Resource, options: DeleteOptions): void {
  const { name, uid, resourceVersion } = current.metadata;
  const subject = { ...resource, plural: resource.kind };
  const asked = options.preconditions ?? {};
  const check = (what: string, wanted: string | undefined, found: string, why: string) => {
    if (!wanted || wanted === found) return;
    const unlike = `the ${what} in the precondition (${wanted}) does not match the ${what} in record (${found}).`;
    throw conflict(subject, name, `${unlike} The object might have been ${why}`);
  };
  check("UID", asked.uid, uid, "deleted and then recreated");
  check("ResourceVersion", asked.resourceVersion, resourceVersion, "modified");
}

/** The object with deletion time, grace period and the finalizer that its propagation policy asks for. */
function withPolicy(
  state: ServerState,
  live: ApiObject,
  options: DeleteOptions,
  resource: Resource,
): ApiObject {
  const { finalizers: _finalizers, ...rest } = live.metadata;
  const finalizers = finalizersUnder(live.metadata.finalizers ?? [], options.propagationPolicy);
  const metadata = {
    ...rest,
    ...(finalizers.length > 0 ? { finalizers } : {}),
    ...deletionTimes(live, gracePeriod(live, options, resource), state.now()),
  };
  const isNamespace = resource.kind === "Namespace" && !resource.custom;
  const status = isNamespace ? { status: { ...live.status, phase: "Terminating" } } : {};
  return { ...live, metadata, ...status };
}

function finalizersUnder(given: readonly string[], policy: string | undefined): string[] {
  if (policy === undefined) return [...given];
  const kept = given.filter((one) => one !== "orphan" && one !== "foregroundDeletion");
  if (policy === "Orphan") kept.push("orphan");
  if (policy === "Foreground") kept.push("foregroundDeletion");
  return kept;
}

/** A deletion under way may only become quicker. */
function deletionTimes({ metadata }: ApiObject, grace: number, now: Date): Partial<Metadata> {
  const earlier = metadata.deletionGracePeriodSeconds;
  const seconds = Math.min(earlier ?? grace, grace);
  if (metadata.deletionTimestamp !== undefined && earlier === seconds) return {};
  return {
    deletionTimestamp: timestamp(new Date(now.getTime() + seconds * 1000)),
    deletionGracePeriodSeconds: seconds,
    ...(metadata.generation ? { generation: metadata.generation + 1 } : {}),
  };
}

/** Only pods that a kubelet runs take time to stop. */
function gracePeriod(object: ApiObject, options: DeleteOptions, resource: Resource): number {
  const isPod = resource.kind === "Pod" && !resource.custom;
  if (!isPod || !object.spec?.nodeName) return 0;
  if (object.status?.phase === "Failed" || object.status?.phase === "Succeeded") return 0;
  return options.gracePeriodSeconds ?? object.spec.terminationGracePeriodSeconds ?? 30;
}
