/** Create, update and patch: one path from what a client sent to what is stored. */
import { type Json, equal } from "../schema/index.ts";
import {
  ApiError,
  STALE,
  alreadyExists,
  badRequest,
  conflict,
  forbidden,
  invalid,
  notFound,
} from "./api-error.ts";
import { type ApiObject } from "./api-object.ts";
import { converted, forStorage } from "./conversion.ts";
import { decode } from "./decode.ts";
import { withDefaults } from "./defaults.ts";
import { trackWrite } from "./field-tracking.ts";
import { hasGeneration, newMetadata, updatedMetadata } from "./object-metadata.ts";
import type { User } from "./request.ts";
import { get, type Scope } from "./read.ts";
import { storageOf, type Resource } from "./resource.ts";
import { type ServerState, timestamp } from "./server-state.ts";
import { validate } from "./validation.ts";

/** Where a write goes and on whose behalf. */
export interface WriteContext extends Scope {
  name: string | undefined;
  subresource: string | undefined;
  user: User;
  manager: string;
  fieldValidation: string;
  dryRun: boolean;
  warnings: string[];
  /** Whether the client named its field manager; server-side apply demands it. */
  namedManager?: boolean;
  /** Whether field ownership is settled already, by server-side apply. */
  tracked?: boolean;
}

/** For what the server writes and deletes on its own account. */
export function ownContext(
  state: ServerState,
  resource: Resource,
  namespace?: string,
  name?: string,
): WriteContext {
  return {
    state,
    resource,
    namespace,
    name,
    subresource: undefined,
    user: { name: "system:apiserver", groups: ["system:masters"] },
    manager: "kube-apiserver",
    fieldValidation: "Ignore",
    dryRun: false,
    warnings: [],
  };
}

/** Stores a new object and returns it. */
export async function create(context: WriteContext, body: Json | undefined): Promise<ApiObject> {
  const { state, resource, namespace } = context;
  const given = decoded(context, body);
  if (given.metadata.resourceVersion) {
    throw new ApiError(500, "", "resourceVersion should not be set on objects to be created");
  }
  checkNamespace(given, context);
  const now = timestamp(state.now());
  const fresh: ApiObject = {
    ...given,
    metadata: newMetadata(given.metadata, resource, namespace, now),
  };
  // Nodes register with their status; others get theirs from controllers.
  if (resource.subresources.includes("status") && !isNode(resource)) delete fresh.status;
  const object = await admitted(context, fresh, undefined);
  const kept = await forStorage(state, object, resource);
  const { name } = object.metadata;
  if (state.store.get(storageOf(resource), object.metadata.namespace, name))
    throw alreadyExists(resource, name);
  return context.dryRun ? object : commit(context, kept, undefined);
}

function isNode({ kind, custom }: Resource): boolean {
  return kind === "Node" && !custom;
}

/** The object in a body; what is wrong with it but tolerated goes to the warnings. */
function decoded(context: WriteContext, body: Json | undefined): ApiObject {
  const { object, warnings } = decode(body, context.resource, context.fieldValidation);
  context.warnings.push(...warnings);
  return object;
}

/** Defaults, webhooks, validation and the record of who wrote what: every write but a deletion passes here. */
async function admitted(
  context: WriteContext,
  wanted: ApiObject,
  old: ApiObject | undefined,
): Promise<ApiObject> {
  const { state, resource, subresource, namespace, user, dryRun, warnings, manager } = context;
  let object = withDefaults(wanted, resource, old);
  const { name } = object.metadata;
  const operation = old ? "UPDATE" : "CREATE";
  const target = { operation, resource, subresource, namespace, name } as const;
  const write = { ...target, user, dryRun, warnings };
  const mutated = await state.mutate({ ...write, object, oldObject: old });
  if (mutated) object = withDefaults(mutated, resource, old);
  if (old) object = withGeneration(object, old, context);
  validate(object, resource, old);
  if (!old) namespaceMustLive(context, name);
  await state.review({ ...write, object, oldObject: old });
  if (context.tracked) return object;
  const now = timestamp(state.now());
  return trackWrite(object, old, resource, { manager, operation: "Update", subresource, now });
}

/** metadata.generation counts the changes of everything but metadata and status. */
function withGeneration(object: ApiObject, old: ApiObject, context: WriteContext): ApiObject {
  const specOf = ({ metadata: _metadata, status: _status, ...spec }: ApiObject) => spec;
  const counts = hasGeneration(context.resource) && context.subresource !== "status";
  if (!counts || equal(specOf(object), specOf(old))) return object;
  const generation = (old.metadata.generation ?? 0) + 1;
  return { ...object, metadata: { ...object.metadata, generation } };
}

function checkNamespace(given: ApiObject, context: WriteContext): void {
  const space = given.metadata.namespace;
  if (!space || space === context.namespace) return;
  if (!context.resource.namespaced) return;
  throw badRequest(
    "the namespace of the provided object does not match the namespace sent on the request",
  );
}

function namespaceMustLive(context: WriteContext, name: string): void {
  const { state, resource, namespace } = context;
  if (!resource.namespaced || !namespace) return;
  const found = state.store.get("/namespaces", undefined, namespace);
  if (!found) throw notFound({ group: "", plural: "namespaces", kind: "Namespace" }, namespace);
  if (!found.metadata.deletionTimestamp) return;
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
  const cause = {
    reason: "NamespaceTerminating",
    message: `namespace ${namespace} is being terminated`,
    field: "metadata.namespace",
  };
  throw forbidden(resource, name, why, [cause]);
}

