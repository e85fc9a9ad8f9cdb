/** Subresources that are more than a part of their object: scale, token, eviction, binding, log. */
import {
  ApiError,
  badRequest,
  conflict,
  fieldError,
  invalid,
  methodNotAllowed,
  STALE,
} from "./api-error.ts";
import { isRecord, type ApiObject, type JsonObject } from "./api-object.ts";
import { deleteOptions, remove } from "./delete.ts";
import { jsonPatch, mergePatch } from "./json-patch.ts";
import { jsonPathValue } from "./json-path.ts";
import { get } from "./read.ts";
import type { ApiRequest } from "./request.ts";
import type { ServerState } from "./server-state.ts";
import { change, type WriteContext } from "./write.ts";

export interface SubresourceReply {
  code: number;
  body: JsonObject;
  /** Plain text to send in place of the body. */
  text?: string;
}

const SUCCESS: SubresourceReply = {
  code: 201,
  body: { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success" },
};

/** Answers for the subresources of this file; undefined for "status" and "finalize", which are plain writes. */
export function answerSubresource(
  state: ServerState,
  request: ApiRequest,
  context: WriteContext,
): Promise<SubresourceReply> | undefined {
  switch (context.subresource) {
    case "scale":
      return scale(state, request, context);
    case "token":
      return token(state, request, context);
    case "eviction":
      return evict(state, request, context);
    case "binding":
      return bind(state, request, context);
    case "log":
      return log(state, request, context);
    default:
      return undefined;
  }
}

async function log(
  state: ServerState,
  request: ApiRequest,
  context: WriteContext,
): Promise<SubresourceReply> {
  const pod = get(state, context.resource, context.namespace, context.name ?? "");
  if (!state.podLog) {
    const why = `no log of pod ${context.name}: nothing here runs pods, so nothing keeps their logs`;
    throw new ApiError(404, "NotFound", why);
  }
  const text = await state.podLog(pod, request.query);
  return { code: 200, body: {}, text };
}

async function token(
  state: ServerState,
  request: ApiRequest,
  context: WriteContext,
): Promise<SubresourceReply> {
  if (request.method !== "POST") throw methodNotAllowed();
  const body = (isRecord(request.body) ? request.body : {}) as unknown as ApiObject;
  const account = { namespace: context.namespace!, name: context.name! };
  return { code: 201, body: state.issueToken(context.resource, account, body) };
}

async function evict(
  state: ServerState,
  request: ApiRequest,
  context: WriteContext,
): Promise<SubresourceReply> {
  if (request.method !== "POST") throw methodNotAllowed();
  const body = isRecord(request.body) ? request.body : {};
  await remove(
    state,
    { ...context, subresource: undefined },
    deleteOptions(body.deleteOptions, request.query),
  );
  return SUCCESS;
}

async function bind(
  state: ServerState,
  request: ApiRequest,
  context: WriteContext,
): Promise<SubresourceReply> {
  const target = isRecord(request.body) ? request.body.target : undefined;
  const nodeName = isRecord(target) ? target.name : undefined;
  if (typeof nodeName !== "string") throw badRequest("target.name: Required value");
  await change(state, { ...context, subresource: undefined }, (pod) => {
    if (!pod.spec.nodeName) return { ...pod, spec: { ...pod.spec, nodeName } };
    throw conflict(
      context.resource,
      context.name!,
      `pod ${context.name} is already assigned to node "${pod.spec.nodeName}"`,
    );
  });
  return SUCCESS;
}

async function scale(
  state: ServerState,
  request: ApiRequest,
  context: WriteContext,
): Promise<SubresourceReply> {
  const { resource, namespace, name = "" } = context;
  const current = get(state, resource, namespace, name);
  if (request.method === "GET") return { code: 200, body: scaleOf(current) };
  const wanted = wantedScale(request, scaleOf(current));
  const replicas = isRecord(wanted.spec) ? Number(wanted.spec.replicas ?? 0) : 0;
  if (!Number.isInteger(replicas) || replicas < 0) {
    const subject = { group: "autoscaling", plural: "", kind: "Scale" };
    const why = "must be greater than or equal to 0";
    throw invalid(subject, name, [fieldError.invalid("spec.replicas", replicas, why)]);
  }
  const version = isRecord(wanted.metadata) ? wanted.metadata.resourceVersion : undefined;
  const scaled = await change(state, { ...context, subresource: undefined }, (object) => {
    if (request.method === "PUT" && version && version !== object.metadata.resourceVersion) {
      throw conflict(resource, name, STALE);
    }
    return {
      ...object,
      spec: { ...object.spec, replicas },
      metadata: { ...object.metadata, resourceVersion: "" },
    };
  });
  return { code: 200, body: scaleOf(scaled) };
}

function wantedScale(request: ApiRequest, current: JsonObject): JsonObject {
  const { method, contentType, body = null } = request;
  if (method !== "PUT" && method !== "PATCH") throw methodNotAllowed();
  const result =
    method === "PUT"
      ? body
      : contentType.includes("json-patch")
        ? jsonPatch(current, body)
        : mergePatch(current, body);
  if (!isRecord(result)) throw badRequest("the body is no Scale");
  return result;
}

function scaleOf(object: ApiObject): JsonObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const labels = (jsonPathValue(object, ".spec.selector.matchLabels") ?? {}) as Record<
    string,
    string
  >;
  const selector = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: {
      name,
      ...(namespace ? { namespace } : {}),
      uid,
      resourceVersion,
      creationTimestamp,
    },
    spec: { replicas: object.spec?.replicas ?? 0 },
    status: {
      replicas: object.status?.replicas ?? 0,
      ...(selector.length > 0 ? { selector: selector.join(",") } : {}),
    },
  };
}
