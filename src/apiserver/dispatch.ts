/** From a request for a resource to the verb that answers it. */
import { type JsonObject, fieldError } from "../schema/index.ts";
import { ApiError, invalidOptions, methodNotAllowed, noSuchResource } from "./api-error.ts";
import type { ApiObject } from "./api-object.ts";
import { isReview } from "./builtin-resources.ts";
import { converted } from "./conversion.ts";
import { deleteOptions, remove } from "./delete.ts";
import { patch } from "./patch.ts";
import { get, list, type ListResult } from "./read.ts";
import { fieldManagerOf, verbOf, type ApiRequest, type Target } from "./request.ts";
import { groupVersion, inVersion, type Resource } from "./resource.ts";
import type { ServerState } from "./server-state.ts";
import { answerReview } from "./reviews.ts";
import { SUBRESOURCES, type Answer } from "./subresources.ts";
import { create, update, type WriteContext } from "./write.ts";

/** Answers everything but watches. Throws ApiError. */
export async function dispatch(
  state: ServerState,
  request: ApiRequest,
  target: Target,
  resource: Resource,
): Promise<Answer> {
  const context = contextOf(state, request, target, resource);
  const { subresource } = context;
  if (subresource && !resource.subresources.includes(subresource)) throw noSuchResource();
  const verb = verbOf(request, target);
  const special = subresource && SUBRESOURCES[subresource];
  if (special) return special(request, context);
  if (!resource.verbs.includes(verb)) throw methodNotAllowed();
  if (isReview(resource)) {
    return { code: 201, body: answerReview(state, resource, request) };
  }
  return answer(request, context, verb);
}

async function answer(request: ApiRequest, context: WriteContext, verb: string): Promise<Answer> {
  const { state, resource, name } = context;
  const done = async (kept: ApiObject, code = 200) => {
    const [object = kept] = await converted(state, [kept], resource);
    return { code, body: inVersion(object, resource) };
  };
  switch (verb) {
    case "get":
      return done(get(context));
    case "list":
      return { code: 200, body: await listBody(context, list(context, request.query)) };
    case "create":
      if (name && !context.subresource) throw methodNotAllowed();
      return done(await create(context, request.body), 201);
    case "update":
      return done(await update(context, request.body));
    case "patch": {
      const { object, created } = await patch(context, request);
      return done(object, created ? 201 : 200);
    }
    case "delete":
      return deleted(request, context);
    default:
      return deletedAll(request, context);
  }
}

function contextOf(
  state: ServerState,
  request: ApiRequest,
  target: Target,
  resource: Resource,
): WriteContext {
  const { method, query, user } = request;
  const { namespace, name, subresource } = target;
  const isPlaced = resource.namespaced && !isReview(resource);
  if (namespace && !resource.namespaced) throw noSuchResource();
  if (isPlaced && !namespace && (method === "POST" || name)) throw noSuchResource();
  return {
    state,
    resource,
    namespace,
    name,
    subresource,
    user,
    manager: fieldManagerOf(request),
    namedManager: query.has("fieldManager"),
    fieldValidation: query.get("fieldValidation") ?? "Warn",
    dryRun: dryRunOf(query, method),
    warnings: request.warnings,
  };
}

const OPTION_KINDS: Record<string, string> = { POST: "Create", PUT: "Update", PATCH: "Patch" };

function dryRunOf(query: URLSearchParams, method: string): boolean {
  const given = query.getAll("dryRun").filter(Boolean);
  if (given.length === 0) return false;
  if (given.every((value) => value === "All")) return true;
  const kind = `${OPTION_KINDS[method] ?? "Delete"}Options`;
  throw invalidOptions(kind, fieldError.notSupported("dryRun", given, ["All"]));
}

async function listBody(
  { state, resource }: WriteContext,
  { items: kept, ...metadata }: ListResult,
): Promise<JsonObject> {
  const items = await converted(state, kept, resource);
  return {
    kind: `${resource.kind}List`,
    apiVersion: groupVersion(resource),
    metadata: { ...metadata },
    items: items.map((item) => listItem(item, resource)),
  };
}

/** Items of built-in lists carry no kind of their own; custom ones do. */
function listItem(item: ApiObject, resource: Resource): JsonObject {
  const { kind: _kind, apiVersion: _version, ...rest } = inVersion(item, resource);
  return resource.custom ? inVersion(item, resource) : rest;
}

/** Kinds whose deletion answers with the object that was deleted. */
const RETURNED = new Set(["Pod", "Service", "ServiceAccount"]);

async function deleted(request: ApiRequest, context: WriteContext): Promise<Answer> {
  const { resource, name = "" } = context;
  const { object, gone } = await remove(context, deleteOptions(request.body, request.query));
  if (!gone || (RETURNED.has(resource.kind) && !resource.custom)) {
    const [seen = object] = await converted(context.state, [object], resource);
    return { code: 200, body: inVersion(seen, resource) };
  }
  const { group, plural: kind } = resource;
  const details = { name, ...(group ? { group } : {}), kind, uid: object.metadata.uid };
  const body = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details };
  return { code: 200, body };
}

async function deletedAll(request: ApiRequest, context: WriteContext): Promise<Answer> {
  const options = deleteOptions(request.body, request.query);
  const found = list(context, request.query);
  const removals = found.items.map(async ({ metadata: { name, namespace } }) => {
    await remove({ ...context, name, namespace }, options).catch((error: unknown) => {
      if (!(error instanceof ApiError) || error.code !== 404) throw error;
    });
  });
  await Promise.all(removals);
  return { code: 200, body: await listBody(context, found) };
}
