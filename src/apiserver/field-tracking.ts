/** managedFields: who set which field last. */
import type { ApiObject } from "./api-object.ts";
import type { Resource } from "./resource.ts";

export interface Writer {
  manager: string;
  subresource: string | undefined;
  now: string;
}

/** The new object with managedFields brought up to date for a plain write (create, update, patch). */
export function trackWrite(
  object: ApiObject,
  _old: ApiObject | undefined,
  _resource: Resource,
  _by: Writer,
): ApiObject {
  return object;
}
