/** The shape that every stored object has. */
import type { ObjectMeta } from "../kube/index.ts";
import { isRecord, type Json, type JsonObject } from "../schema/index.ts";

/** Metadata as the server keeps it: what it chooses itself is always there. */
export interface Metadata extends ObjectMeta {
  uid: string;
  resourceVersion: string;
  creationTimestamp: string;
  managedFields?: ManagedFieldsEntry[];
}

export interface ManagedFieldsEntry {
  manager: string;
  operation: "Apply" | "Update";
  apiVersion: string;
  time?: string;
  fieldsType: "FieldsV1";
  fieldsV1: JsonObject;
  subresource?: string;
}

/** An object as clients see it. Stored objects are never changed in place: a write stores a new one. */
export interface ApiObject {
  apiVersion: string;
  kind: string;
  metadata: Metadata;
  // eslint-disable-next-line typescript/no-explicit-any -- free-form by nature: each kind has its own fields
  [field: string]: any;
}

/** The value at a dotted path such as "spec.nodeName", undefined when a part is missing. */
export function valueAt(object: unknown, path: string): Json | undefined {
  let value = object as Json | undefined;
  for (const part of path.split(".")) {
    if (!isRecord(value)) return undefined;
    value = value[part];
  }
  return value;
}

/** "namespace/name", or the name alone for cluster-wide objects; sorts as the real server's keys do. */
export function keyOf(namespace: string | undefined, name: string): string {
  return namespace ? `${namespace}/${name}` : name;
}
