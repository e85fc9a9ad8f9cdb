/** The objects as they were last told of, and whether a change can matter to the configuration (K8S-3). */
import type { ConfigMap, KubeObject, Labels, Secret } from "../kube/index.ts";
import { sameOwnership } from "./ownership-annotations.ts";
import type { ConfigKind, ResourceSet } from "./resource-set.ts";
import { isSameValue } from "./same-value.ts";

const fieldOf = {
  IPAddressPool: "pools",
  L2Advertisement: "l2Advertisements",
  BGPAdvertisement: "bgpAdvertisements",
  BGPPeer: "peers",
  BFDProfile: "bfdProfiles",
  Community: "communities",
} as const satisfies Record<ConfigKind, keyof ResourceSet>;

type ObjectOf<K extends ConfigKind> = ResourceSet[(typeof fieldOf)[K]][number];

export type ConfigObject = ObjectOf<ConfigKind>;

/** Each setter takes undefined for what is gone, and answers whether the change can matter. */
export class ResourceStore {
  readonly #objects = new Map<ConfigKind, Map<string, ConfigObject>>();
  readonly #labels = { namespaces: new Map<string, Labels>(), nodes: new Map<string, Labels>() };
  readonly #secrets = new Map<string, Secret>();
  #extras: string | undefined;

  setObject(kind: ConfigKind, name: string, object: ConfigObject | undefined): boolean {
    const objects = this.#objects.get(kind) ?? new Map<string, ConfigObject>();
    this.#objects.set(kind, objects);
    return replace(objects, name, object, isSameVersion);
  }

  /** Only labels matter of namespaces and nodes; IPAM-55: of namespaces, if a pool selects by them. */
  setLabels(of: "namespaces" | "nodes", name: string, labels: Labels | undefined): boolean {
    const isChanged = replace(this.#labels[of], name, labels, isSameValue);
    return isChanged && (of === "nodes" || this.#selectsNamespaces());
  }

  setSecret(name: string, secret: Secret | undefined): boolean {
    return replace(this.#secrets, name, secret, (a, b) => {
      return a.type === b.type && isSameValue(a.data, b.data);
    });
  }

  setExtras(configMap: ConfigMap | undefined): boolean {
    const before = this.#extras;
    this.#extras = configMap?.data?.["extras"];
    return this.#extras !== before;
  }

  get hasPools(): boolean {
    return (this.#objects.get("IPAddressPool")?.size ?? 0) > 0;
  }

  toResourceSet(): ResourceSet {
    const listOf = <K extends ConfigKind>(kind: K) =>
      [...(this.#objects.get(kind)?.values() ?? [])] as ObjectOf<K>[];
    return {
      pools: listOf("IPAddressPool"),
      l2Advertisements: listOf("L2Advertisement"),
      bgpAdvertisements: listOf("BGPAdvertisement"),
      peers: listOf("BGPPeer"),
      bfdProfiles: listOf("BFDProfile"),
      communities: listOf("Community"),
      ...this.#labels,
      secrets: this.#secrets,
      ...(this.#extras !== undefined && { bgpExtras: this.#extras }),
    };
  }

  #selectsNamespaces(): boolean {
    for (const pool of this.#objects.get("IPAddressPool")?.values() ?? []) {
      const spec = pool.spec as Partial<ObjectOf<"IPAddressPool">["spec"]> | undefined;
      if ((spec?.serviceAllocation?.namespaceSelectors?.length ?? 0) > 0) return true;
    }
    return false;
  }
}

/** Whether the map holds something else under the name than before. */
function replace<T>(
  map: Map<string, T>,
  name: string,
  next: T | undefined,
  isSame: (a: T, b: T) => boolean,
): boolean {
  const before = map.get(name);
  if (next === undefined) return map.delete(name);
  if (before !== undefined && isSame(before, next)) return false;
  map.set(name, next);
  return true;
}

/** The server counts a generation with each change of spec, and not for status or metadata. */
function isSameVersion(a: KubeObject, b: KubeObject): boolean {
  const [before, after] = [a.metadata, b.metadata];
  return (
    after.generation !== undefined &&
    before.generation === after.generation &&
    before.uid === after.uid &&
    isSameValue(before.labels ?? {}, after.labels ?? {}) &&
    sameOwnership(a, b)
  );
}
