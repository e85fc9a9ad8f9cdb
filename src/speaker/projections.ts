/** What a speaker keeps of each object: with ten thousand services the rest would be most of its memory. */

import type { Endpoints, EndpointSlice, Node, ObjectMeta, Service } from "../kube/index.ts";

export function projectService({ metadata, spec, status }: Service): Service {
  const { type } = spec;
  const ingress = status?.loadBalancer?.ingress;
  return {
    metadata: projectMetadata(metadata),
    spec: { ...(type !== undefined && { type }) },
    ...(ingress !== undefined && { status: { loadBalancer: { ingress } } }),
  };
}

export function projectNode({ metadata, status }: Node): Node {
  const conditions = (status?.conditions ?? []).map(({ type, status: value }) => ({
    type,
    status: value,
  }));
  return { metadata: projectMetadata(metadata), status: { conditions } };
}

export function projectSlice({ metadata, addressType, endpoints }: EndpointSlice): EndpointSlice {
  const { labels } = metadata;
  return {
    metadata: { ...projectMetadata(metadata), ...(labels !== undefined && { labels }) },
    addressType,
    endpoints: (endpoints ?? []).map(({ nodeName, conditions }) => ({
      addresses: [],
      ...(nodeName !== undefined && { nodeName }),
      ...(conditions !== undefined && { conditions }),
    })),
  };
}

export function projectEndpoints({ metadata, subsets }: Endpoints): Endpoints {
  return { metadata: projectMetadata(metadata), ...(subsets !== undefined && { subsets }) };
}

function projectMetadata({ name, namespace, uid, resourceVersion }: ObjectMeta): ObjectMeta {
  return {
    name,
    ...(namespace !== undefined && { namespace }),
    ...(uid !== undefined && { uid }),
    ...(resourceVersion !== undefined && { resourceVersion }),
  };
}
