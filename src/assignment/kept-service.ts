/** What the controller keeps of a Service: enough to judge it, and to store its metadata and status again (CTL-6). */
import type { Service } from "../kube/index.ts";

type Spec = Service["spec"];

/** The fields that the rules look at; the status subresource ignores the spec that is sent with a write. */
const specFields = [
  "type",
  "clusterIP",
  "clusterIPs",
  "ipFamilies",
  "ipFamilyPolicy",
  "selector",
  "externalTrafficPolicy",
  "loadBalancerIP",
  "loadBalancerClass",
] as const satisfies readonly (keyof Spec)[];

/**
 * Metadata and status stay whole but for the managers of fields, which the server keeps when a write
 * does not name them: whatever else was left out would be deleted by the next write.
 */
export function keptService({ metadata, spec, status }: Service): Service {
  const { managedFields: _, ...kept } = metadata as Service["metadata"] & {
    managedFields?: unknown;
  };
  const looked: Spec = {};
  for (const field of specFields) {
    if (spec[field] !== undefined) Object.assign(looked, { [field]: spec[field] });
  }
  if (spec.ports !== undefined) {
    looked.ports = spec.ports.map(({ protocol, port }) =>
      protocol ? { protocol, port } : { port },
    );
  }
  return { metadata: kept, spec: looked, ...(status && { status }) };
}
