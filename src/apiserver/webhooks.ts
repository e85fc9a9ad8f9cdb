/** Admission webhooks: which ones a write concerns, the AdmissionReview each gets, and what its answer means. */
import { randomUUID } from "node:crypto";
import { matchesLabels, type LabelSelector } from "../kube/index.ts";
import type { Json, JsonObject } from "../schema/index.ts";
import { ApiError } from "./api-error.ts";
import { type ApiObject } from "./api-object.ts";
import { jsonPatch } from "./json-patch.ts";
import { converted } from "./conversion.ts";
import { groupVersion, storageOf, type Resource } from "./resource.ts";
import type { Admission, ServerState } from "./server-state.ts";
import type { ClientConfig } from "./webhook-address.ts";
import { callWebhook } from "./webhook-call.ts";

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
  matchPolicy?: string;
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
  for (const concern of concerned(state, "mutatingwebhookconfigurations", admission)) {
    const response = await ask(state, concern, { ...admission, object });
    if (!response?.patch || !object) continue;
    const operations = JSON.parse(Buffer.from(response.patch, "base64").toString()) as Json;
    const seen = await inSeenVersion(state, object, concern.seen);
    const patched = jsonPatch(seen, operations) as unknown as ApiObject;
    object = (await converted(state, [patched], admission.resource))[0];
  }
  return object;
}

/** Asks every validating webhook. Throws when one refuses, or fails and must not be passed over. */
export async function reviewByWebhooks(state: ServerState, admission: Admission): Promise<void> {
  const concerns = concerned(state, "validatingwebhookconfigurations", admission);
  await Promise.all(concerns.map((concern) => ask(state, concern, admission)));
}

/** A webhook, and the version of the resource that it sees. */
interface Concern {
  webhook: Webhook;
  seen: Resource;
}

function concerned(state: ServerState, plural: string, admission: Admission): Concern[] {
  // Webhooks are never asked about webhooks, so that a bad one can be removed.
  if (admission.resource.group === GROUP) return [];
  const configurations = state.store.list(`${GROUP}/${plural}`);
  const webhooks = configurations.flatMap((one) => (one.webhooks ?? []) as Webhook[]);
  return webhooks.flatMap((webhook) => {
    const seen = seenVersion(state, webhook, admission);
    return seen && selects(state, webhook, admission) ? [{ webhook, seen }] : [];
  });
}

/** The version that was asked for, or another one of the same resource if only that has a rule ("Equivalent"). */
function seenVersion(
  state: ServerState,
  { rules = [], matchPolicy }: Webhook,
  admission: Admission,
): Resource | undefined {
  const { resource } = admission;
  const isCovered = (one: Resource) =>
    rules.some((rule) => covers(rule, { ...admission, resource: one }));
  if (isCovered(resource)) return resource;
  if (matchPolicy === "Exact") return undefined;
  const storage = storageOf(resource);
  return state.registry.all().find((one) => storageOf(one) === storage && isCovered(one));
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

async function inSeenVersion(
  state: ServerState,
  object: ApiObject,
  seen: Resource,
): Promise<JsonObject> {
  const [found] = await converted(state, [object], seen);
  return { ...found!, apiVersion: groupVersion(seen), kind: seen.kind } as unknown as JsonObject;
}

async function reviewFor(
  state: ServerState,
  admission: Admission,
  seen: Resource,
): Promise<JsonObject> {
  const { resource, subresource, user, operation, name, namespace, dryRun } = admission;
  const { group, kind, plural } = resource;
  const shown = async (object: ApiObject | undefined): Promise<Json> =>
    object ? inSeenVersion(state, object, seen) : null;
  const kindIn = ({ version }: Resource) => ({ group, version, kind });
  const resourceIn = ({ version }: Resource) => ({ group, version, resource: plural });
  return {
    kind: "AdmissionReview",
    apiVersion: "admission.k8s.io/v1",
    request: {
      uid: randomUUID(),
      kind: kindIn(seen),
      resource: resourceIn(seen),
      requestKind: kindIn(resource),
      requestResource: resourceIn(resource),
      ...(subresource ? { subResource: subresource, requestSubResource: subresource } : {}),
      name,
      ...(namespace ? { namespace } : {}),
      operation,
      userInfo: { username: user.name, groups: [...user.groups] },
      object: await shown(admission.object),
      oldObject: await shown(admission.oldObject),
      dryRun,
      options: null,
    },
  };
}

async function ask(
  state: ServerState,
  { webhook, seen }: Concern,
  admission: Admission,
): Promise<Response | undefined> {
  const { clientConfig, timeoutSeconds = 10 } = webhook;
  let response: Response;
  try {
    const review = await reviewFor(state, admission, seen);
    response = await callWebhook(state.store, clientConfig, review, timeoutSeconds);
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
  admission.warnings.push(...(response.warnings ?? []));
  if (response.allowed) return response;
  const { message, code = 400, reason = "" } = response.status ?? {};
  const ending = message ? `: ${message}` : " without explanation";
  const refusal = `admission webhook "${webhook.name}" denied the request${ending}`;
  throw new ApiError(code, reason, refusal);
}
