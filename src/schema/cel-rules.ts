/** x-kubernetes-validations: rules in CEL that a value of a custom resource must keep. */
import { fieldError, unless, type Cause } from "./field-error.ts";
import { isRecord, type Json } from "./json.ts";
import { parseCel, type Cel } from "./cel.ts";
import { fieldSchema, type Schema } from "./schema.ts";
import { jsonType } from "./value-type.ts";

/** Field errors of the rules of a value and of all that is in it. Rules about oldSelf are asked for updates only. */
export function celErrors(value: Json, schema: Schema, path: string, old?: Json): Cause[] {
  if (value === null) return [];
  return [...ownErrors(value, schema, path, old), ...innerErrors(value, schema, path, old)];
}

function innerErrors(value: Json, schema: Schema, path: string, old?: Json): Cause[] {
  const { items } = schema;
  if (Array.isArray(value) && items) {
    const before = Array.isArray(old) ? old : [];
    return value.flatMap((item, at) => celErrors(item, items, `${path}[${at}]`, before[at]));
  }
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const field = fieldSchema(schema, key);
    const before = isRecord(old) ? old[key] : undefined;
    return field ? celErrors(inner, field, path ? `${path}.${key}` : key, before) : [];
  });
}

/** Whether the schema has any rule, at whatever depth. */
export function hasRules(schema: Schema): boolean {
  const { items, properties = {}, additionalProperties: extra } = schema;
  const inner = [
    ...Object.values(properties),
    items,
    typeof extra === "object" ? extra : undefined,
  ];
  if (schema["x-kubernetes-validations"]) return true;
  return inner.some((one) => one !== undefined && hasRules(one));
}

function ownErrors(value: Json, schema: Schema, path: string, old?: Json): Cause[] {
  const rules = schema["x-kubernetes-validations"] ?? [];
  return rules.flatMap(({ rule, message }) => {
    const node = parsed(rule);
    const isTransition = /\boldSelf\b/.test(rule);
    if (!node || (isTransition && old === undefined)) return [];
    const scope = new Map([["self", value]]);
    if (old !== undefined) scope.set("oldSelf", old);
    const why = message ?? `failed rule: ${rule}`;
    try {
      return unless(node(scope) === true, fieldError.invalid(path, shown(value), why));
    } catch (error) {
      // A rule that cannot be evaluated counts as broken, as on the real server, which then shows the type only.
      const failure = `${(error as Error).message} evaluating rule: ${why}`;
      return [fieldError.invalid(path, jsonType(value), failure)];
    }
  });
}

/** The real server names only the type of what is no plain value. */
function shown(value: Json): Json {
  if (Array.isArray(value)) return "array";
  return isRecord(value) ? "object" : value;
}

const known = new Map<string, Cel | undefined>();

/** The tree of a rule; undefined for rules beyond our part of CEL, which check nothing (docs/embedded-server.md). */
function parsed(rule: string): Cel | undefined {
  if (known.has(rule)) return known.get(rule);
  let node: Cel | undefined;
  try {
    node = parseCel(rule);
  } catch {
    node = undefined;
  }
  known.set(rule, node);
  return node;
}
