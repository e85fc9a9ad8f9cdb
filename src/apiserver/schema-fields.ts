/** Defaults and unknown fields: what a schema adds to a value and what it takes away. */
import { textOf, clone, isRecord, type Json, type JsonObject } from "./api-object.ts";
import { fieldSchema, isClosed, type Schema } from "./schema.ts";

/** The value with the schema's defaults filled in; the given one is not changed. */
export function withSchemaDefaults(value: Json, schema: Schema): Json {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items ? value.map((item) => withSchemaDefaults(item, items)) : value;
  }
  if (!isRecord(value)) return value;
  const filled: JsonObject = {};
  for (const [key, given] of Object.entries(value)) {
    const field = fieldSchema(schema, key);
    if (given === null && schema.properties?.[key] && !field?.nullable) continue;
    filled[key] = field ? withSchemaDefaults(given, field) : given;
  }
  fillMissing(filled, schema.properties ?? {});
  return filled;
}

function fillMissing(object: JsonObject, fields: Record<string, Schema>): void {
  for (const [key, field] of Object.entries(fields)) {
    if (field.default === undefined || object[key] !== undefined) continue;
    object[key] = withSchemaDefaults(clone(field.default), field);
  }
}

/** The value without empty free maps and lists, which Go leaves out when it writes JSON. */
export function withoutEmptyFields(value: Json, schema: Schema): Json {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items ? value.map((item) => withoutEmptyFields(item, items)) : value;
  }
  if (!isRecord(value)) return value;
  const kept: JsonObject = {};
  for (const [key, given] of Object.entries(value)) {
    const field = fieldSchema(schema, key);
    const isOptional = !schema.required?.includes(key);
    if (field && isOptional && schema.properties && isEmptyCollection(given, field)) continue;
    kept[key] = field ? withoutEmptyFields(given, field) : given;
  }
  return kept;
}

function isEmptyCollection(value: Json, schema: Schema): boolean {
  if (schema.items) return Array.isArray(value) && value.length === 0;
  return (
    schema.additionalProperties !== undefined && isRecord(value) && Object.keys(value).length === 0
  );
}

/** The value without fields that the schema does not know; their paths are added to `unknown`. */
export function withoutUnknownFields(
  value: Json,
  schema: Schema,
  unknown: string[],
  path = "",
): Json {
  if (Array.isArray(value)) {
    const { items } = schema;
    if (!items) return value;
    return value.map((item, at) => withoutUnknownFields(item, items, unknown, `${path}[${at}]`));
  }
  if (!isRecord(value)) return value;
  const pruned: JsonObject = {};
  for (const [key, given] of Object.entries(value)) {
    const field = fieldSchema(schema, key);
    const at = path ? `${path}.${key}` : key;
    if (field) pruned[key] = withoutUnknownFields(given, field, unknown, at);
    else if (keepsUnknown(schema, path, key)) pruned[key] = given;
    else unknown.push(at);
  }
  return pruned;
}

function keepsUnknown(schema: Schema, path: string, key: string): boolean {
  if (schema["x-kubernetes-preserve-unknown-fields"] || schema.additionalProperties === true)
    return true;
  const embedded = path === "" || schema["x-kubernetes-embedded-resource"];
  if (embedded && (key === "apiVersion" || key === "kind" || key === "metadata")) return true;
  return !isClosed(schema) && schema.type !== "object";
}

const GO_TYPES: Record<string, string> = {
  integer: "int32",
  string: "string",
  boolean: "bool",
  number: "float64",
};

/** The first field whose JSON type is wrong, in the words of Go's JSON decoder; undefined when all fit. */
export function wrongType(value: Json, schema: Schema, path: string): string | undefined {
  if (value === null) return undefined;
  if (Array.isArray(value)) {
    if (schema.type !== "array" || !schema.items)
      return fits(value, schema) ? undefined : mismatch(value, schema, path);
    return firstOf(value, (item) => wrongType(item, schema.items!, path));
  }
  if (!fits(value, schema)) return mismatch(value, schema, path);
  if (schema.format === "byte") return base64Error(textOf(value));
  if (!isRecord(value)) return undefined;
  return firstOf(Object.entries(value), ([key, given]) => {
    const field = fieldSchema(schema, key);
    if (!field) return undefined;
    return wrongType(given, field, schema.properties?.[key] ? `${path}.${key}` : path);
  });
}

function base64Error(text: string): string | undefined {
  const bad =
    /[^A-Za-z0-9+/=\r\n]/.exec(text)?.index ??
    (text.replace(/[\r\n]/g, "").length % 4 ? text.length : -1);
  return bad >= 0 ? `illegal base64 data at input byte ${bad}` : undefined;
}

function firstOf<T>(
  items: readonly T[],
  find: (item: T) => string | undefined,
): string | undefined {
  for (const item of items) {
    const found = find(item);
    if (found) return found;
  }
  return undefined;
}

function fits(value: Json, schema: Schema): boolean {
  if (schema["x-kubernetes-int-or-string"])
    return typeof value === "string" || typeof value === "number";
  switch (schema.type) {
    case "string":
    case "boolean":
      return typeof value === schema.type;
    case "integer":
      return Number.isInteger(value);
    case "number":
      return typeof value === "number";
    case "array":
      return Array.isArray(value);
    case "object":
      return isRecord(value);
    default:
      return true;
  }
}

function mismatch(value: Json, schema: Schema, path: string): string {
  const given = Array.isArray(value)
    ? "array"
    : isRecord(value)
      ? "object"
      : typeof value === "boolean"
        ? "bool"
        : typeof value;
  const wanted = schema.format?.startsWith("int")
    ? schema.format
    : (GO_TYPES[schema.type ?? ""] ?? schema.type ?? "value");
  return `json: cannot unmarshal ${given} into Go struct field ${path} of type ${wanted}`;
}
