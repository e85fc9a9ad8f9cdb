/** How we name one object of a kind: `namespace/name`, or the bare name when the kind has no namespaces. */

import type { ObjectMeta } from "./objects.ts";

type Named = Pick<ObjectMeta, "name" | "namespace">;

/** `namespace/name`, or `name` for a cluster-wide object. */
export function objectKey(meta: Named): string {
  return meta.namespace ? `${meta.namespace}/${meta.name}` : meta.name;
}

/** The key of a Service, `namespace/name`: the name it has in logs, metrics and the allocator. */
export const serviceKey: (meta: Named) => string = objectKey;
