/** The types of JSON values, and which of them a schema allows. */
import type { Json } from "./json.ts";
import type { Schema } from "./schema.ts";

/** As JSON Schema calls the type of a value. */
export function jsonType(value: Json): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "bigint") return "integer";
  // Whole numbers beyond 2^53 are bigints, but for those that no int64 can hold.
  if (typeof value === "number") return Number.isSafeInteger(value) ? "integer" : "number";
  return typeof value;
}

/** The types that a schema allows; none stands for all. */
function allowedTypes(schema: Schema): string[] {
  if (schema.format === "quantity") return ["string", "integer", "number"];
  if (schema["x-kubernetes-int-or-string"]) return ["integer", "string"];
  if (schema.type === "number") return ["number", "integer"];
  return schema.type ? [schema.type] : [];
}

/** Whether the value has a type that the schema allows; nothing is said about its content. */
export function fits(value: Json, schema: Schema): boolean {
  const allowed = allowedTypes(schema);
  return allowed.length === 0 || allowed.includes(jsonType(value));
}
