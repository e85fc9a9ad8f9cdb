/** The conversion webhook of the API server: a review in, every object converted or one reason out (CRD-14). */

import { convertBgpPeer } from "./bgp-peer-conversion.ts";
import { isRecord, parseJsonObject, textOf, type JsonObject } from "./json-text.ts";

export const conversionPath = "/convert";

const group = "apiextensions.k8s.io";
const versions = [`${group}/v1`, `${group}/v1beta1`];

export interface ConversionAnswer {
  /** False: what came was no conversion review. */
  readonly isReview: boolean;
  /** A ConversionReview in the version of the request. */
  readonly text: string;
}

/** Answers the review in `text`; the order of objects is kept. */
export function convertReview(text: string): ConversionAnswer {
  const json = parseJsonObject(text);
  if (!json.ok) return noReview(json.error);
  const { apiVersion, kind, request } = json.object;
  if (kind !== "ConversionReview" || !versions.includes(textOf(apiVersion))) {
    return noReview(`the body is no ConversionReview of ${versions.join(" or ")}`);
  }
  if (!isRecord(request) || typeof request.uid !== "string" || !Array.isArray(request.objects)) {
    return noReview("the ConversionReview has no request with a uid and objects");
  }
  const { uid, desiredAPIVersion, objects } = request;
  const convertedObjects: JsonObject[] = [];
  for (const object of objects) {
    const result = convertBgpPeer(object, desiredAPIVersion);
    if (!result.ok) return answer(true, apiVersion, { uid, ...failure(result.error) });
    convertedObjects.push(result.object);
  }
  return answer(true, apiVersion, { uid, convertedObjects, result: { status: "Success" } });
}

function noReview(error: string): ConversionAnswer {
  return answer(false, versions[0], { uid: "", ...failure(error) });
}

function failure(message: string): JsonObject {
  return { convertedObjects: [], result: { status: "Failed", message } };
}

function answer(isReview: boolean, apiVersion: unknown, response: JsonObject): ConversionAnswer {
  return { isReview, text: JSON.stringify({ apiVersion, kind: "ConversionReview", response }) };
}
