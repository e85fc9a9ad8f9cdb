/** Events live once and show in two forms: core/v1 (as stored) and events.k8s.io/v1. */
import type { ApiObject } from "./api-object.ts";

/** core/v1 field to its name in events.k8s.io/v1. */
const NAMES: readonly (readonly [string, string])[] = [
  ["involvedObject", "regarding"],
  ["message", "note"],
  ["source", "deprecatedSource"],
  ["firstTimestamp", "deprecatedFirstTimestamp"],
  ["lastTimestamp", "deprecatedLastTimestamp"],
  ["count", "deprecatedCount"],
  ["reportingComponent", "reportingController"],
];

function renamed(object: ApiObject, from: 0 | 1, apiVersion: string): ApiObject {
  const copy: ApiObject = { ...object, apiVersion };
  for (const pair of NAMES) {
    const [old, fresh] = [pair[from], pair[1 - from]!];
    if (copy[old] === undefined) continue;
    copy[fresh] = copy[old];
    delete copy[old];
  }
  return copy;
}

export function toEventsV1(event: ApiObject): ApiObject {
  return renamed(event, 0, "events.k8s.io/v1");
}

export function fromEventsV1(event: ApiObject): ApiObject {
  return renamed(event, 1, "v1");
}
