/** What a controller asks for: one write to the API, as a plain value. */
import { isDeepStrictEqual } from "node:util";
import { createHash } from "node:crypto";
import type { KubeObject, OwnerReference } from "../kube/index.ts";
import type { KubeClient, ResourceRef } from "../platform/index.ts";

export interface Action {
  readonly verb: "create" | "delete" | "patch";
  readonly ref: ResourceRef;
  readonly name: string;
  /** The object to create, or the merge patch. */
  readonly body?: object;
  readonly subresource?: "status";
}

const groupOf: Readonly<Record<string, string>> = {
  deployments: "apps",
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
  return { verb: "create", ...placeOf(plural, object), body: object };
}

export function remove(plural: string, object: KubeObject): Action {
  return { verb: "delete", ...placeOf(plural, object) };
}

/** A merge patch, or nothing when every field of it is already so. */
export function setFields(plural: string, object: KubeObject, fields: object): Action[] {
  if (isAlreadySo(object, fields)) return [];
  return [{ verb: "patch", ...placeOf(plural, object), body: fields }];
}

export function setStatus(
  plural: string,
  object: KubeObject & { status?: object },
  status: object,
): Action[] {
  if (isAlreadySo(object.status ?? {}, status)) return [];
  const place = placeOf(plural, object);
  return [{ verb: "patch", ...place, body: { status }, subresource: "status" }];
}

export async function write(client: KubeClient, action: Action): Promise<void> {
  const { verb, ref, name, body, subresource } = action;
  if (verb === "create") await client.create(ref, body);
  else if (verb === "delete") await client.delete(ref, name);
  else await client.patch(ref, name, body, { type: "merge", ...(subresource && { subresource }) });
}

/** With its owner an object goes, too: the API server collects it. */
export function ownedBy(apiVersion: string, kind: string, owner: KubeObject): OwnerReference[] {
  const { name, uid = "" } = owner.metadata;
  return [{ apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true }];
}

export function isOwnedBy(object: KubeObject, owner: KubeObject): boolean {
  return object.metadata.ownerReferences?.some((o) => o.uid === owner.metadata.uid) === true;
}

/** Ten characters that change when the template changes. */
export function templateHash(template: unknown): string {
  return createHash("sha256").update(JSON.stringify(template)).digest("hex").slice(0, 10);
}

function placeOf(plural: string, { metadata }: KubeObject): Pick<Action, "ref" | "name"> {
  return { ref: refOf(plural, metadata.namespace), name: metadata.name };
}

function isAlreadySo(object: object, fields: object): boolean {
  const found = object as Record<string, unknown>;
  return Object.entries(fields).every(([key, value]) => isDeepStrictEqual(found[key], value));
}
