/** Whether a value is what a custom resource's schema asks for, in the real server's words. */
import { isIP } from "node:net";
import { fieldError, type Cause } from "./api-error.ts";
import { equal, isRecord, type Json, type JsonObject } from "./api-object.ts";
import { celErrors } from "./cel-rules.ts";
import type { Schema } from "./schema.ts";

/** Every field error of `value`; `path` is "" for the object itself. */
export function schemaErrors(value: Json, schema: Schema, path: string, old?: Json): Cause[] {
  if (value === null) {
    return schema.nullable || !schema.type ? [] : [wrongType(value, schema, path)];
  }
  const typeError = typeErrors(value, schema, path);
  if (typeError.length > 0) return typeError;
  return [
    ...enumErrors(value, schema, path),
    ...(typeof value === "string" ? textErrors(value, schema, path) : []),
    ...(typeof value === "number" ? numberErrors(value, schema, path) : []),
    ...(Array.isArray(value) ? listErrors(value, schema, path, old) : []),
    ...(isRecord(value) ? mapErrors(value, schema, path, old) : []),
    ...combinationErrors(value, schema, path),
    ...celErrors(value, schema, path, old),
  ];
}

function jsonType(value: Json): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value;
}

function body(path: string): string {
  return path ? `${path} in body` : "in body";
}

function wrongType(value: Json, schema: Schema, path: string): Cause {
  const type = jsonType(value);
  const message = `Invalid value: ${JSON.stringify(type)}: ${body(path)} must be of type ${schema.type}: ${JSON.stringify(type)}`;
  return { reason: "FieldValueTypeInvalid", message, field: path || "<nil>" };
}

function typeErrors(value: Json, schema: Schema, path: string): Cause[] {
  const type = jsonType(value);
  if (schema["x-kubernetes-int-or-string"]) {
    const wanted = { ...schema, type: "integer,string" };
    return type === "integer" || type === "string" ? [] : [wrongType(value, wanted, path)];
  }
  if (!schema.type || schema.type === type) return [];
  if (schema.type === "number" && type === "integer") return [];
  return [wrongType(value, schema, path)];
}

function enumErrors(value: Json, schema: Schema, path: string): Cause[] {
  if (!schema.enum || schema.enum.some((one) => equal(one, value))) return [];
  return [fieldError.notSupported(path, value, schema.enum)];
}

