/** Subresources that are more than a part of their object: scale, token, eviction, binding, log. */
import { type Json, type JsonObject, fieldError, isRecord } from "../schema/index.ts";
import { ApiError, badRequest, conflict, invalid, methodNotAllowed, STALE } from "./api-error.ts";
import { valueAt, type ApiObject } from "./api-object.ts";
import { deleteOptions, remove } from "./delete.ts";
import { jsonPatch, mergePatch } from "./json-patch.ts";
import { get } from "./read.ts";
import type { ApiRequest } from "./request.ts";
import { change, type WriteContext } from "./write.ts";

/** What a request is answered with: a body, or plain text in place of it. */
export interface Answer {
  code: number;
  /** An object, a list, or a Status. */
  body: JsonObject;
  text?: string;
}

type Subresource = (request: ApiRequest, context: WriteContext) => Promise<Answer>;

const SUCCESS: Answer = {
  code: 201,
  body: { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success" },
};

/** By name; what is missing here, "status" and "finalize", are plain writes. */
export const SUBRESOURCES: Record<string, Subresource> = { scale, token, eviction, binding, log };

async function log(request: ApiRequest, context: WriteContext): Promise<Answer> {
  const pod = get(context);
  const { podLog } = context.state;
  if (podLog) return { code: 200, body: {}, text: await podLog(pod, request.query) };
  const why = `no log of pod ${context.name}: nothing here runs pods, so nothing keeps their logs`;
  throw new ApiError(404, "NotFound", why);
}

async function token(request: ApiRequest, context: WriteContext): Promise<Answer> {
  const { state, resource, namespace = "", name = "" } = context;
  if (request.method !== "POST") throw methodNotAllowed();
  const body = (isRecord(request.body) ? request.body : {}) as unknown as ApiObject;
  return { code: 201, body: state.accounts.issue(resource, { namespace, name }, body) };
}

async function eviction(request: ApiRequest, context: WriteContext): Promise<Answer> {
  if (request.method !== "POST") throw methodNotAllowed();
  const body = isRecord(request.body) ? request.body : {};
  const options = deleteOptions(body.deleteOptions, request.query);
  await remove({ ...context, subresource: undefined }, options);
  return SUCCESS;
}

async function binding({ body }: ApiRequest, context: WriteContext): Promise<Answer> {
  const nodeName = valueAt(body, "target.name");
  if (typeof nodeName !== "string") throw badRequest("target.name: Required value");
  await change({ ...context, subresource: undefined }, (pod) => {
    if (!pod.spec.nodeName) return { ...pod, spec: { ...pod.spec, nodeName } };
    const why = `pod ${context.name} is already assigned to node "${pod.spec.nodeName}"`;
    throw conflict(context.resource, context.name!, why);
  });
  return SUCCESS;
}

async function scale(request: ApiRequest, context: WriteContext): Promise<Answer> {
  const { resource, name = "" } = context;
  const current = get(context);
  if (request.method === "GET") return { code: 200, body: scaleOf(current) };
  const wanted = wantedScale(request, scaleOf(current));
  const replicas = Number(valueAt(wanted, "spec.replicas") ?? 0);
  if (!Number.isInteger(replicas) || replicas < 0) {
    const subject = { group: "autoscaling", plural: "", kind: "Scale" };
    const why = "must be greater than or equal to 0";
    throw invalid(subject, name, [fieldError.invalid("spec.replicas", replicas, why)]);
  }
  const version = request.method === "PUT" && valueAt(wanted, "metadata.resourceVersion");
  const scaled = await change({ ...context, subresource: undefined }, (object) => {
    const { metadata, spec } = object;
    if (version && version !== metadata.resourceVersion) throw conflict(resource, name, STALE);
    const unversioned = { ...metadata, resourceVersion: "" };
    return { ...object, spec: { ...spec, replicas }, metadata: unversioned };
  });
  return { code: 200, body: scaleOf(scaled) };
}

function wantedScale(request: ApiRequest, current: JsonObject): Json {
  const { method, contentType, body = null } = request;
  if (method === "PUT") return body;
  if (method !== "PATCH") throw methodNotAllowed();
  return contentType.includes("json-patch") ? jsonPatch(current, body) : mergePatch(current, body);
}

function scaleOf({ metadata, spec, status }: ApiObject): JsonObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata;
  const labels = Object.entries(spec?.selector?.matchLabels ?? {});
  const selector = labels.map(([key, value]) => `${key}=${String(value)}`).join(",");
  const space = namespace ? { namespace } : {};
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, ...space, uid, resourceVersion, creationTimestamp },
    spec: { replicas: spec?.replicas ?? 0 },
    status: { replicas: status?.replicas ?? 0, ...(selector ? { selector } : {}) },
  };
}
