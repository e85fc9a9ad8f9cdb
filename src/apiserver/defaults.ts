/** What the real server fills in when a client leaves it out. */
import type { ApiObject } from "./api-object.ts";
import type { Resource } from "./resource.ts";

type Fill = (object: ApiObject) => ApiObject;

/** Returns the object with defaults; the given one is not changed. */
export function withDefaults(object: ApiObject, resource: Resource): ApiObject {
  const fill = resource.custom ? undefined : FILLS[resource.kind];
  return fill ? fill(object) : object;
}

const FILLS: Record<string, Fill> = {
  Namespace(object) {
    const labels = {
      "kubernetes.io/metadata.name": object.metadata.name,
      ...object.metadata.labels,
    };
    return {
      ...object,
      metadata: { ...object.metadata, labels },
      spec: { finalizers: ["kubernetes"], ...object.spec },
      status: { phase: "Active", ...object.status },
    };
  },
};
