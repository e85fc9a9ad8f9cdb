/** Gathers the objects of files into what a configuration is compiled from. */
import { emptyResourceSet, type ConfigKind, type ResourceSet } from "../config/index.ts";
import type { ConfigMap, KubeObject, Labels, Secret } from "../kube/index.ts";
import { isRecord, type JsonObject } from "../schema/index.ts";
import { metadataOf, type Manifest } from "./manifest.ts";

const listOfKind = {
  IPAddressPool: "pools",
  L2Advertisement: "l2Advertisements",
  BGPAdvertisement: "bgpAdvertisements",
  BGPPeer: "peers",
  BFDProfile: "bfdProfiles",
  Community: "communities",
} as const satisfies Record<ConfigKind, keyof ResourceSet>;

interface GatheredResources {
  readonly resources: ResourceSet;
  /** Whether there are secrets of MetalLB's namespace, so that one that is missing is missed. */
  readonly knowsSecrets: boolean;
}

/** `own` are the custom resources of MetalLB's namespace, `all` every object of the files. */
export function resourceSetOf(
  own: readonly Manifest[],
  all: readonly Manifest[],
  namespace: string,
): GatheredResources {
  const lists = Object.entries(listOfKind).map(([kind, list]) => {
    const objects = own.filter((one) => one.kind === kind);
    return [list, objects.map(({ object }) => asStored(object, namespace))] as const;
  });
  const ofKind = (kind: string): readonly JsonObject[] =>
    all.filter((one) => one.kind === kind).map(({ object }) => object);
  const inNamespace = (kind: string): readonly JsonObject[] =>
    ofKind(kind).filter((object) => (metadataOf(object).namespace ?? namespace) === namespace);
  const secrets = new Map(
    [...byName<Secret>(inNamespace("Secret"))].map(([name, one]) => [name, withoutValues(one)]),
  );
  const extras = byName<ConfigMap>(inNamespace("ConfigMap")).get("bgpextras")?.data?.["extras"];
  const resources: ResourceSet = {
    ...emptyResourceSet,
    ...Object.fromEntries(lists),
    namespaces: labelsByName(ofKind("Namespace")),
    nodes: labelsByName(ofKind("Node")),
    secrets,
    ...(typeof extras === "string" && { bgpExtras: extras }),
  };
  return { resources, knowsSecrets: secrets.size > 0 };
}

/** In MetalLB's namespace and in the version that is stored (CRD-15): timers are always set then. */
export function asStored(object: JsonObject, namespace: string): JsonObject {
  const { metadata, spec } = object;
  const named = isRecord(metadata) ? { ...metadata, namespace } : { name: "", namespace };
  const isOld = object["kind"] === "BGPPeer" && object["apiVersion"] === "metallb.io/v1beta1";
  if (!isOld || !isRecord(spec)) return { ...object, metadata: named };
  const timers = {
    holdTime: spec["holdTime"] ?? "0s",
    keepaliveTime: spec["keepaliveTime"] ?? "0s",
  };
  const apiVersion = "metallb.io/v1beta2";
  return { ...object, apiVersion, metadata: named, spec: { ...spec, ...timers } };
}

/**
 * That a key is there is all that a check asks for: no value is kept. Files may give values as
 * `stringData`, which the API server turns into `data`.
 */
export function withoutValues(secret: Secret): Secret {
  const { data, stringData } = secret as { data?: unknown; stringData?: unknown };
  const keys = [data, stringData].flatMap((one) => (isRecord(one) ? Object.keys(one) : []));
  return { ...secret, data: Object.fromEntries(keys.map((key) => [key, "aGlkZGVu"])) };
}

/** The shape is the compiler's to judge. */
function byName<T extends KubeObject>(objects: readonly JsonObject[]): ReadonlyMap<string, T> {
  return new Map(objects.map((object) => [metadataOf(object).name, object as unknown as T]));
}

function labelsByName(objects: readonly JsonObject[]): ReadonlyMap<string, Labels> {
  return new Map(
    objects.map((object) => {
      const { metadata } = object;
      const labels = isRecord(metadata) && isRecord(metadata["labels"]) ? metadata["labels"] : {};
      const texts = Object.entries(labels).filter(([, value]) => typeof value === "string");
      return [metadataOf(object).name, Object.fromEntries(texts) as Labels];
    }),
  );
}
