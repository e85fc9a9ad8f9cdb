/** Asks a cluster what its speakers see of a Service on the wire: conditions of its status objects, and events. */
import type { Condition, KubeEvent, KubeObject, ServiceL2Status } from "../kube/index.ts";
import { hasStatus, KubeApiError, timestampMs, type KubeClient } from "../platform/index.ts";
import { withCluster, type ClusterPlace } from "./read-cluster.ts";

/** One thing that was told, the newest first. */
interface WireNews {
  readonly at: string;
  readonly reason: string;
  readonly message: string;
}

export interface WireView {
  /** Of the node that announces: `Announced`, `Seen`, `Conflict`; none where MetalLB's definition drops them. */
  readonly conditions: readonly Condition[];
  readonly events: readonly WireNews[];
}

export type WireAnswer = WireView | { readonly unknown: string };

const reasons = [
  "AddressConflict",
  "AddressConflictOver",
  "AddressNotSeen",
  "AddressSeen",
  // Asked for before it was given (metallb-ts/probe).
  "AddressInUse",
];
const order = ["Announced", "Seen", "Conflict"];
const mostEvents = 10;
const mostRead = 500;

/** Throws `UnreadableError` where the cluster cannot be found; what may not be read is told in the answer. */
export function readWire(
  service: KubeObject,
  place: ClusterPlace,
  env: NodeJS.ProcessEnv,
): Promise<WireAnswer> {
  return withCluster(place, env, async (client) => {
    try {
      const conditions = await conditionsOf(client, service, place.namespace);
      return { conditions, events: await eventsAbout(client, service) };
    } catch (error) {
      if (error instanceof KubeApiError) return { unknown: error.message };
      throw error;
    }
  });
}

/** None where the cluster does not know such objects: before v0.13 there were none. */
async function conditionsOf(
  client: KubeClient,
  { metadata }: KubeObject,
  namespace: string,
): Promise<Condition[]> {
  const ref = { group: "metallb.io", version: "v1beta1", plural: "servicel2statuses", namespace };
  const { namespace: of = "default", name } = metadata;
  const labelSelector = `metallb.io/service-name=${name},metallb.io/service-namespace=${of}`;
  try {
    const { items } = await client.list<ServiceL2Status>(ref, { labelSelector });
    const conditions = items.flatMap(({ status }) => status?.conditions ?? []);
    return conditions
      .filter(({ type }) => order.includes(type))
      .sort((a, b) => order.indexOf(a.type) - order.indexOf(b.type));
  } catch (error) {
    if (hasStatus(error, 404)) return [];
    throw error;
  }
}

async function eventsAbout(client: KubeClient, { metadata }: KubeObject): Promise<WireNews[]> {
  const { namespace = "default", name, uid } = metadata;
  const ref = { group: "", version: "v1", plural: "events", namespace };
  const fieldSelector = `involvedObject.kind=Service,involvedObject.name=${name}`;
  const { items } = await client.list<KubeEvent>(ref, { fieldSelector, limit: mostRead });
  return items
    .filter((one) => reasons.includes(one.reason) && (!uid || one.involvedObject.uid === uid))
    .map(({ lastTimestamp, reason, message }) => ({ at: lastTimestamp, reason, message }))
    .sort((a, b) => timestampMs(b.at) - timestampMs(a.at))
    .slice(0, mostEvents);
}