const RETRIES = 5;

/** Update and patch: builds the new version from the current one, again when another write came in between. */
export async function change(
  context: WriteContext,
  build: (current: ApiObject) => ApiObject,
): Promise<ApiObject> {
  const { state, resource, namespace, name = "" } = context;
  for (let attempt = 0; ; attempt++) {
    const current = get(context);
    const [live = current] = await converted(state, [current], resource);
    const wanted = build(live);
    checkIdentity(wanted, live, context);
    const object = await admitted(context, merged(wanted, live, context), live);
    if (equal(withoutTimes(object), withoutTimes(live))) return current;
    if (context.dryRun) return object;
    const kept = await forStorage(state, object, resource);
    const isLatest = state.store.get(storageOf(resource), namespace, name) === current;
    if (isLatest) return commit(context, kept, current);
    if (attempt === RETRIES || wanted.metadata.resourceVersion)
      throw conflict(resource, name, STALE);
  }
}

/** Stores the object, or removes it when this write took the last finalizer that kept it. */
async function commit(
  { state, resource }: WriteContext,
  object: ApiObject,
  old: ApiObject | undefined,
): Promise<ApiObject> {
  const { store } = state;
  const storage = storageOf(resource);
  const allocated = state.allocate(resource, object, old);
  const { deletionTimestamp, deletionGracePeriodSeconds } = allocated.metadata;
  const isReleased = old && isHeld(old) && !isHeld(allocated) && deletionTimestamp;
  const stored =
    isReleased && !deletionGracePeriodSeconds
      ? store.remove(storage, allocated)
      : store.put(storage, allocated);
  await store.durable();
  return stored;
}

/** Whether finalizers keep the object: those of its metadata, for namespaces also those of its spec. */
export function isHeld(object: ApiObject): boolean {
  const { finalizers = [] } = object.metadata;
  const isNamespace = object.kind === "Namespace" && object.apiVersion === "v1";
  const own: string[] = isNamespace ? (object.spec?.finalizers ?? []) : [];
  return finalizers.length > 0 || own.length > 0;
}

/** What counts when deciding whether a write changes anything: not when a field manager wrote last. */
function withoutTimes(object: ApiObject): ApiObject {
  const { managedFields, ...metadata } = object.metadata;
  const fields = managedFields?.map((entry) => ({ ...entry, time: "" }));
  return { ...object, metadata: { ...metadata, ...(fields && { managedFields: fields }) } };
}

function misnamed(given: string, name: string): ApiError {
  return badRequest(
    `the name of the object (${given}) does not match the name on the URL (${name})`,
  );
}

function checkIdentity(wanted: ApiObject, current: ApiObject, context: WriteContext): void {
  const { resource, name = "" } = context;
  const { metadata } = wanted;
  if (metadata.name && metadata.name !== name) {
    throw misnamed(metadata.name, name);
  }
  checkNamespace(wanted, context);
  if (metadata.resourceVersion && metadata.resourceVersion !== current.metadata.resourceVersion) {
    throw conflict(resource, name, STALE);
  }
}

/** The wanted version under the rules of the subresource: what it may change, and what the server keeps. */
function merged(wanted: ApiObject, current: ApiObject, context: WriteContext): ApiObject {
  const { resource, subresource } = context;
  const metadata = updatedMetadata(wanted.metadata, current.metadata);
  const ofStatus = subresource === "status";
  if (!ofStatus && !resource.subresources.includes("status")) return { ...wanted, metadata };
  const { status: _status, ...rest } = ofStatus ? current : wanted;
  const { status } = ofStatus ? wanted : current;
  return {
    ...rest,
    apiVersion: rest.apiVersion,
    kind: rest.kind,
    metadata: ofStatus && resource.custom ? current.metadata : metadata,
    ...(status === undefined ? {} : { status }),
  };
}

/** PUT: the body is the new version. */
export async function update(context: WriteContext, body: Json | undefined): Promise<ApiObject> {
  const { state, resource, name = "", namespace, subresource } = context;
  const object = decoded(context, body);
  const { uid, resourceVersion, ...metadata } = object.metadata;
  if (!metadata.name) throw misnamed("", name);
  const current = state.store.get(storageOf(resource), namespace, name);
  if (!current && CREATE_ON_UPDATE.has(resource.kind) && !resource.custom && !subresource) {
    return create(context, { ...object, metadata: { ...metadata, uid } } as unknown as Json);
  }
  if (current && resource.custom && !resourceVersion) {
    const field = "metadata.resourceVersion";
    const message = "Invalid value: 0x0: must be specified for an update";
    throw invalid(resource, name, [{ reason: "FieldValueInvalid", message, field }]);
  }
  return change(context, (found) => {
    if (!uid || uid === found.metadata.uid) return object;
    const what = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${found.metadata.uid}`;
    throw conflict(resource, name, what);
  });
}

/** Kinds that PUT makes where there are none. */
const CREATE_ON_UPDATE = new Set(
  "Endpoints Event Lease Role ClusterRole RoleBinding ClusterRoleBinding".split(" "),
);
