/** Reads from a cluster all that decides about addresses and announcements; nothing is written, nothing watched. */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import type { KubeObject } from "../kube/index.ts";
import { hasStatus, KubeApiError, KubeClient, KubeConfigError } from "../platform/index.ts";
import { UnreadableError } from "./read-files.ts";

export interface ClusterPlace {
  /** Path of a kubeconfig; undefined: as kubectl finds it. */
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  /** MetalLB's own namespace: nothing but Services, Nodes, Namespaces and endpoints is read elsewhere. */
  readonly namespace: string;
}

interface Kind {
  readonly kind: string;
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly isOwn?: true;
}

const core = { group: "", version: "v1" } as const;
const metallb = { group: "metallb.io", version: "v1beta1", isOwn: true } as const;

const kinds: readonly Kind[] = [
  { kind: "Service", ...core, plural: "services" },
  { kind: "Node", ...core, plural: "nodes" },
  { kind: "Namespace", ...core, plural: "namespaces" },
  { kind: "EndpointSlice", group: "discovery.k8s.io", version: "v1", plural: "endpointslices" },
  { kind: "ConfigMap", ...core, plural: "configmaps", isOwn: true },
  { kind: "Secret", ...core, plural: "secrets", isOwn: true },
  { kind: "IPAddressPool", ...metallb, plural: "ipaddresspools" },
  { kind: "L2Advertisement", ...metallb, plural: "l2advertisements" },
  { kind: "BGPAdvertisement", ...metallb, plural: "bgpadvertisements" },
  { kind: "BGPPeer", ...metallb, version: "v1beta2", plural: "bgppeers" },
  { kind: "BFDProfile", ...metallb, plural: "bfdprofiles" },
  { kind: "Community", ...metallb, plural: "communities" },
  { kind: "ServiceL2Status", ...metallb, plural: "servicel2statuses" },
];

/** What servers have that do not know EndpointSlices of this version yet. */
const oldEndpoints: Kind = { kind: "Endpoints", ...core, plural: "endpoints" };

const mayBeHidden: ReadonlySet<string> = new Set(["Secret", "ServiceL2Status"]);

/** Objects in a page: large clusters are read in bounded pieces. */
const pageSize = 500;

/** All objects, each with its kind. Throws `UnreadableError`. */
export function readCluster(
  place: ClusterPlace,
  env: NodeJS.ProcessEnv,
): Promise<readonly KubeObject[]> {
  return withCluster(place, env, (client) => readKinds(client, place.namespace));
}

/** Throws `UnreadableError` where `use` throws an error of the API, or the cluster cannot be found. */
export async function withCluster<T>(
  place: ClusterPlace,
  env: NodeJS.ProcessEnv,
  use: (client: KubeClient) => Promise<T>,
): Promise<T> {
  try {
    const kubeconfig = place.kubeconfig ?? findKubeconfig(env);
    const client = KubeClient.fromEnvironment({ kubeconfig, context: place.context, env });
    try {
      return await use(client);
    } finally {
      await client.close();
    }
  } catch (error) {
    if (error instanceof KubeApiError || error instanceof KubeConfigError) {
      throw new UnreadableError(error.message, { cause: error });
    }
    throw error;
  }
}

async function readKinds(client: KubeClient, namespace: string): Promise<readonly KubeObject[]> {
  const objects: KubeObject[] = [];
  for (const kind of kinds) {
    for (const object of await readKind(client, kind, namespace)) objects.push(object);
  }
  if (objects.some(({ kind }) => kind === "EndpointSlice")) return objects;
  return [...objects, ...(await readKind(client, oldEndpoints, namespace))];
}

/** As kubectl does: the first file of $KUBECONFIG that exists, else ~/.kube/config; undefined inside a pod. */
function findKubeconfig(env: NodeJS.ProcessEnv): string | undefined {
  const listed = (env["KUBECONFIG"] ?? "").split(delimiter).filter((path) => path !== "");
  if (listed.length > 0) return listed.find((path) => existsSync(path)) ?? listed[0];
  const usual = join(env["HOME"] ?? homedir(), ".kube", "config");
  return existsSync(usual) ? usual : undefined;
}

async function readKind(
  client: KubeClient,
  { kind, group, version, plural, isOwn }: Kind,
  namespace: string,
): Promise<KubeObject[]> {
  const ref = { group, version, plural, ...(isOwn && { namespace }) };
  const apiVersion = group === "" ? version : `${group}/${version}`;
  const objects: KubeObject[] = [];
  let next: string | undefined;
  try {
    do {
      const page: { items: KubeObject[]; continue?: string } = await client.list<KubeObject>(ref, {
        limit: pageSize,
        ...(next !== undefined && { continue: next }),
      });
      // A list names the kind of its items once, not in each.
      for (const item of page.items) objects.push({ ...item, apiVersion, kind });
      next = page.continue;
    } while (next !== undefined);
  } catch (error) {
    // A release without custom resources has no such kind; who may not see secrets gets no findings about them, and who
    // may not see reports is told the order.
    if (hasStatus(error, 404) || (mayBeHidden.has(kind) && hasStatus(error, 403))) return [];
    throw error;
  }
  return objects;
}
