/** Schemas of the built-in kinds, read from the table of their types; they look like those of custom resources. */
import type { Json, Schema } from "../schema/index.ts";
import { BUILTIN_TYPES } from "./builtin-fields.ts";

const SCALARS: Record<string, Schema> = {
  s: { type: "string" },
  i: { type: "integer", format: "int32" },
  l: { type: "integer", format: "int64" },
  d: { type: "number" },
  b: { type: "boolean" },
  x: { "x-kubernetes-int-or-string": true },
  t: { type: "string", format: "date-time", nullable: true },
  m: { type: "string", format: "micro-time", nullable: true },
  q: { format: "quantity", "x-kubernetes-int-or-string": true },
  y: { type: "string", format: "byte" },
  j: { "x-kubernetes-preserve-unknown-fields": true },
};

const FIELD =
  /^(\w+):([^#!@~%+^=]+)(?:#([\d.]+))?(!)?(?:@(\w*))?(~)?(?:%([\w,]+))?(\+)?(\^)?(?:=(.*))?$/;

const paragraphs = readParagraphs();
const built = new Map<string, Schema>();

function readParagraphs(): Map<string, string[]> {
  const types = new Map<string, string[]>();
  for (const paragraph of BUILTIN_TYPES.trim().split(/\n(?=\w)/)) {
    const [name = "", fields = ""] = paragraph.split(">");
    types.set(name, fields.split(/\s+/).filter(Boolean));
  }
  return types;
}

/** The schema of a kind, undefined when the table does not have it. Events exist twice. */
export function builtinSchema(group: string, kind: string): Schema | undefined {
  return typeSchema(group === "events.k8s.io" ? `Events${kind}` : kind);
}

/** Also used for bodies of subresources such as TokenRequest and Scale. */
export function typeSchema(name: string): Schema | undefined {
  const fields = paragraphs.get(name);
  if (!fields) return undefined;
  let schema = built.get(name);
  if (!schema) built.set(name, (schema = objectSchema(fields)));
  return schema;
}

function objectSchema(fields: readonly string[]): Schema {
  const properties: Record<string, Schema> = {};
  const required: string[] = [];
  for (const text of fields) {
    const match = FIELD.exec(text);
    if (!match) throw new Error(`unreadable field in the table of built-in types: ${text}`);
    properties[match[1]!] = fieldOf(match);
    if (match[4]) required.push(match[1]!);
  }
  return { type: "object", properties, ...(required.length > 0 ? { required } : {}) };
}

function fieldOf(match: RegExpExecArray): Schema {
  const [, , type = "", tag, , mergeKey, retainKeys, mapKeys, isSet, atomic, fallback] = match;
  const schema: Schema = { ...typeOf(type) };
  if (tag) schema["x-protobuf-tag"] = tag;
  const strategy = strategyOf(mergeKey, retainKeys);
  if (strategy) schema["x-kubernetes-patch-strategy"] = strategy;
  if (mergeKey) schema["x-kubernetes-patch-merge-key"] = mergeKey;
  if (mapKeys) schema["x-kubernetes-list-map-keys"] = mapKeys.split(",");
  if (mapKeys) schema["x-kubernetes-list-type"] = "map";
  if (isSet) schema["x-kubernetes-list-type"] = "set";
  if (atomic) schema[schema.items ? "x-kubernetes-list-type" : "x-kubernetes-map-type"] = "atomic";
  if (fallback !== undefined) schema.default = defaultOf(fallback);
  return schema;
}

function strategyOf(mergeKey: string | undefined, retainKeys: string | undefined): string {
  const words = [mergeKey === undefined ? "" : "merge", retainKeys ? "retainKeys" : ""];
  return words.filter(Boolean).join(",");
}

function typeOf(type: string): Schema {
  const inner = type.slice(1, -1);
  if (type.startsWith("[")) return { type: "array", items: typeOf(inner) };
  if (type.startsWith("{")) return { type: "object", additionalProperties: typeOf(inner) };
  const schema = SCALARS[type] ?? typeSchema(type);
  if (!schema) throw new Error(`the table of built-in types does not have ${type}`);
  return schema;
}

function defaultOf(text: string): Json {
  return /^(-?\d+|\{\}|"")$/.test(text) ? (JSON.parse(text) as Json) : text;
}
