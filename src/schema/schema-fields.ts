/** Defaults and unknown fields: what a schema adds to a value and what it takes away. */
import { clone, isRecord, type Json, type JsonObject } from "./json.ts";
import { fieldSchema, isClosed, type Schema } from "./schema.ts";

/** The value with `of` made of every item of a list and every field of a map; undefined leaves a field out. */
function mapped(
  value: Json,
  schema: Schema,
  of: (value: Json, schema: Schema | undefined, key: string | number) => Json | undefined,
): Json {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items ? value.map((item, at) => of(item, items, at) ?? null) : value;
  }
  if (!isRecord(value)) return value;
  const copy: JsonObject = {};
  for (const [key, given] of Object.entries(value)) {
    const kept = of(given, fieldSchema(schema, key), key);
    if (kept !== undefined) copy[key] = kept;
  }
  return copy;
}

/** The value with the schema's defaults filled in; the given one is not changed. */
export function applyDefaults(value: Json, schema: Schema): Json {
  const { properties = {} } = schema;
  const filled = mapped(value, schema, (given, field, key) => {
    if (given === null && properties[key] && !field?.nullable) return undefined;
    return field ? applyDefaults(given, field) : given;
  });
  if (!isRecord(filled)) return filled;
  for (const [key, field] of Object.entries(properties)) {
    if (field.default === undefined || filled[key] !== undefined) continue;
    filled[key] = applyDefaults(clone(field.default), field);
  }
  return filled;
}

/** The value without empty free maps and lists, which Go leaves out when it writes JSON. */
export function withoutEmptyFields(value: Json, schema: Schema): Json {
  return mapped(value, schema, (given, field, key) => {
    if (!field) return given;
    const isOptional = schema.properties && !schema.required?.includes(String(key));
    if (isOptional && isEmptyCollection(given, field)) return undefined;
    return withoutEmptyFields(given, field);
  });
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
  return mapped(value, schema, (given, field, key) => {
    const name = path ? `${path}.${key}` : String(key);
    const at = typeof key === "number" ? `${path}[${key}]` : name;
    if (field) return withoutUnknownFields(given, field, unknown, at);
    if (keepsUnknown(schema, path, String(key))) return given;
    unknown.push(at);
    return undefined;
  });
}

function keepsUnknown(schema: Schema, path: string, key: string): boolean {
  if (schema["x-kubernetes-preserve-unknown-fields"] || schema.additionalProperties === true)
    return true;
  const embedded = path === "" || schema["x-kubernetes-embedded-resource"];
  if (embedded && (key === "apiVersion" || key === "kind" || key === "metadata")) return true;
  return !isClosed(schema) && schema.type !== "object";
}
