/** What a controller asks for: one write to the API, as a plain value. */
import { isDeepStrictEqual } from "node:util";
import { createHash } from "node:crypto";
import type { KubeObject, OwnerReference } from "../kube/index.ts";
import type { ResourceRef } from "../platform/index.ts";

export type Action =
  | { readonly verb: "create"; readonly ref: ResourceRef; readonly object: KubeObject }
  | { readonly verb: "delete"; readonly ref: ResourceRef; readonly name: string; uid?: string }
  | { readonly verb: "patch"; readonly ref: ResourceRef; readonly name: string; patch: object }
  | { readonly verb: "status"; readonly ref: ResourceRef; readonly name: string; status: object };

const groupOf: Readonly<Record<string, string>> = {
  deployments: "apps",
  replicasets: "apps",
  daemonsets: "apps",
  endpointslices: "discovery.k8s.io",
  leases: "coordination.k8s.io",
};

/** The place in the API of a kind that the cluster's controllers use. */
export function refOf(plural: string, namespace?: string): ResourceRef {
  const ref = { group: groupOf[plural] ?? "", version: "v1", plural };
  return namespace === undefined ? ref : { ...ref, namespace };
}

export function create(plural: string, object: KubeObject): Action {
  return { verb: "create", ref: refOf(plural, object.metadata.namespace), object };
}

export function remove(plural: string, { metadata }: KubeObject): Action {
  const { name, uid } = metadata;
  const ref = refOf(plural, metadata.namespace);
  return { verb: "delete", ref, name, ...(uid === undefined ? {} : { uid }) };
}

/** A write of the status, or nothing when every field of it is already so. */
export function setStatus(
  plural: string,
  object: KubeObject & { status?: object },
  status: Readonly<Record<string, unknown>>,
): Action[] {
  const found = (object.status ?? {}) as Record<string, unknown>;
  const isSame = Object.keys(status).every((key) => isDeepStrictEqual(found[key], status[key]));
  if (isSame) return [];
  const { name, namespace } = object.metadata;
  return [{ verb: "status", ref: refOf(plural, namespace), name, status }];
}

export function ownedBy(kind: string, owner: KubeObject): OwnerReference[] {
  const { name, uid = "" } = owner.metadata;
  const apiVersion = "apps/v1";
  return [{ apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true }];
}

export function isOwnedBy(object: KubeObject, owner: KubeObject): boolean {
  return object.metadata.ownerReferences?.some((o) => o.uid === owner.metadata.uid) === true;
}

/** Ten characters that change when the template changes. */
export function templateHash(template: unknown): string {
  return createHash("sha256").update(JSON.stringify(template)).digest("hex").slice(0, 10);
}
