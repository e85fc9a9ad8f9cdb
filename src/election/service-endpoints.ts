/** Endpoints of a service in one shape, whether the API gave Endpoints or EndpointSlices. */
import type { Endpoints, EndpointSlice } from "../kube/index.ts";

const SERVICE_NAME_LABEL = "kubernetes.io/service-name";

export interface ServiceEndpoint {
  /** Absent when the endpoint is bound to no node. */
  readonly nodeName?: string;
  readonly isReady: boolean;
  /** Ready, or terminating but still serving (L2-26, K8S-5). */
  readonly canServe: boolean;
}

/** Key `namespace/name` of the service that a slice belongs to; undefined without the label (K8S-5). */
export function serviceOfSlice({ metadata }: EndpointSlice): string | undefined {
  const name = metadata.labels?.[SERVICE_NAME_LABEL];
  return name === undefined || name === "" ? undefined : `${metadata.namespace ?? ""}/${name}`;
}

/** Endpoints of all slices of one service. */
export function endpointsOfSlices(slices: Iterable<EndpointSlice>): ServiceEndpoint[] {
  return [...slices].flatMap(endpointsOfSlice);
}

/** The API server omits an empty list. */
export function endpointsOfSlice({ endpoints }: EndpointSlice): ServiceEndpoint[] {
  return (endpoints ?? []).map(({ nodeName, conditions }) => {
    const isReady = conditions?.ready ?? true;
    const canServe = isReady || conditions?.serving === true;
    return nodeName ? { nodeName, isReady, canServe } : { isReady, canServe };
  });
}

/** Names of the nodes with an endpoint that can serve (L2-26, L2-27). */
export function servingNodes(endpoints: readonly ServiceEndpoint[]): ReadonlySet<string> {
  const nodes = new Set<string>();
  for (const { nodeName, canServe } of endpoints) {
    if (canServe && nodeName !== undefined) nodes.add(nodeName);
  }
  return nodes;
}

/** One entry for each address of an Endpoints object; `notReadyAddresses` never serve (L2-28). */
export function endpointsOfObject({ subsets }: Endpoints): ServiceEndpoint[] {
  return (subsets ?? []).flatMap(({ addresses, notReadyAddresses }) => [
    ...(addresses ?? []).map(({ nodeName }) => endpoint(nodeName, true)),
    ...(notReadyAddresses ?? []).map(({ nodeName }) => endpoint(nodeName, false)),
  ]);
}

function endpoint(nodeName: string | undefined, isReady: boolean): ServiceEndpoint {
  return nodeName ? { nodeName, isReady, canServe: isReady } : { isReady, canServe: isReady };
}
