/** Whether a value is what a custom resource's schema asks for, in the real server's words. */
import { parseAddress } from "../ip/index.ts";
import { fieldError, hidesRules, unless, type Cause } from "./field-error.ts";
import { equal, isRecord, type Json, type JsonObject } from "./json.ts";
import { celErrors } from "./cel-rules.ts";
import { fits, jsonType } from "./value-type.ts";
import { fieldSchema, type Schema } from "./schema.ts";

/** Every field error of `value`; `path` is "" for the object itself. */
export function validateObject(value: Json, schema: Schema, path: string, old?: Json): Cause[] {
  const causes = schemaErrors(value, schema, path);
  // A rule may rely on types and on fields that must be there.
  return causes.some(hidesRules) ? causes : [...causes, ...celErrors(value, schema, path, old)];
}

function schemaErrors(value: Json, schema: Schema, path: string): Cause[] {
  if (value === null && (schema.nullable || !schema.type)) return [];
  if (!fits(value, schema)) return [wrongType(value, schema, path)];
  const isListed = schema.enum?.some((one) => equal(one, value)) ?? true;
  return [
    ...unless(isListed, fieldError.notSupported(path, value, schema.enum ?? [])),
    ...(typeof value === "string" ? textErrors(value, schema, path) : []),
    ...numberErrors(value, schema, path),
    ...(Array.isArray(value) ? listErrors(value, schema, path) : []),
    ...(isRecord(value) ? mapErrors(value, schema, path) : []),
    ...combinationErrors(value, schema, path),
  ];
}

function body(path: string): string {
  return path ? `${path} in body` : "in body";
}

function wrongType(value: Json, schema: Schema, path: string): Cause {
  const type = JSON.stringify(jsonType(value));
  const wanted = schema["x-kubernetes-int-or-string"] ? "integer,string" : schema.type;
  const message = `Invalid value: ${type}: ${body(path)} must be of type ${wanted}: ${type}`;
  return { reason: "FieldValueTypeInvalid", message, field: path || "<nil>" };
}

const FORMATS: Record<string, (text: string) => boolean> = {
  ipv4: (text) => parseAddress(text)?.family === 4,
  ipv6: (text) => parseAddress(text)?.family === 6,
  cidr: (text) =>
    parseAddress(text.split("/")[0]!) !== undefined &&
    /^\/\d+$/.test(text.slice(text.indexOf("/"))),
  "date-time": (text) =>
    /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/.test(text),
  date: (text) => /^\d{4}-\d\d-\d\d$/.test(text),
  byte: (text) => /^[A-Za-z0-9+/]*={0,2}$/.test(text),
  uuid: (text) => /^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i.test(text),
  mac: (text) => /^([0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i.test(text),
};

/** The causes of a check that names what the value should be. */
function should(isFine: boolean, value: Json, path: string, detail: string): Cause[] {
  return unless(isFine, fieldError.invalid(path, value, `${body(path)} ${detail}`));
}

function textErrors(text: string, schema: Schema, path: string): Cause[] {
  const { maxLength = Infinity, minLength = 0, pattern, format = "" } = schema;
  const length = Array.from(text).length;
  const tooLong = `Too long: may not be more than ${maxLength} bytes`;
  const hasFormat = FORMATS[format]?.(text) ?? true;
  return [
    ...unless(length <= maxLength, { reason: "FieldValueTooLong", message: tooLong, field: path }),
    ...should(length >= minLength, text, path, `should be at least ${minLength} chars long`),
    ...should(matches(pattern ?? "", text), text, path, `should match '${pattern}'`),
    ...should(hasFormat, text, path, `must be of type ${format}: ${JSON.stringify(text)}`),
  ];
}

function matches(pattern: string, text: string): boolean {
  try {
    return new RegExp(pattern, "u").test(text);
  } catch {
    return true; // Go's dialect has forms that JavaScript lacks; such a pattern checks nothing here.
  }
}

function numberErrors(value: Json, schema: Schema, path: string): Cause[] {
  if (typeof value !== "number" && typeof value !== "bigint") return [];
  const { minimum = -Infinity, maximum = Infinity, multipleOf } = schema;
  const { exclusiveMinimum: above, exclusiveMaximum: below } = schema;
  const least = `should be greater than ${above ? "" : "or equal to "}${minimum}`;
  const most = `should be less than ${below ? "" : "or equal to "}${maximum}`;
  const isInt32 = value >= -(2 ** 31) && value < 2 ** 31;
  const outside = `Checked value must be of type integer with format int32 in ${path}`;
  return [
    ...unless(isInt32 || schema.format !== "int32", fieldError.invalid(path, value, outside)),
    ...should(above ? value > minimum : value >= minimum, value, path, least),
    ...should(below ? value < maximum : value <= maximum, value, path, most),
    ...should(
      !multipleOf || Number(value) % multipleOf === 0,
      value,
      path,
      `should be a multiple of ${multipleOf}`,
    ),
  ];
}

function countErrors(
  count: number,
  [least = 0, most = Infinity]: [number | undefined, number | undefined],
  path: string,
  what: string,
): Cause[] {
  const message = `Too many: ${count}: must have at most ${most} items`;
  return [
    ...unless(count <= most, { reason: "FieldValueTooMany", message, field: path }),
    ...should(count >= least, count, path, `should have at least ${least} ${what}`),
  ];
}

function listErrors(list: Json[], schema: Schema, path: string): Cause[] {
  const { items, minItems, maxItems } = schema;
  const causes = countErrors(list.length, [minItems, maxItems], path, "items");
  for (const [at, item] of list.entries()) {
    const field = `${path}[${at}]`;
    const earlier = list.findIndex((one) => sameItem(one, item, schema));
    if (earlier >= 0 && earlier < at) causes.push(fieldError.duplicate(field, item));
    if (items) causes.push(...schemaErrors(item, items, field));
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

function mapErrors(map: JsonObject, schema: Schema, path: string): Cause[] {
  const { required = [], minProperties, maxProperties } = schema;
  const at = (key: string) => (path ? `${path}.${key}` : key);
  const count = Object.keys(map).length;
  return [
    ...required.flatMap((key) => unless(map[key] !== undefined, fieldError.required(at(key)))),
    ...countErrors(count, [minProperties, maxProperties], path, "properties"),
    ...Object.entries(map).flatMap(([key, value]) => {
      const field = fieldSchema(schema, key);
      return field ? schemaErrors(value, field, at(key)) : [];
    }),
  ];
}

function combinationErrors(value: Json, schema: Schema, path: string): Cause[] {
  const { allOf = [], anyOf, oneOf, not } = schema;
  const valid = (one: Schema) => schemaErrors(value, one, path).length === 0;
  const any = !anyOf || schema["x-kubernetes-int-or-string"] || anyOf.some(valid);
  const one = !oneOf || oneOf.filter(valid).length === 1;
  return [
    ...allOf.flatMap((each) => schemaErrors(value, each, path)),
    ...should(any, value, path, "must validate at least one schema (anyOf)"),
    ...should(one, value, path, "must validate one and only one schema (oneOf)"),
    ...should(!not || !valid(not), value, path, "must not validate the schema (not)"),
  ];
}
