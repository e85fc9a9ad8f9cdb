/** Field errors of a whole object: its metadata, its schema, and the rules of its kind. */
import { invalid, type Cause } from "./api-error.ts";
import type { ApiObject } from "./api-object.ts";
import { metadataErrors } from "./object-metadata.ts";
import type { Resource } from "./resource.ts";

/** Throws 422 with every cause found. */
export function validate(object: ApiObject, resource: Resource, old?: ApiObject): void {
  const causes: Cause[] = metadataErrors(object, resource, old);
  if (causes.length > 0) throw invalid(resource, object.metadata.name, causes);
}
