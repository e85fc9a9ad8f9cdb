/** What a speaker keeps of each object: with ten thousand services the rest would be most of its memory. */

import { preemptAnnotation } from "../config/index.ts";
import type { ObjectMeta, Service, ServiceL2Status } from "../kube/index.ts";
import type { ServiceStatus } from "../status/index.ts";

/** Annotations that later releases look at, and ours; any other is as good as absent. */
const READ_ANNOTATIONS = [
  "metallb.io/allow-shared-ip",
  "metallb.universe.tf/allow-shared-ip",
  preemptAnnotation,
];

export function projectService({ metadata, spec, status }: Service): Service {
  const { type, externalTrafficPolicy, loadBalancerClass } = spec;
  const ingress = status?.loadBalancer?.ingress;
  const annotations = Object.entries(metadata.annotations ?? {}).filter(([key]) => {
    return READ_ANNOTATIONS.includes(key);
  });
  return {
    metadata: {
      ...projectMetadata(metadata),
      ...projectLabels(metadata),
      ...(annotations.length > 0 && { annotations: Object.fromEntries(annotations) }),
    },
    spec: {
      ...(type !== undefined && { type }),
      ...(externalTrafficPolicy !== undefined && { externalTrafficPolicy }),
      ...(loadBalancerClass !== undefined && { loadBalancerClass }),
    },
    ...(ingress !== undefined && { status: { loadBalancer: { ingress } } }),
  };
}

/** Conditions are others' to write, and nobody here reads them. */
export function projectServiceStatus({ metadata, status }: ServiceStatus): ServiceStatus {
  const { conditions: _, ...compared } = (status ?? {}) as NonNullable<ServiceL2Status["status"]>;
  const { ownerReferences } = metadata;
  return {
    metadata: {
      ...projectMetadata(metadata),
      ...projectLabels(metadata),
      ...(ownerReferences !== undefined && { ownerReferences }),
    },
    ...(status !== undefined && { status: compared }),
  };
}

function projectMetadata({ name, namespace, uid, resourceVersion }: ObjectMeta): ObjectMeta {
  return {
    name,
    ...(namespace !== undefined && { namespace }),
    ...(uid !== undefined && { uid }),
    ...(resourceVersion !== undefined && { resourceVersion }),
  };
}

function projectLabels({ labels }: ObjectMeta): Pick<ObjectMeta, "labels"> {
  return labels === undefined ? {} : { labels };
}
