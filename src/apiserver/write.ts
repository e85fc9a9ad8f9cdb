/** Create, update and patch: one path from what a client sent to what is stored. */
import {
  ApiError,
  STALE,
  alreadyExists,
  badRequest,
  conflict,
  forbidden,
  invalid,
  fieldError,
  notFound,
} from "./api-error.ts";
import { equal, type ApiObject, type Json } from "./api-object.ts";
import { decode } from "./decode.ts";
import { withDefaults } from "./defaults.ts";
import { trackWrite } from "./field-tracking.ts";
import { hasGeneration, newMetadata, updatedMetadata } from "./object-metadata.ts";
import type { User } from "./request.ts";
import { storageOf, type Resource } from "./resource.ts";
import { type Admission, type ServerState, timestamp } from "./server-state.ts";
import { validate } from "./validation.ts";

/** Where a write goes and on whose behalf. */
export interface WriteContext {
  resource: Resource;
  namespace: string | undefined;
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

/** Stores a new object and returns it. */
export async function create(
  state: ServerState,
  context: WriteContext,
  body: Json | undefined,
): Promise<ApiObject> {
  const { resource, namespace } = context;
  const { object: given, warnings } = decode(body, resource, context.fieldValidation);
  context.warnings.push(...warnings);
  if (given.metadata.resourceVersion) {
    throw new ApiError(500, "", "resourceVersion should not be set on objects to be created");
  }
  checkNamespace(given, context);
  const now = timestamp(state.now());
  const fresh: ApiObject = {
    ...given,
    metadata: newMetadata(given.metadata, resource, namespace, now),
  };
  if (resource.subresources.includes("status") && !keepsStatusOnCreate(resource))
    delete fresh.status;
  let object = withDefaults(fresh, resource);
  const admission = (candidate: ApiObject): Admission => ({
    ...admissionOf(context, "CREATE", candidate.metadata.name),
    object: candidate,
    oldObject: undefined,
  });
  const mutated = await state.mutate(admission(object));
  if (mutated) object = withDefaults(mutated, resource);
  validate(object, resource);
  namespaceMustLive(state, context, object.metadata.name);
  await state.review(admission(object));
  const storage = storageOf(resource);
  const name = object.metadata.name;
  if (state.store.get(storage, object.metadata.namespace, name))
    throw alreadyExists(resource, name);
  if (!context.tracked) {
    object = trackWrite(object, undefined, resource, {
      manager: context.manager,
      subresource: undefined,
      now,
    });
  }
  if (context.dryRun) return object;
  const stored = state.store.put(storage, state.allocate(resource, object, undefined));
  await state.store.durable();
  return stored;
}

/** Nodes register with their status, and custom resources without a status subresource keep theirs anyway. */
function keepsStatusOnCreate(resource: Resource): boolean {
  return resource.kind === "Node" && !resource.custom;
}

function admissionOf(context: WriteContext, operation: Admission["operation"], name: string) {
  const { resource, subresource, namespace, user, dryRun } = context;
  return { operation, resource, subresource, namespace, name, user, dryRun };
}

function checkNamespace(given: ApiObject, context: WriteContext): void {
  const space = given.metadata.namespace;
  if (!space || space === context.namespace) return;
  if (!context.resource.namespaced) return;
  throw badRequest(
    "the namespace of the provided object does not match the namespace sent on the request",
  );
}

function namespaceMustLive(state: ServerState, context: WriteContext, name: string): void {
  const { resource, namespace } = context;
  if (!resource.namespaced || !namespace) return;
  const found = state.store.get("/namespaces", undefined, namespace);
  if (!found) throw notFound({ group: "", plural: "namespaces", kind: "Namespace" }, namespace);
  if (!found.metadata.deletionTimestamp) return;
  const refusal = forbidden(
    resource,
    name,
    `unable to create new content in namespace ${namespace} because it is being terminated`,
  );
  const cause = {
    reason: "NamespaceTerminating",
    message: `namespace ${namespace} is being terminated`,
    field: "metadata.namespace",
  };
  throw new ApiError(403, refusal.reason, refusal.message, { ...refusal.details, causes: [cause] });
}

/** How a new version comes from the current one; `undefined` stands for an object that does not exist yet. */
export type Build = (current: ApiObject) => ApiObject;

const RETRIES = 5;

/** Update and patch: builds the new version from the current one, again when another write came in between. */
export async function change(
  state: ServerState,
  context: WriteContext,
  build: Build,
): Promise<ApiObject> {
  const { resource, namespace, name = "" } = context;
  const storage = storageOf(resource);
  for (let attempt = 0; ; attempt++) {
    const current = state.store.get(storage, namespace, name);
    if (!current) throw notFound(resource, name);
    const wanted = build(current);
    checkIdentity(wanted, current, context);
    const object = await admitted(state, context, merged(wanted, current, context));
    if (equal(withoutTimes(object), withoutTimes(current))) return current;
    if (context.dryRun) return object;
    if (state.store.get(storage, namespace, name) !== current) {
      if (attempt < RETRIES && !wanted.metadata.resourceVersion) continue;
      throw conflict(resource, name, STALE);
    }
    return commit(state, resource, object, current);
  }
}

async function commit(
  state: ServerState,
  resource: Resource,
  object: ApiObject,
  current: ApiObject,
): Promise<ApiObject> {
  const storage = storageOf(resource);
  const allocated = state.allocate(resource, object, current);
  const released = isHeld(current) && !isHeld(allocated) && allocated.metadata.deletionTimestamp;
  const stored =
    released && !allocated.metadata.deletionGracePeriodSeconds
      ? state.store.remove(storage, allocated)
      : state.store.put(storage, allocated);
  await state.store.durable();
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

function checkIdentity(wanted: ApiObject, current: ApiObject, context: WriteContext): void {
  const { resource, name = "" } = context;
  const { metadata } = wanted;
  if (metadata.name && metadata.name !== name) {
    throw badRequest(
      `the name of the object (${metadata.name}) does not match the name on the URL (${name})`,
    );
  }
  checkNamespace(wanted, context);
  if (metadata.resourceVersion && metadata.resourceVersion !== current.metadata.resourceVersion) {
    throw conflict(resource, name, STALE);
  }
}

/** The wanted version under the rules of the subresource: what it may change, and what the server keeps. */
function merged(
  wanted: ApiObject,
  current: ApiObject,
  context: WriteContext,
): { object: ApiObject; current: ApiObject } {
  const { resource, subresource } = context;
  const metadata = updatedMetadata(wanted.metadata, current.metadata);
  let object: ApiObject = { ...wanted, metadata };
  if (subresource === "status") {
    const { status: _old, ...rest } = current;
    object = { ...rest, metadata: resource.custom ? current.metadata : metadata };
    if (wanted.status !== undefined) object.status = wanted.status;
  } else if (resource.subresources.includes("status")) {
    delete object.status;
    if (current.status !== undefined) object.status = current.status;
  }
  return { object, current };
}

async function admitted(
  state: ServerState,
  context: WriteContext,
  versions: { object: ApiObject; current: ApiObject },
) {
  const { resource, name = "" } = context;
  const { current } = versions;
  let object = withDefaults(versions.object, resource, current);
  const admission = (): Admission => ({
    ...admissionOf(context, "UPDATE", name),
    object,
    oldObject: current,
  });
  const mutated = await state.mutate(admission());
  if (mutated) object = withDefaults(mutated, resource, current);
  if (
    hasGeneration(resource) &&
    context.subresource !== "status" &&
    !equal(specOf(object), specOf(current))
  ) {
    const generation = (current.metadata.generation ?? 0) + 1;
    object = { ...object, metadata: { ...object.metadata, generation } };
  }
  validate(object, resource, current);
  await state.review(admission());
  if (context.tracked) return object;
  const now = timestamp(state.now());
  return trackWrite(object, current, resource, {
    manager: context.manager,
    subresource: context.subresource,
    now,
  });
}

/** Everything but metadata and status: what metadata.generation counts the changes of. */
function specOf(object: ApiObject): Record<string, unknown> {
  const { metadata: _metadata, status: _status, ...spec } = object;
  return spec;
}

/** PUT: the body is the new version. */
export async function update(
  state: ServerState,
  context: WriteContext,
  body: Json | undefined,
): Promise<ApiObject> {
  const { object, warnings } = decode(body, context.resource, context.fieldValidation);
  context.warnings.push(...warnings);
  const { resource, name = "", namespace } = context;
  if (!object.metadata.name) {
    throw badRequest(
      `the name of the object (${object.metadata.name ?? ""}) does not match the name on the URL (${name})`,
    );
  }
  const current = state.store.get(storageOf(resource), namespace, name);
  if (!current && CREATE_ON_UPDATE.has(resource.kind) && !resource.custom && !context.subresource) {
    const { resourceVersion: _version, ...metadata } = object.metadata;
    return create(state, context, { ...object, metadata } as unknown as Json);
  }
  if (current && resource.custom && !object.metadata.resourceVersion) {
    const cause = fieldError.invalid(
      "metadata.resourceVersion",
      0,
      "must be specified for an update",
    );
    throw invalid(resource, name, [{ ...cause, message: cause.message.replace("0", "0x0") }]);
  }
  return change(state, context, (found) => {
    const { uid } = object.metadata;
    if (uid && uid !== found.metadata.uid) {
      const what = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${found.metadata.uid}`;
      throw conflict(resource, name, what);
    }
    return object;
  });
}

const CREATE_ON_UPDATE = new Set([
  "Endpoints",
  "Event",
  "Lease",
  "Role",
  "ClusterRole",
  "RoleBinding",
  "ClusterRoleBinding",
]);
