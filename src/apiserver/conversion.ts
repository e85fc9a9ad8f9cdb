/** Custom resources in the version that is asked for: the definition's webhook converts what is kept in another one. */
import { randomUUID } from "node:crypto";
import { applyDefaults, isRecord, textOf, type Json, type JsonObject } from "../schema/index.ts";
import { ApiError } from "./api-error.ts";
import type { ApiObject } from "./api-object.ts";
import { groupVersion, type Resource } from "./resource.ts";
import type { ServerState } from "./server-state.ts";
import type { ClientConfig } from "./webhook-address.ts";
import { callWebhook } from "./webhook-call.ts";

const DEFINITIONS = "apiextensions.k8s.io/customresourcedefinitions";
const TIMEOUT_SECONDS = 30;

interface ConversionWebhook {
  clientConfig: ClientConfig;
  conversionReviewVersions: string[];
}

/** The webhook that converts a kind; undefined when its versions differ in name only. */
export function conversionWebhook(
  state: ServerState,
  { custom, group, plural }: Resource,
): ConversionWebhook | undefined {
  if (!custom) return undefined;
  const definition = state.store.get(DEFINITIONS, undefined, `${plural}.${group}`);
  const { strategy, webhook } = definition?.spec.conversion ?? {};
  return strategy === "Webhook" ? webhook : undefined;
}

/** The objects in the version of `resource`, in one call of the webhook. Throws 500 when it fails. */
export async function converted(
  state: ServerState,
  objects: readonly ApiObject[],
  resource: Resource,
): Promise<ApiObject[]> {
  const webhook = conversionWebhook(state, resource);
  const wanted = groupVersion(resource);
  const others = objects.filter(({ apiVersion }) => apiVersion !== wanted);
  if (!webhook || others.length === 0) return [...objects];
  const answers = await ask(state, webhook, others, resource);
  return objects.map((object) =>
    object.apiVersion === wanted ? object : restored(answers.shift(), object, resource),
  );
}

/** The object as it is kept. */
export async function forStorage(
  state: ServerState,
  object: ApiObject,
  resource: Resource,
): Promise<ApiObject> {
  const { group, plural, storageVersion: version } = resource;
  const stored = state.registry.find(group, version, plural) ?? { ...resource, version };
  const [kept] = await converted(state, [object], stored);
  return kept!;
}

/** A webhook may change labels and annotations, and no other metadata. */
function restored(answer: Json | undefined, from: ApiObject, resource: Resource): ApiObject {
  const given = (isRecord(answer) ? answer : {}) as unknown as ApiObject;
  const { labels, annotations } = given.metadata ?? {};
  const { labels: _labels, annotations: _annotations, ...metadata } = from.metadata;
  const object = {
    ...given,
    metadata: { ...metadata, ...(labels && { labels }), ...(annotations && { annotations }) },
  };
  return applyDefaults(object as unknown as Json, resource.schema ?? {}) as unknown as ApiObject;
}

async function ask(
  state: ServerState,
  { clientConfig, conversionReviewVersions }: ConversionWebhook,
  objects: readonly ApiObject[],
  resource: Resource,
): Promise<Json[]> {
  const version = conversionReviewVersions.find((one) => one === "v1" || one === "v1beta1");
  const review: JsonObject = {
    kind: "ConversionReview",
    apiVersion: `apiextensions.k8s.io/${version ?? "v1"}`,
    request: {
      uid: randomUUID(),
      desiredAPIVersion: groupVersion(resource),
      objects: objects as unknown as Json[],
    },
  };
  const from = objects[0]!.apiVersion;
  try {
    return answered(await callWebhook(state.store, clientConfig, review, TIMEOUT_SECONDS), objects);
  } catch (error) {
    const what = `conversion webhook for ${from}, Kind=${resource.kind} failed`;
    throw new ApiError(500, "", `${what}: ${(error as Error).message}`);
  }
}

function answered(response: JsonObject, objects: readonly ApiObject[]): Json[] {
  const { result, convertedObjects: answers } = response;
  const { status, message }: JsonObject = isRecord(result) ? result : {};
  if (status !== "Success") throw new Error(textOf(message) || "no success, and no word why");
  if (Array.isArray(answers) && answers.length === objects.length) return [...answers];
  throw new Error(`not as many objects came back as were sent: ${objects.length}`);
}
