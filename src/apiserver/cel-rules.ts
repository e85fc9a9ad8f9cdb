/** x-kubernetes-validations: rules in CEL that a value of a custom resource must keep. */
import type { Cause } from "./api-error.ts";
import type { Json } from "./api-object.ts";
import type { Schema } from "./schema.ts";

export function celErrors(_value: Json, _schema: Schema, _path: string, _old?: Json): Cause[] {
  return [];
}
