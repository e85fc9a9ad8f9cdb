/** What the API server would refuse, drop or warn of in a custom resource, for those who check it without a server. */
import { isRecord, type Json, type JsonObject } from "./json.ts";
import { applyDefaults, withoutUnknownFields } from "./schema-fields.ts";
import type { Schema } from "./schema.ts";
import { validateObject } from "./validation.ts";

export interface Fault {
  /** As the API server writes it: `spec.addresses[0]`; "" for the object itself. */
  path: string;
  /** The API server's words, without the path. */
  message: string;
  /** What stands at the path; undefined where nothing does. */
  value: Json | undefined;
  /** The API server's reason, such as FieldValueInvalid; UnknownField for what it would drop (or refuse when strict). */
  reason: string;
}

/**
 * Every fault of a new object under the schema of its version; unknown fields come last. Defaults are
 * filled in first, as the server does. Metadata is not looked at.
 */
export function objectFaults(object: JsonObject, schema: Schema): Fault[] {
  const { metadata: _metadata, ...properties } = schema.properties ?? {};
  const own: Schema = { ...schema, properties };
  const unknown: string[] = [];
  const known = applyDefaults(withoutUnknownFields(object, own, unknown), own);
  return [
    ...validateObject(known, own, "").map(({ field, message, reason }) => {
      const path = field === "<nil>" ? "" : field;
      return { path, message, value: valueAt(object, path), reason };
    }),
    ...unknown.map((path) => {
      const message = `unknown field "${path}"`;
      return { path, message, value: valueAt(object, path), reason: "UnknownField" };
    }),
  ];
}

/** The value at a path such as `spec.peers[1].name`; undefined where a part is missing. */
function valueAt(object: Json, path: string): Json | undefined {
  let value: Json | undefined = object;
  for (const step of path.match(/[^.[\]]+/g) ?? []) {
    if (Array.isArray(value)) value = value[Number(step)];
    else value = isRecord(value) ? value[step] : undefined;
  }
  return value;
}
