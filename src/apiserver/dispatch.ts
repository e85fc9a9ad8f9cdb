/** From a request for a resource to the verb that answers it. */
import { ApiError, fieldError, invalid, methodNotAllowed, noSuchResource } from "./api-error.ts";
import type { ApiObject, JsonObject } from "./api-object.ts";
import { isReview } from "./builtin-resources.ts";
import { deleteOptions, remove } from "./delete.ts";
import { patch } from "./patch.ts";
import { get, list } from "./read.ts";
import { fieldManagerOf, verbOf, type ApiRequest, type Target } from "./request.ts";
import { groupVersion, inVersion, storageOf, type Resource } from "./resource.ts";
import type { ServerState } from "./server-state.ts";
import { answerReview } from "./reviews.ts";
import { answerSubresource } from "./subresources.ts";
import { create, update, type WriteContext } from "./write.ts";

export interface Reply {
  code: number;
  /** An object, a list, or a Status. */
  body: JsonObject;
  /** Plain text to send in place of the body. */
  text?: string;
  warnings: readonly string[];
}

/** Answers everything but watches. Throws ApiError. */
export async function dispatch(
  state: ServerState,
  request: ApiRequest,
  target: Target,
  resource: Resource,
): Promise<Reply> {
  const context = contextOf(request, target, resource);
  const { subresource } = context;
  if (subresource && !resource.subresources.includes(subresource)) throw noSuchResource();
  const verb = verbOf(request, target);
  if (isReview(resource)) {
    if (verb !== "create") throw methodNotAllowed();
    const body = answerReview(state, resource, request.user, request.body);
    return { code: 201, body, warnings: [] };
  }
  const special = subresource ? await answerSubresource(state, request, context) : undefined;
  if (special) return { ...special, warnings: context.warnings };
  if (!resource.verbs.includes(verb) && verb !== "get") throw methodNotAllowed();
  const reply = await answer(state, { request, context, verb });
  return { ...reply, warnings: context.warnings };
}

interface Asked {
  request: ApiRequest;
  context: WriteContext;
  verb: string;
}

async function answer(state: ServerState, asked: Asked): Promise<Omit<Reply, "warnings">> {
  const { request, context, verb } = asked;
  const { resource, namespace, name } = context;
  switch (verb) {
    case "get":
      return { code: 200, body: shown(get(state, resource, namespace, name!), resource) };
    case "list":
      return {
        code: 200,
        body: listBody(list(state, resource, namespace, request.query), resource),
      };
    case "create":
      if (name && !context.subresource) throw methodNotAllowed();
      return { code: 201, body: shown(await create(state, context, request.body), resource) };
    case "update":
      return { code: 200, body: shown(await update(state, context, request.body), resource) };
    case "patch": {
      const { contentType, body } = request;
      const force = request.query.get("force") === "true";
      const result = await patch(state, context, { contentType, body, force });
      return { code: result.created ? 201 : 200, body: shown(result.object, resource) };
    }
    case "delete":
      return deleted(state, asked);
    case "deletecollection":
      return deletedAll(state, asked);
    default:
      throw methodNotAllowed();
  }
}

function contextOf(request: ApiRequest, target: Target, resource: Resource): WriteContext {
  if (target.namespace && !resource.namespaced) throw noSuchResource();
  const { method, query } = request;
  if (resource.namespaced && !target.namespace && (method === "POST" || target.name)) {
    if (!isReview(resource)) throw noSuchResource();
  }
  return {
    resource,
    namespace: target.namespace,
    name: target.name,
    subresource: target.subresource,
    user: request.user,
    manager: fieldManagerOf(request),
    namedManager: query.has("fieldManager"),
    fieldValidation: query.get("fieldValidation") ?? "Warn",
    dryRun: dryRunOf(query, method),
    warnings: [],
  };
}

const OPTION_KINDS: Record<string, string> = {
  POST: "CreateOptions",
  PUT: "UpdateOptions",
  PATCH: "PatchOptions",
  DELETE: "DeleteOptions",
};

function dryRunOf(query: URLSearchParams, method: string): boolean {
  const given = query.getAll("dryRun").filter(Boolean);
  if (given.length === 0) return false;
  if (given.every((value) => value === "All")) return true;
  const subject = { group: "meta.k8s.io", plural: "", kind: OPTION_KINDS[method] ?? "Options" };
  throw invalid(subject, "", [fieldError.notSupported("dryRun", given, ["All"])]);
}

/** The object in the version of the request. */
function shown(object: ApiObject, resource: Resource): JsonObject {
  return inVersion(object, resource);
}

function listBody(result: ReturnType<typeof list>, resource: Resource): JsonObject {
  const { items, ...metadata } = result;
  return {
    kind: `${resource.kind}List`,
    apiVersion: groupVersion(resource),
    metadata: { ...metadata },
    items: items.map((item) => listItem(item, resource)),
  };
}

/** Items of built-in lists carry no kind of their own; custom ones do. */
function listItem(item: ApiObject, resource: Resource): JsonObject {
  if (resource.custom) return shown(item, resource);
  const { kind: _kind, apiVersion: _version, ...rest } = inVersion(item, resource);
  return rest;
}

/** Kinds whose deletion answers with the object that was deleted. */
const RETURNED = new Set(["Pod", "Service", "ServiceAccount"]);

async function deleted(
  state: ServerState,
  { request, context }: Asked,
): Promise<Omit<Reply, "warnings">> {
  const { resource, name = "" } = context;
  const options = deleteOptions(request.body, request.query);
  const { object, gone } = await remove(state, context, options);
  const withObject = !gone || (RETURNED.has(resource.kind) && !resource.custom);
  if (withObject) return { code: 200, body: shown(object, resource) };
  const { group, plural } = resource;
  const details = { name, ...(group ? { group } : {}), kind: plural, uid: object.metadata.uid };
  return {
    code: 200,
    body: { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details },
  };
}

async function deletedAll(
  state: ServerState,
  { request, context }: Asked,
): Promise<Omit<Reply, "warnings">> {
  const { resource, namespace } = context;
  const options = deleteOptions(request.body, request.query);
  const found = list(state, resource, namespace, request.query);
  const removals = found.items.map(async ({ metadata }) => {
    const one = { ...context, name: metadata.name, namespace: metadata.namespace };
    if (!state.store.get(storageOf(resource), metadata.namespace, metadata.name)) return;
    await remove(state, one, options).catch((error: unknown) => {
      if (!(error instanceof ApiError) || error.code !== 404) throw error;
    });
  });
  await Promise.all(removals);
  return { code: 200, body: listBody(found, resource) };
}
