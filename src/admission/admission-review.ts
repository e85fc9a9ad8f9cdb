/** The envelope of an admission review: the request that came in, and the answer for it (WH-8). */

import { isRecord, parseJsonObject, textOf, type JsonObject } from "./json-text.ts";

/** What the API server asks about; `object` is absent in a deletion, `oldObject` in a creation. */
export interface AdmissionRequest {
  readonly uid: string;
  readonly kind: string;
  readonly operation: string;
  readonly namespace: string;
  readonly object?: JsonObject;
  readonly oldObject?: JsonObject;
}

export interface AdmissionResponse {
  readonly allowed: boolean;
  readonly status?: { readonly code: number; readonly message: string; readonly reason?: string };
  readonly warnings?: readonly string[];
}

export interface AdmissionReview {
  /** The version to answer in. */
  readonly apiVersion: string;
  readonly request: AdmissionRequest;
}

export type AdmissionReviewResult =
  | { readonly ok: true; readonly review: AdmissionReview }
  | { readonly ok: false; readonly error: string };

const group = "admission.k8s.io";
const versions = [`${group}/v1`, `${group}/v1beta1`];

/** The review in `text`, or why it is none. */
export function readAdmissionReview(text: string): AdmissionReviewResult {
  const json = parseJsonObject(text);
  if (!json.ok) return json;
  const { apiVersion, kind, request } = json.object;
  if (kind !== "AdmissionReview" || !versions.includes(textOf(apiVersion))) {
    return { ok: false, error: `the body is no AdmissionReview of ${versions.join(" or ")}` };
  }
  if (!isRecord(request) || typeof request.uid !== "string" || request.uid === "") {
    return { ok: false, error: "the AdmissionReview has no request with a uid" };
  }
  const { uid, operation, namespace, object, oldObject } = request;
  return {
    ok: true,
    review: {
      apiVersion: textOf(apiVersion),
      request: {
        uid,
        kind: isRecord(request.kind) ? textOf(request.kind.kind) : "",
        operation: textOf(operation),
        namespace: textOf(namespace),
        ...(isRecord(object) ? { object } : {}),
        ...(isRecord(oldObject) ? { oldObject } : {}),
      },
    },
  };
}

/** The whole answer as text; without a review (what came was none) in the newest version. */
export function writeAdmissionReview(
  response: AdmissionResponse,
  { apiVersion, request }: Partial<AdmissionReview> = {},
): string {
  return JSON.stringify({
    apiVersion: apiVersion ?? versions[0],
    kind: "AdmissionReview",
    response: { uid: request?.uid ?? "", ...response },
  });
}

/** The request could not be judged: `code` as in HTTP. */
export function failed(code: 400 | 500, message: string): AdmissionResponse {
  return { allowed: false, status: { code, message } };
}

export function denied(message: string): AdmissionResponse {
  return { allowed: false, status: { code: 403, reason: "Forbidden", message } };
}