const FORMATS: Record<string, (text: string) => boolean> = {
  ipv4: (text) => isIP(text) === 4,
  ipv6: (text) => isIP(text) === 6,
  cidr: (text) => isIP(text.split("/")[0]!) > 0 && /^\/\d+$/.test(text.slice(text.indexOf("/"))),
  "date-time": (text) =>
    /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/.test(text),
  date: (text) => /^\d{4}-\d\d-\d\d$/.test(text),
  byte: (text) => /^[A-Za-z0-9+/]*={0,2}$/.test(text),
  uuid: (text) => /^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i.test(text),
  mac: (text) => /^([0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i.test(text),
};

function textErrors(text: string, schema: Schema, path: string): Cause[] {
  const causes: Cause[] = [];
  const length = Array.from(text).length;
  const refuse = (detail: string) =>
    causes.push(fieldError.invalid(path, text, `${body(path)} ${detail}`));
  if (schema.maxLength !== undefined && length > schema.maxLength) {
    const message = `Too long: may not be more than ${schema.maxLength} bytes`;
    causes.push({ reason: "FieldValueTooLong", message, field: path });
  }
  if (schema.minLength !== undefined && length < schema.minLength) {
    refuse(`should be at least ${schema.minLength} chars long`);
  }
  if (schema.pattern !== undefined && !matches(schema.pattern, text)) {
    refuse(`should match '${schema.pattern}'`);
  }
  const format = FORMATS[schema.format ?? ""];
  if (format && !format(text)) refuse(`must be of type ${schema.format}: ${JSON.stringify(text)}`);
  return causes;
}

function matches(pattern: string, text: string): boolean {
  try {
    return new RegExp(pattern, "u").test(text);
  } catch {
    return true; // Go's dialect has forms that JavaScript lacks; such a pattern checks nothing here.
  }
}

function numberErrors(value: number, schema: Schema, path: string): Cause[] {
  const causes: Cause[] = [];
  const refuse = (detail: string) =>
    causes.push(fieldError.invalid(path, value, `${body(path)} ${detail}`));
  const { minimum, maximum, multipleOf } = schema;
  if (minimum !== undefined && (schema.exclusiveMinimum ? value <= minimum : value < minimum)) {
    refuse(`should be greater than ${schema.exclusiveMinimum ? "" : "or equal to "}${minimum}`);
  }
  if (maximum !== undefined && (schema.exclusiveMaximum ? value >= maximum : value > maximum)) {
    refuse(`should be less than ${schema.exclusiveMaximum ? "" : "or equal to "}${maximum}`);
  }
  if (multipleOf && value % multipleOf !== 0) refuse(`should be a multiple of ${multipleOf}`);
  return causes;
}

function listErrors(list: Json[], schema: Schema, path: string, old?: Json): Cause[] {
  const causes: Cause[] = [];
  if (schema.maxItems !== undefined && list.length > schema.maxItems) {
    const message = `Too many: ${list.length}: must have at most ${schema.maxItems} items`;
    causes.push({ reason: "FieldValueTooMany", message, field: path });
  }
  if (schema.minItems !== undefined && list.length < schema.minItems) {
    const detail = `${body(path)} should have at least ${schema.minItems} items`;
    causes.push(fieldError.invalid(path, list.length, detail));
  }
  const { items } = schema;
  const before = Array.isArray(old) ? old : [];
  for (const [at, item] of list.entries()) {
    const earlier = list.findIndex((one) => sameItem(one, item, schema));
    if (earlier >= 0 && earlier < at) causes.push(fieldError.duplicate(`${path}[${at}]`, item));
    if (items) causes.push(...schemaErrors(item, items, `${path}[${at}]`, before[at]));
  }
  return causes;
}

function sameItem(a: Json, b: Json, schema: Schema): boolean {
  const type = schema["x-kubernetes-list-type"];
  if (type === "set" || schema.uniqueItems) return equal(a, b);
  const keys = schema["x-kubernetes-list-map-keys"];
  if (type !== "map" || !keys || !isRecord(a) || !isRecord(b)) return false;
  return keys.every((key) => equal(a[key], b[key]));
}

function mapErrors(map: JsonObject, schema: Schema, path: string, old?: Json): Cause[] {
  const at = (key: string) => (path ? `${path}.${key}` : key);
  const causes = (schema.required ?? [])
    .filter((key) => map[key] === undefined)
    .map((key) => fieldError.required(at(key)));
  const count = Object.keys(map).length;
  if (schema.maxProperties !== undefined && count > schema.maxProperties) {
    const message = `Too many: ${count}: must have at most ${schema.maxProperties} items`;
    causes.push({ reason: "FieldValueTooMany", message, field: path });
  }
  if (schema.minProperties !== undefined && count < schema.minProperties) {
    const detail = `${body(path)} should have at least ${schema.minProperties} properties`;
    causes.push(fieldError.invalid(path, count, detail));
  }
  for (const [key, value] of Object.entries(map)) {
    const extra = schema.additionalProperties;
    const field = schema.properties?.[key] ?? (typeof extra === "object" ? extra : undefined);
    const before = isRecord(old) ? old[key] : undefined;
    if (field) causes.push(...schemaErrors(value, field, at(key), before));
  }
  return causes;
}

function combinationErrors(value: Json, schema: Schema, path: string): Cause[] {
  const valid = (one: Schema) => schemaErrors(value, one, path).length === 0;
  const causes = (schema.allOf ?? []).flatMap((one) => schemaErrors(value, one, path));
  const refuse = (detail: string) =>
    causes.push(fieldError.invalid(path, value, `${body(path)} ${detail}`));
  if (schema.anyOf && !schema["x-kubernetes-int-or-string"] && !schema.anyOf.some(valid)) {
    refuse("must validate at least one schema (anyOf)");
  }
  if (schema.oneOf && schema.oneOf.filter(valid).length !== 1) {
    refuse("must validate one and only one schema (oneOf)");
  }
  if (schema.not && valid(schema.not)) refuse("must not validate the schema (not)");
  return causes;
}
