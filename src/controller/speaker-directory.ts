/** Which speakers there are to ask, and by what they know us: pods and the secret of gossip, read when they are needed. */

import { isReady, type KubeObject, type Secret } from "../kube/index.ts";
import type { KubeClient } from "../platform/index.ts";
import { probeKey } from "../program/index.ts";

export interface SpeakerPlace {
  /** Name of the pod. */
  readonly name: string;
  readonly url: string;
}

export interface SpeakerAccess {
  readonly speakers: readonly SpeakerPlace[];
  readonly key: Uint8Array;
}

interface Pod extends KubeObject {
  readonly spec?: {
    readonly containers?: readonly {
      readonly ports?: readonly { readonly name?: string; readonly containerPort?: number }[];
    }[];
  };
  readonly status?: {
    readonly podIP?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

/** Of the manifests, of ours and MetalLB's; then of its Helm chart. */
const labelSelectors = [
  "app=metallb,component=speaker",
  "app.kubernetes.io/name=metallb,app.kubernetes.io/component=speaker",
];
const metricsPortName = "metricshttps";
const defaultPort = 9120;

export interface SpeakerDirectoryOptions {
  readonly client: Pick<KubeClient, "list">;
  readonly namespace: string;
  readonly secretName: string;
}

/** What can be reached; or, in words, why nothing can. */
export async function findSpeakers({
  client,
  namespace,
  secretName,
}: SpeakerDirectoryOptions): Promise<SpeakerAccess | { readonly why: string }> {
  try {
    const secrets = { group: "", version: "v1", plural: "secrets", namespace };
    const fieldSelector = `metadata.name=${secretName}`;
    const [secret] = (await client.list<Secret>(secrets, { fieldSelector })).items;
    const text = Buffer.from(secret?.data?.["secretkey"] ?? "", "base64").toString("utf8");
    const key = probeKey(text);
    if (key === undefined) {
      return {
        why: `the Secret ${namespace}/${secretName} has no key "secretkey", by which speakers know us`,
      };
    }
    const speakers = await listSpeakers(client, namespace);
    return speakers.length > 0 ? { speakers, key } : { why: "no speaker runs" };
  } catch (error) {
    return { why: error instanceof Error ? error.message : String(error) };
  }
}

async function listSpeakers(
  client: Pick<KubeClient, "list">,
  namespace: string,
): Promise<SpeakerPlace[]> {
  const pods = { group: "", version: "v1", plural: "pods", namespace };
  for (const labelSelector of labelSelectors) {
    const { items } = await client.list<Pod>(pods, { labelSelector });
    const running = items.filter(
      ({ metadata, status }) => status?.podIP && metadata.deletionTimestamp === undefined,
    );
    // Those that are ready first: they answer sooner.
    running.sort((a, b) => Number(isReady(b)) - Number(isReady(a)));
    if (running.length > 0) return running.map(placeOf);
  }
  return [];
}

function placeOf(pod: Pod): SpeakerPlace {
  const ports = (pod.spec?.containers ?? []).flatMap(({ ports: of = [] }) => of);
  const named = ports.find(({ name }) => name === metricsPortName)?.containerPort;
  const annotated = Number(pod.metadata.annotations?.["prometheus.io/port"]);
  const port = named ?? (annotated > 0 ? annotated : defaultPort);
  const ip = pod.status?.podIP ?? "";
  const host = ip.includes(":") ? `[${ip}]` : ip;
  return { name: pod.metadata.name, url: `https://${host}:${port}` };
}
