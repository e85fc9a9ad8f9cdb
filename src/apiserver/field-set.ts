/** Fields as managedFields carries them (FieldsV1): which an object has, and their nested form on the wire. */
import { formatJson } from "../kube/index.ts";
import { type Json, type JsonObject, type Schema, fieldSchema, isRecord } from "../schema/index.ts";

/**
 * Fields by place with their values; undefined stands for a container that is looked into. A place is its steps, such
 * as `f:spec`, `k:{"port":80}` and `v:"a"`, joined by a line break, which no step contains.
 */
export type Fields = Map<string, Json | undefined>;

const JOINT = "\n";

/** What belongs to the server, and to nobody as a manager. */
const SERVER_METADATA = new Set(
  (
    "name namespace uid resourceVersion generation creationTimestamp selfLink deletionTimestamp " +
    "deletionGracePeriodSeconds managedFields"
  )
    .split(" ")
    .map((field) => `f:${field}`),
);

/** Which maps and keyed lists count as fields themselves, beside what is in them. */
export type Containers = "none" | "without named fields" | "all";

/** Every field of an object that somebody can own. */
export function fieldsOf(
  object: JsonObject,
  schema: Schema | undefined,
  containers: Containers,
): Fields {
  const fields: Fields = new Map();
  collect(object, schema, { path: "", fields, containers });
  for (const field of fields.keys()) {
    const [top, second = ""] = field.split(JOINT, 2);
    const isServers =
      top === "f:apiVersion" || top === "f:kind" || (top === "f:metadata" && !second);
    if (isServers || (top === "f:metadata" && SERVER_METADATA.has(second))) fields.delete(field);
  }
  return fields;
}

export function joined(path: string, step: string): string {
  return path ? path + JOINT + step : step;
}

export function stepsOf(field: string): string[] {
  return field.split(JOINT);
}

/** Whether `field` is `container` itself or lies inside of it. */
export function isWithin(field: string, container: string): boolean {
  return field === container || field.startsWith(container + JOINT);
}

interface Place {
  path: string;
  fields: Fields;
  containers: Containers;
}

function collect(value: Json, schema: Schema | undefined, place: Place): void {
  const { path, fields, containers } = place;
  if (isRecord(value) && schema?.["x-kubernetes-map-type"] !== "atomic") {
    collectMap(value, schema, place);
  } else if (Array.isArray(value) && isKeyed(schema)) {
    if (containers !== "none") fields.set(path, undefined);
    for (const item of value) collectItem(item, schema!, place);
  } else fields.set(path, value);
}

/** Whether a list is merged item by item. */
export function isKeyed(schema: Schema | undefined): boolean {
  const type = schema?.["x-kubernetes-list-type"];
  return type === "map" || type === "set";
}

function collectMap(map: JsonObject, schema: Schema | undefined, place: Place): void {
  const { path, fields, containers } = place;
  const keys = Object.keys(map);
  if (path && keys.length === 0) fields.set(path, map);
  else if (path && (containers === "all" || (containers !== "none" && !schema?.properties)))
    fields.set(path, undefined);
  for (const key of keys) {
    collect(map[key]!, fieldSchema(schema, key), { ...place, path: joined(path, `f:${key}`) });
  }
}

function collectItem(item: Json, schema: Schema, place: Place): void {
  const path = joined(place.path, itemStep(item, schema));
  place.fields.set(path, undefined);
  if (!isRecord(item)) return;
  for (const [key, value] of Object.entries(item)) {
    collect(value, fieldSchema(schema.items, key), { ...place, path: joined(path, `f:${key}`) });
  }
}

/** `k:{...}` with the item's keys in order for keyed lists, `v:...` for sets. */
export function itemStep(item: Json, schema: Schema): string {
  const keys = schema["x-kubernetes-list-map-keys"];
  if (schema["x-kubernetes-list-type"] !== "map" || !keys || !isRecord(item)) {
    return `v:${formatJson(item)}`;
  }
  const named: JsonObject = {};
  for (const key of [...keys].sort()) {
    const value = item[key] ?? schema.items?.properties?.[key]?.default;
    if (value !== undefined) named[key] = value;
  }
  return `k:${JSON.stringify(named)}`;
}

/** The nested form: `{"f:spec": {"f:type": {}}}`, with "." for a container that is owned itself. */
export function toFieldsV1(fields: Iterable<string>): JsonObject {
  const root: JsonObject = {};
  for (const field of fields) {
    let node = root;
    for (const step of stepsOf(field)) node = (node[step] ??= {}) as JsonObject;
    node["."] = {};
  }
  return tidied(root);
}

/** Keys in order, and no "." in a node that has nothing else. */
function tidied(node: JsonObject): JsonObject {
  const keys = Object.keys(node).sort();
  if (keys.length === 1 && keys[0] === ".") return {};
  return Object.fromEntries(
    keys.map((key) => [key, key === "." ? {} : tidied(node[key] as JsonObject)]),
  );
}

export function fromFieldsV1(root: JsonObject): Set<string> {
  const fields = new Set<string>();
  const visit = (node: JsonObject, path: string): void => {
    const keys = Object.keys(node);
    if (path && (keys.length === 0 || "." in node)) fields.add(path);
    for (const key of keys) if (key !== ".") visit(node[key] as JsonObject, joined(path, key));
  };
  visit(root, "");
  return fields;
}

/** A place in the words of the real server's messages: `.spec.ports[port=80,protocol="TCP"].targetPort`. */
export function shownField(field: string): string {
  return stepsOf(field)
    .map((step) => {
      if (step.startsWith("f:")) return `.${step.slice(2)}`;
      if (step.startsWith("v:")) return `[=${step.slice(2)}]`;
      const keys = Object.entries(JSON.parse(step.slice(2)) as JsonObject);
      return `[${keys.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(",")}]`;
    })
    .join("");
}
