/** What speakers find in the API of a cluster with these nodes: pods, and Services that have their addresses already. */
import type { KubeObject, Service } from "../src/kube/index.ts";
import { KubeApiError, type KubeClient, type ResourceRef } from "../src/platform/index.ts";
import type { LanNode } from "./lib-lan.ts";
import { podLabels, podName } from "./lib-ring.ts";
import { eachAtOnce, inSystem, metallbKind, plainService, services } from "./lib-stage.ts";

const nodes: ResourceRef = { group: "", version: "v1", plural: "nodes" };
const endpoints: ResourceRef = { ...services, plural: "endpoints" };
const slices: ResourceRef = {
  group: "discovery.k8s.io",
  version: "v1",
  plural: "endpointslices",
  namespace: "default",
};

/** Both generations find what is theirs. */
export async function createNodes(client: KubeClient, lan: readonly LanNode[]): Promise<void> {
  for (const { name, address } of lan) {
    const conditions = [{ type: "Ready", status: "True", reason: "bench", message: "bench" }];
    const addresses = [{ type: "InternalIP", address }];
    await createWithStatus(client, nodes, { metadata: { name } }, { conditions, addresses });
    const metadata = { name: podName(name), labels: podLabels };
    const spec = { nodeName: name, containers: [{ name: "speaker", image: "none" }] };
    const status = { phase: "Running", podIP: address, podIPs: [{ ip: address }], hostIP: address };
    await createWithStatus(client, inSystem("pods"), { metadata, spec } as KubeObject, status);
  }
  const advertisement = {
    apiVersion: "metallb.io/v1beta1",
    kind: "L2Advertisement",
    metadata: { name: "all" },
    spec: {},
  };
  await client.create(metallbKind("l2advertisements"), advertisement);
}

export async function deleteNodes(client: KubeClient, lan: readonly LanNode[]): Promise<void> {
  for (const { name } of lan) {
    await client.delete(nodes, name);
    await client.delete(inSystem("pods"), podName(name));
  }
  await client.delete(metallbKind("l2advertisements"), "all");
}

/** Of each family: the pool that holds what is announced. */
export const announcedRanges = { 4: "10.128.0.0/16", 6: "fd00:128::/112" } as const;

/** With endpoints on all nodes; gives their addresses. */
export async function createAnnounced(
  client: KubeClient,
  lan: readonly LanNode[],
  count: number,
  family: 4 | 6,
): Promise<string[]> {
  const ips = Array.from({ length: count }, (_, index) => announcedAddress(index + 1, family));
  await eachAtOnce([...ips.entries()], async ([index, ip]) => {
    const name = `web-${index}`;
    const service: Service = plainService(name);
    await createWithStatus(client, services, service, { loadBalancer: { ingress: [{ ip }] } });
    const places = lan.map(({ name: nodeName }, at) => ({ ip: `10.1.${at}.1`, nodeName }));
    const subsets = [{ addresses: places, ports: [{ port: 80 }] }];
    await client.create(endpoints, { metadata: { name }, subsets } as KubeObject);
    const slice = {
      metadata: { name: `${name}-1`, labels: { "kubernetes.io/service-name": name } },
      addressType: "IPv4",
      ports: [{ port: 80 }],
      endpoints: places.map(({ ip: address, nodeName }) => ({ addresses: [address], nodeName })),
    };
    await client.create(slices, slice);
  });
  return ips;
}

function announcedAddress(number: number, family: 4 | 6): string {
  if (family === 6) return `fd00:128::${number.toString(16)}`;
  return `10.128.${number >> 8}.${number & 0xff}`;
}

export async function deleteAnnounced(client: KubeClient, count: number): Promise<void> {
  const names = Array.from({ length: count }, (_, index) => `web-${index}`);
  await eachAtOnce(names, async (name) => {
    await client.delete(services, name);
    for (const [ref, other] of [
      [endpoints, name],
      [slices, `${name}-1`],
    ] as const) {
      await client.delete(ref, other).catch((error: unknown) => {
        if (!(error instanceof KubeApiError) || error.status !== 404) throw error;
      });
    }
  });
}

/** A new node is tainted until a controller clears it; nobody here minds. */
async function createWithStatus(
  client: KubeClient,
  ref: ResourceRef,
  object: KubeObject,
  status: object,
): Promise<void> {
  const created = await client.create<KubeObject>(ref, object);
  await client.update(ref, created.metadata.name, { ...created, status }, "status");
}
