/** PATCH: which of the four patch types a request carries, and what it makes of the current object. */
import { formatJson } from "../kube/index.ts";
import { type Json, type JsonObject, fieldError, isRecord } from "../schema/index.ts";
import { ApiError, badRequest, invalid } from "./api-error.ts";
import { type ApiObject } from "./api-object.ts";
import { decode } from "./decode.ts";
import { jsonPatch, mergePatch } from "./json-patch.ts";
import { serverSideApply } from "./server-side-apply.ts";
import type { ApiRequest } from "./request.ts";
import { inVersion } from "./resource.ts";
import { strategicPatch } from "./strategic-patch.ts";
import { change, type WriteContext } from "./write.ts";

const JSON_PATCH = "application/json-patch+json";
const MERGE_PATCH = "application/merge-patch+json";
export const STRATEGIC_PATCH = "application/strategic-merge-patch+json";
const APPLY_PATCH = "application/apply-patch+yaml";

export const PATCH_TYPES = [JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH];

/** Applies a patch; the object is made when a server-side apply names one that does not exist. */
export async function patch(
  context: WriteContext,
  request: ApiRequest,
): Promise<{ object: ApiObject; created: boolean }> {
  const { resource } = context;
  const { contentType, body = null } = request;
  if (contentType === APPLY_PATCH)
    return serverSideApply(context, body, request.query.get("force") === "true");
  const supported = PATCH_TYPES.filter((type) => !resource.custom || type !== STRATEGIC_PATCH);
  if (!supported.includes(contentType)) throw unsupportedPatch(contentType, supported);
  const object = await change(context, (current) => patched(current, contentType, body, context));
  return { object, created: false };
}

function unsupportedPatch(contentType: string, supported: string[]): ApiError {
  const accepted =
    "the body of the request was in an unknown format - accepted media types include: " +
    supported.join(", ");
  return contentType === STRATEGIC_PATCH
    ? new ApiError(415, "UnsupportedMediaType", accepted)
    : new ApiError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {});
}

function patched(
  current: ApiObject,
  contentType: string,
  body: Json,
  context: WriteContext,
): ApiObject {
  const { resource } = context;
  const versioned = inVersion(current, resource) as unknown as JsonObject;
  if (contentType !== JSON_PATCH && !isRecord(body)) {
    throw badRequest(
      "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}",
    );
  }
  const result =
    contentType === JSON_PATCH
      ? jsonPatch(versioned, body)
      : contentType === MERGE_PATCH
        ? mergePatch(versioned, body)
        : strategicPatch(versioned, body, resource.schema);
  const { object, warnings } = decodePatched(result, context);
  for (const warning of warnings)
    if (!context.warnings.includes(warning)) context.warnings.push(warning);
  // A patch that does not speak of the version is meant for whatever version is current.
  if (
    object.metadata.resourceVersion === current.metadata.resourceVersion &&
    !speaksOfVersion(body)
  ) {
    const { resourceVersion: _version, ...metadata } = object.metadata;
    return { ...object, metadata: { ...metadata, resourceVersion: "" } };
  }
  return object;
}

function decodePatched(result: Json, context: WriteContext) {
  try {
    return decode(result, context.resource, context.fieldValidation);
  } catch (error) {
    if (!(error instanceof ApiError) || error.message.includes("strict decoding error"))
      throw error;
    const why = error.message.replace(/^.* cannot be handled as a \w+: /, "");
    const subject = { group: "", plural: "", kind: "" };
    throw invalid(subject, "", [fieldError.invalid("patch", formatJson(result), why)]);
  }
}

function speaksOfVersion(body: Json): boolean {
  if (Array.isArray(body))
    return body.some((one) => isRecord(one) && one.path === "/metadata/resourceVersion");
  return isRecord(body) && isRecord(body.metadata) && body.metadata.resourceVersion !== undefined;
}
