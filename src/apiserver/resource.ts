/** What the server knows of a kind before any object exists: names, scope, subresources, schema, columns. */
import type { Schema } from "../schema/index.ts";
import type { Subject } from "./api-error.ts";
import type { ApiObject } from "./api-object.ts";
import { toEventsV1 } from "./event-versions.ts";

export interface Column {
  name: string;
  type: string;
  description: string;
  format?: string;
  /** 0 is always shown, 1 only with `-o wide`. */
  priority?: number;
  /** Where a custom resource keeps the value. */
  jsonPath?: string;
}

export interface Resource extends Subject {
  version: string;
  singular: string;
  shortNames: readonly string[];
  categories: readonly string[];
  namespaced: boolean;
  subresources: readonly string[];
  schema: Schema | undefined;
  /** The version its objects are kept in, for custom resources; others keep their only version. */
  storageVersion: string;
  /** Custom resources differ in some rules (no unconditional update, no strategic merge). */
  custom: boolean;
  columns?: readonly Column[];
  /** The warning for everybody who asks for a deprecated version. */
  deprecation?: string;
  verbs: readonly string[];
}

/** The table of the store in which objects of a resource live, the same for all its versions. */
export function storageOf(resource: { group: string; plural: string }): string {
  if (resource.group === "events.k8s.io") return "/events";
  return `${resource.group}/${resource.plural}`;
}

/** A stored object in the version of `resource`. */
export function inVersion(object: ApiObject, resource: Resource): ApiObject {
  if (resource.group === "events.k8s.io") return toEventsV1(object);
  return { ...object, apiVersion: groupVersion(resource), kind: resource.kind };
}

export function groupVersion(resource: { group: string; version: string }): string {
  return resource.group ? `${resource.group}/${resource.version}` : resource.version;
}

export const ALL_VERBS: readonly string[] =
  "create delete deletecollection get list patch update watch".split(" ");

/** The resources of this server: built-in ones, and custom ones that come and go with their definitions. */
export class Registry {
  readonly #byPath = new Map<string, Resource>();

  add(resource: Resource): void {
    this.#byPath.set(`${groupVersion(resource)}/${resource.plural}`, resource);
  }

  remove(group: string, plural: string): void {
    for (const [path, resource] of this.#byPath) {
      if (resource.group === group && resource.plural === plural) this.#byPath.delete(path);
    }
  }

  find(group: string, version: string, plural: string): Resource | undefined {
    return this.#byPath.get(`${groupVersion({ group, version })}/${plural}`);
  }

  findKind(apiVersion: string, kind: string): Resource | undefined {
    return this.all().find((one) => groupVersion(one) === apiVersion && one.kind === kind);
  }

  /** A stored resource in the version that it is kept in, so that nothing needs converting; else in any. */
  stored(storage: string): Resource | undefined {
    const versions = this.all().filter((one) => storageOf(one) === storage);
    return versions.find((one) => one.version === one.storageVersion) ?? versions[0];
  }

  all(): Resource[] {
    return [...this.#byPath.values()];
  }

  /** API groups by name with their versions in order of preference. */
  groups(): Map<string, string[]> {
    const groups = new Map<string, string[]>();
    for (const { group, version } of this.#byPath.values()) {
      const versions = groups.get(group) ?? [];
      if (!versions.includes(version)) versions.push(version);
      groups.set(group, versions);
    }
    for (const versions of groups.values()) versions.sort(byMaturity);
    return groups;
  }
}

/** v2 before v1 before v2beta1 before v1alpha1, as Kubernetes prefers them. */
function byMaturity(a: string, b: string): number {
  return maturity(b) - maturity(a) || b.localeCompare(a, "en", { numeric: true });
}

function maturity(version: string): number {
  if (version.includes("alpha")) return 0;
  return version.includes("beta") ? 1 : 2;
}
