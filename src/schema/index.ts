/** What a schema of Kubernetes says of an object: defaults, unknown fields, faults. */
export { objectFaults, type Fault } from "./faults.ts";
export { hasRules } from "./cel-rules.ts";
export {
  fieldError,
  hidesRules,
  unless,
  unlessOneOf,
  unlessSame,
  type Cause,
} from "./field-error.ts";
export { clone, equal, isRecord, textOf, type Json, type JsonObject } from "./json.ts";
export { applyDefaults, withoutEmptyFields, withoutUnknownFields } from "./schema-fields.ts";
export { fieldSchema, isClosed, type Schema } from "./schema.ts";
export { validateObject } from "./validation.ts";
export { fits, jsonType } from "./value-type.ts";
