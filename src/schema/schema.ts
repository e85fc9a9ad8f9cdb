/** The part of OpenAPI that Kubernetes calls a structural schema; built-in kinds and custom ones are described alike. */
import type { Json } from "./json.ts";

export interface Schema {
  type?: string;
  format?: string;
  description?: string;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  items?: Schema;
  required?: string[];
  enum?: Json[];
  default?: Json;
  nullable?: boolean;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: boolean;
  exclusiveMaximum?: boolean;
  multipleOf?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  uniqueItems?: boolean;
  minProperties?: number;
  maxProperties?: number;
  pattern?: string;
  allOf?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  not?: Schema;
  "x-kubernetes-int-or-string"?: boolean;
  "x-kubernetes-preserve-unknown-fields"?: boolean;
  "x-kubernetes-embedded-resource"?: boolean;
  "x-kubernetes-validations"?: { rule: string; message?: string }[];
  "x-kubernetes-list-type"?: "atomic" | "set" | "map";
  "x-kubernetes-list-map-keys"?: string[];
  "x-kubernetes-map-type"?: "atomic" | "granular";
  "x-kubernetes-patch-merge-key"?: string;
  "x-kubernetes-patch-strategy"?: string;
  /** Where protobuf keeps the field: built-in kinds only. */
  "x-protobuf-tag"?: string;
}

/** The schema of a field, of a map's value when the schema describes a map. */
export function fieldSchema(schema: Schema | undefined, field: string): Schema | undefined {
  const property = schema?.properties?.[field];
  if (property) return property;
  const extra = schema?.additionalProperties;
  return typeof extra === "object" ? extra : undefined;
}

/** Whether a map has named fields, so that others are unknown to it. */
export function isClosed(schema: Schema): boolean {
  return schema.properties !== undefined && !schema["x-kubernetes-preserve-unknown-fields"];
}
