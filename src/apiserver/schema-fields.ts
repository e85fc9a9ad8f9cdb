/** Defaults and unknown fields: what a schema adds to a value and what it takes away. */
import { textOf, clone, isRecord, type Json, type JsonObject } from "./api-object.ts";
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
export function withSchemaDefaults(value: Json, schema: Schema): Json {
  const { properties = {} } = schema;
  const filled = mapped(value, schema, (given, field, key) => {
    if (given === null && properties[key] && !field?.nullable) return undefined;
    return field ? withSchemaDefaults(given, field) : given;
  });
  if (!isRecord(filled)) return filled;
  for (const [key, field] of Object.entries(properties)) {
    if (field.default === undefined || filled[key] !== undefined) continue;
    filled[key] = withSchemaDefaults(clone(field.default), field);
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

/** The first field whose JSON type is wrong, in the words of Go's JSON decoder; undefined when all fit. */
export function wrongType(value: Json, schema: Schema, path: string): string | undefined {
  if (value === null) return undefined;
  if (!fits(value, schema)) return mismatch(value, schema, path);
  if (schema.format === "byte") return base64Error(textOf(value));
  const { items, properties } = schema;
  if (Array.isArray(value)) {
    return items && firstOf(value, (item) => wrongType(item, items, path));
  }
  if (!isRecord(value)) return undefined;
  return firstOf(Object.entries(value), ([key, given]) => {
    const field = fieldSchema(schema, key);
    return field && wrongType(given, field, properties?.[key] ? `${path}.${key}` : path);
  });
}

function base64Error(text: string): string | undefined {
  const stray = /[^A-Za-z0-9+/=\r\n]/.exec(text)?.index;
  const isShort = text.replace(/[\r\n]/g, "").length % 4 > 0;
  const bad = stray ?? (isShort ? text.length : undefined);
  return bad === undefined ? undefined : `illegal base64 data at input byte ${bad}`;
}

/** What `find` finds first; later items are not looked at. */
function firstOf<T>(items: T[], find: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const found = find(item);
    if (found) return found;
  }
  return undefined;
}

/** As JSON Schema calls the type of a value. */
export function jsonType(value: Json): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value;
}

/** The types that a schema allows; none stands for all. */
function allowedTypes(schema: Schema): string[] {
  if (schema.format === "quantity") return ["string", "integer", "number"];
  if (schema["x-kubernetes-int-or-string"]) return ["integer", "string"];
  if (schema.type === "number") return ["number", "integer"];
  return schema.type ? [schema.type] : [];
}

export function fits(value: Json, schema: Schema): boolean {
  const allowed = allowedTypes(schema);
  return allowed.length === 0 || allowed.includes(jsonType(value));
}

const GO_TYPES: Record<string, string> = { boolean: "bool", integer: "int32", number: "float64" };

const GO_WORDS: Record<string, string> = { boolean: "bool", integer: "number" };

function mismatch(value: Json, { format, type = "value" }: Schema, path: string): string {
  const given = GO_WORDS[jsonType(value)] ?? jsonType(value);
  const wanted = format?.startsWith("int") ? format : (GO_TYPES[type] ?? type);
  return `json: cannot unmarshal ${given} into Go struct field ${path} of type ${wanted}`;
}
