/** The existing objects of a review, read from the API at that moment: a cache could be behind (WH-4). */

import { emptyResourceSet, type ConfigKind, type ResourceSet } from "../config/index.ts";
import type { BGPPeer, KubeObject, Labels } from "../kube/index.ts";
import type { KubeClient, ResourceRef } from "../platform/index.ts";
import { configKinds } from "../program/index.ts";

const fieldOf = {
  IPAddressPool: "pools",
  L2Advertisement: "l2Advertisements",
  BGPAdvertisement: "bgpAdvertisements",
  BGPPeer: "peers",
  BFDProfile: "bfdProfiles",
  Community: "communities",
} as const satisfies Record<ConfigKind, keyof ResourceSet>;

const pageSize = 500;

/** Reads `kinds`; what is not named stays empty. Rejects with the API's error. */
export async function readExisting(
  client: KubeClient,
  namespace: string,
  kinds: readonly (ConfigKind | "Node")[],
): Promise<ResourceSet> {
  const parts = kinds.map(async (kind): Promise<Partial<ResourceSet>> => {
    if (kind === "Node") return { nodes: await nodeLabels(client) };
    const objects: BGPPeer[] = [];
    for await (const page of pages<BGPPeer>(client, refOf(kind, namespace))) objects.push(...page);
    return { [fieldOf[kind]]: objects };
  });
  return Object.assign({}, emptyResourceSet, ...(await Promise.all(parts))) as ResourceSet;
}

function refOf(wanted: ConfigKind, namespace: string): ResourceRef {
  const found = configKinds.find(({ kind }) => kind === wanted);
  if (found === undefined) throw new Error(`${wanted} is no kind of configuration`);
  return { group: "metallb.io", version: found.version, plural: found.plural, namespace };
}

/** Of thousands of nodes only the labels are kept. */
async function nodeLabels(client: KubeClient): Promise<Map<string, Labels>> {
  const nodes = new Map<string, Labels>();
  const ref = { group: "", version: "v1", plural: "nodes" };
  for await (const page of pages<KubeObject>(client, ref)) {
    for (const { metadata } of page) nodes.set(metadata.name, metadata.labels ?? {});
  }
  return nodes;
}

async function* pages<T>(client: KubeClient, ref: ResourceRef): AsyncGenerator<T[]> {
  let next: string | undefined;
  do {
    const token = next === undefined ? {} : { continue: next };
    const page = await client.list<T>(ref, { limit: pageSize, ...token });
    yield page.items;
    next = page.continue;
  } while (next !== undefined);
}
