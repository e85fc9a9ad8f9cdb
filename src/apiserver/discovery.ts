/** Discovery: which groups, versions and resources there are, in the plain and in the aggregated form. */
import type { Json, JsonObject } from "../schema/index.ts";
import { groupVersion, type Registry, type Resource } from "./resource.ts";

export const VERSION = {
  major: "1",
  minor: "36",
  gitVersion: "v1.36.0+metallb-ts",
  gitCommit: "embedded",
  gitTreeState: "clean",
  buildDate: "2026-11-22T00:00:00Z",
  goVersion: "none",
  compiler: "none",
  platform: "node",
};

const AGGREGATED =
  /application\/json;g=apidiscovery\.k8s\.io;v=(v2(?:beta1)?);as=APIGroupDiscoveryList/;

/** The answer for a discovery path, undefined for any other path. */
export function discover(registry: Registry, path: string, accept: string): JsonObject | undefined {
  const parts = path.split("/").filter(Boolean);
  const aggregated = AGGREGATED.exec(accept)?.[1];
  if (path === "/api") return aggregated ? aggregate(registry, aggregated, true) : coreVersions();
  if (path === "/apis")
    return aggregated ? aggregate(registry, aggregated, false) : groupList(registry);
  if (parts[0] === "api" && parts.length === 2) return resourceList(registry, parts[1]!);
  if (parts[0] !== "apis") return undefined;
  if (parts.length === 2) return groupOf(registry, parts[1]!);
  if (parts.length === 3) return resourceList(registry, `${parts[1]}/${parts[2]}`);
  return undefined;
}

/** The content type that goes with an aggregated answer. */
export function discoveryContentType(path: string, accept: string): string {
  const version = path === "/api" || path === "/apis" ? AGGREGATED.exec(accept)?.[1] : undefined;
  if (!version) return "application/json";
  return `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
}

function coreVersions(): JsonObject {
  return { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: [] };
}

function groupList(registry: Registry): JsonObject {
  const names = [...registry.groups().keys()].filter((name) => name !== "");
  const groups = names.map((name) => {
    const { kind: _kind, apiVersion: _version, ...group } = groupOf(registry, name)!;
    return group;
  }) as Json[];
  return { kind: "APIGroupList", apiVersion: "v1", groups };
}

function groupOf(registry: Registry, name: string): JsonObject | undefined {
  const versions = registry
    .groups()
    .get(name)
    ?.map((version) => ({
      groupVersion: groupVersion({ group: name, version }),
      version,
    }));
  if (!versions) return undefined;
  return { kind: "APIGroup", apiVersion: "v1", name, versions, preferredVersion: versions[0]! };
}

function resourceList(registry: Registry, wanted: string): JsonObject | undefined {
  const found = registry.all().filter((resource) => groupVersion(resource) === wanted);
  if (found.length === 0) return undefined;
  const resources = found.flatMap(({ plural: name, singular, namespaced, kind, ...resource }) => [
    { name, singularName: singular, namespaced, kind, ...listsOf(resource) },
    ...resource.subresources.map((part) => {
      const { verbs, ...reference } = SUBRESOURCES[part] ?? PLAIN;
      return { name: `${name}/${part}`, singularName: "", namespaced, kind, ...reference, verbs };
    }),
  ]);
  return { kind: "APIResourceList", apiVersion: "v1", groupVersion: wanted, resources };
}

/** The kind that a subresource takes, where it is not that of the object, and what can be done with it. */
const SUBRESOURCES: Record<string, { verbs: string[]; [field: string]: Json }> = {
  scale: { group: "autoscaling", version: "v1", kind: "Scale", verbs: ["get", "patch", "update"] },
  token: {
    group: "authentication.k8s.io",
    version: "v1",
    kind: "TokenRequest",
    verbs: ["create"],
  },
  eviction: { group: "policy", version: "v1", kind: "Eviction", verbs: ["create"] },
  binding: { kind: "Binding", verbs: ["create"] },
  finalize: { verbs: ["update"] },
  log: { verbs: ["get"] },
};
const PLAIN = { verbs: ["get", "patch", "update"] };

function listsOf({
  verbs,
  shortNames,
  categories,
}: Pick<Resource, "verbs" | "shortNames" | "categories">) {
  return {
    verbs: [...verbs],
    ...(shortNames.length > 0 ? { shortNames: [...shortNames] } : {}),
    ...(categories.length > 0 ? { categories: [...categories] } : {}),
  };
}

function aggregate(registry: Registry, form: string, core: boolean): JsonObject {
  const groups = [...registry.groups()].filter(([name]) => (name === "") === core);
  const items = groups.map(([name, versions]) => ({
    metadata: name ? { name } : {},
    versions: versions.map((version) => {
      const all = registry.all().filter((one) => one.group === name && one.version === version);
      return { version, freshness: "Current", resources: all.map(aggregatedResource) };
    }),
  }));
  const apiVersion = `apidiscovery.k8s.io/${form}`;
  return { kind: "APIGroupDiscoveryList", apiVersion, metadata: {}, items };
}

function aggregatedResource(resource: Resource): JsonObject {
  const { group, version, kind, plural, singular, namespaced } = resource;
  const subresources = resource.subresources.map((subresource) => {
    const { verbs, ...reference } = SUBRESOURCES[subresource] ?? PLAIN;
    return { subresource, responseKind: { group, version, kind, ...reference }, verbs };
  });
  return {
    resource: plural,
    responseKind: { group, version, kind },
    scope: namespaced ? "Namespaced" : "Cluster",
    singularResource: singular,
    ...listsOf(resource),
    ...(subresources.length > 0 ? { subresources } : {}),
  };
}
