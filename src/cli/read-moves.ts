/** Asks a cluster what its events tell of moves of a Service's addresses. */
import type { KubeEvent, KubeObject } from "../kube/index.ts";
import { addressHistory, type PastMove } from "../plan/index.ts";
import { KubeApiError, timestampMs, type KubeClient } from "../platform/index.ts";
import { withCluster, type ClusterPlace } from "./read-cluster.ts";

/** The moves, newest first; or why they are not known. */
export type MovesAnswer = { readonly moves: readonly PastMove[] } | { readonly unknown: string };

/** Where events about Nodes are filed: they have no namespace. */
const namespaceOfNodes = "default";
/** Of the last hour, unless the API server is told to keep events longer. */
const mostEvents = 500;

/** Throws `UnreadableError` where the cluster cannot be found; who may not read events is told so in the answer. */
export function readMoves(
  service: KubeObject,
  place: ClusterPlace,
  env: NodeJS.ProcessEnv,
): Promise<MovesAnswer> {
  const { namespace = "default", name } = service.metadata;
  const aboutService = `involvedObject.kind=Service,involvedObject.name=${name}`;
  const aboutNodes = "involvedObject.kind=Node,reason=AddressesMoved";
  return withCluster(place, env, async (client) => {
    try {
      const ofService = await eventsIn(client, namespace, aboutService);
      const ofNodes = await eventsIn(client, namespaceOfNodes, aboutNodes);
      return { moves: addressHistory(service, { ofService, ofNodes, msOf: timestampMs }) };
    } catch (error) {
      if (error instanceof KubeApiError) return { unknown: error.message };
      throw error;
    }
  });
}

async function eventsIn(
  client: KubeClient,
  namespace: string,
  fieldSelector: string,
): Promise<KubeEvent[]> {
  const ref = { group: "", version: "v1", plural: "events", namespace };
  const { items } = await client.list<KubeEvent>(ref, { fieldSelector, limit: mostEvents });
  return items;
}
