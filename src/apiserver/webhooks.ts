/** Admission webhooks: which ones a write concerns, the AdmissionReview each gets, and what its answer means. */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { request as plainRequest, type IncomingMessage } from "node:http";
import { request as tlsRequest, type RequestOptions } from "node:https";
import { text } from "node:stream/consumers";
import { formatJson, matchesLabels, parseJson, type LabelSelector } from "../kube/index.ts";
import { type Json, type JsonObject, isRecord } from "../schema/index.ts";
import { ApiError } from "./api-error.ts";
import { type ApiObject } from "./api-object.ts";
import { jsonPatch } from "./json-patch.ts";
import { groupVersion } from "./resource.ts";
import type { Admission, ServerState } from "./server-state.ts";
import { webhookUrl, type ClientConfig } from "./webhook-address.ts";

interface Rule {
  operations?: string[];
  apiGroups?: string[];
  apiVersions?: string[];
  resources?: string[];
  scope?: string;
}

interface Webhook {
  name: string;
  clientConfig: ClientConfig;
  rules?: Rule[];
  failurePolicy?: string;
  namespaceSelector?: LabelSelector;
  objectSelector?: LabelSelector;
  timeoutSeconds?: number;
}

interface Response {
  allowed?: boolean;
  status?: { message?: string; code?: number; reason?: string };
  patch?: string;
  patchType?: string;
  warnings?: string[];
}

const GROUP = "admissionregistration.k8s.io";

/** Asks every mutating webhook in turn; the object as they leave it. */
export async function mutateByWebhooks(
  state: ServerState,
  admission: Admission,
): Promise<ApiObject | undefined> {
  let { object } = admission;
  for (const webhook of concerned(state, "mutatingwebhookconfigurations", admission)) {
    const response = await ask(state, webhook, { ...admission, object });
    if (!response?.patch || !object) continue;
    const operations = JSON.parse(Buffer.from(response.patch, "base64").toString()) as Json;
    object = jsonPatch(object, operations) as unknown as ApiObject;
  }
  return object;
}

/** Asks every validating webhook. Throws when one refuses, or fails and must not be passed over. */
export async function reviewByWebhooks(state: ServerState, admission: Admission): Promise<void> {
  const webhooks = concerned(state, "validatingwebhookconfigurations", admission);
  await Promise.all(webhooks.map((webhook) => ask(state, webhook, admission)));
}

function concerned(state: ServerState, plural: string, admission: Admission): Webhook[] {
  // Webhooks are never asked about webhooks, so that a bad one can be removed.
  if (admission.resource.group === GROUP) return [];
  const configurations = state.store.list(`${GROUP}/${plural}`);
  const webhooks = configurations.flatMap((one) => (one.webhooks ?? []) as Webhook[]);
  return webhooks.filter(
    (webhook) =>
      webhook.rules?.some((rule) => covers(rule, admission)) && selects(state, webhook, admission),
  );
}

function covers(rule: Rule, { operation, resource, subresource }: Admission): boolean {
  const { group, version, plural, namespaced } = resource;
  const has = (words: string[] | undefined, ...wanted: string[]) =>
    words?.some((one) => wanted.includes(one)) ?? false;
  const resources = subresource
    ? ["*/*", `${plural}/${subresource}`, `${plural}/*`, `*/${subresource}`]
    : ["*/*", plural, "*"];
  return (
    has(rule.operations, operation, "*") &&
    has(rule.apiGroups, group, "*") &&
    has(rule.apiVersions, version, "*") &&
    has(rule.resources, ...resources) &&
    has([rule.scope ?? "*"], namespaced ? "Namespaced" : "Cluster", "*")
  );
}

function selects(
  state: ServerState,
  webhook: Webhook,
  { object, oldObject, namespace }: Admission,
): boolean {
  const objectMatches = [object, oldObject].some(
    (one) => one && matchesLabels(webhook.objectSelector ?? {}, one.metadata.labels ?? {}),
  );
  if (!objectMatches) return false;
  const space = namespace ? state.store.get("/namespaces", undefined, namespace) : undefined;
  return !space || matchesLabels(webhook.namespaceSelector ?? {}, space.metadata.labels ?? {});
}

function reviewFor(admission: Admission): JsonObject {
  const { resource, subresource, user, operation, name, namespace, dryRun } = admission;
  const { group, version, kind, plural } = resource;
  const shown = (object: ApiObject | undefined): Json =>
    object ? ({ ...object, apiVersion: groupVersion(resource), kind } as unknown as Json) : null;
  const gvk = { group, version, kind };
  const gvr = { group, version, resource: plural };
  return {
    kind: "AdmissionReview",
    apiVersion: "admission.k8s.io/v1",
    request: {
      uid: randomUUID(),
      kind: gvk,
      resource: gvr,
      requestKind: gvk,
      requestResource: gvr,
      ...(subresource ? { subResource: subresource, requestSubResource: subresource } : {}),
      name,
      ...(namespace ? { namespace } : {}),
      operation,
      userInfo: { username: user.name, groups: [...user.groups] },
      object: shown(admission.object),
      oldObject: shown(admission.oldObject),
      dryRun,
      options: null,
    },
  };
}

async function ask(
  state: ServerState,
  webhook: Webhook,
  admission: Admission,
): Promise<Response | undefined> {
  let response: Response;
  try {
    response = await call(state, webhook, reviewFor(admission));
  } catch (error) {
    const why = (error as Error).message;
    if (webhook.failurePolicy === "Ignore") {
      const msg = "failed calling webhook, passed over";
      state.log({ level: "warn", msg, webhook: webhook.name, error: why });
      return undefined;
    }
    const message = `failed calling webhook "${webhook.name}": ${why}`;
    const causes = [{ message }];
    throw new ApiError(500, "InternalError", `Internal error occurred: ${message}`, { causes });
  }
  if (response.allowed) return response;
  const { message, code = 400, reason = "" } = response.status ?? {};
  const ending = message ? `: ${message}` : " without explanation";
  const refusal = `admission webhook "${webhook.name}" denied the request${ending}`;
  throw new ApiError(code, reason, refusal);
}

async function call(state: ServerState, webhook: Webhook, review: JsonObject): Promise<Response> {
  const { clientConfig, timeoutSeconds = 10 } = webhook;
  const { url, serverName } = webhookUrl(state.store, clientConfig);
  const ca = clientConfig.caBundle ? Buffer.from(clientConfig.caBundle, "base64") : undefined;
  const reply = await post(url, formatJson(review), {
    ...(ca ? { ca } : {}),
    ...(serverName ? { servername: serverName } : {}),
    signal: AbortSignal.timeout(timeoutSeconds * 1000),
  });
  const body = await text(reply);
  if (reply.statusCode !== 200)
    throw new Error(`Post "${url}": answered ${reply.statusCode}: ${body.slice(0, 200)}`);
  const parsed = parseJson(body) as Json;
  if (!isRecord(parsed) || !isRecord(parsed.response))
    throw new Error(`Post "${url}": the answer is no AdmissionReview`);
  return parsed.response;
}

/** A connection of its own for each call: a webhook's address and authority may change any time. */
async function post(url: string, body: string, options: RequestOptions): Promise<IncomingMessage> {
  const send = url.startsWith("https:") ? tlsRequest : plainRequest;
  const headers = { "content-type": "application/json" };
  const request = send(url, { ...options, method: "POST", agent: false, headers });
  // What fails after the answer began is told to its reader.
  request.on("error", () => undefined);
  request.end(body);
  const [reply] = (await once(request, "response")) as [IncomingMessage];
  return reply;
}
