/** Values of a wrong JSON type in built-in kinds, in the words of Go's JSON decoder. */
import {
  fieldSchema,
  fits,
  isRecord,
  jsonType,
  textOf,
  type Json,
  type Schema,
} from "../schema/index.ts";

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

const GO_TYPES: Record<string, string> = { boolean: "bool", integer: "int32", number: "float64" };

const GO_WORDS: Record<string, string> = { boolean: "bool", integer: "number" };

function mismatch(value: Json, { format, type = "value" }: Schema, path: string): string {
  const given = GO_WORDS[jsonType(value)] ?? jsonType(value);
  const wanted = format?.startsWith("int") ? format : (GO_TYPES[type] ?? type);
  return `json: cannot unmarshal ${given} into Go struct field ${path} of type ${wanted}`;
}
