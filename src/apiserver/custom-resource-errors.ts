/** What makes a CustomResourceDefinition valid: names, versions, and schemas that say the type of everything. */
import {
  type Cause,
  type Schema,
  fieldError,
  unless,
  unlessOneOf,
  unlessSame,
} from "../schema/index.ts";
import type { ApiObject } from "./api-object.ts";
import type { Column } from "./resource.ts";

export interface DefinitionVersion {
  name: string;
  served: boolean;
  storage: boolean;
  deprecated?: boolean;
  deprecationWarning?: string;
  schema?: { openAPIV3Schema?: Schema };
  subresources?: { status?: object; scale?: object };
  additionalPrinterColumns?: Column[];
}

/** Field errors of a definition. */
export function definitionErrors({ metadata, spec = {} }: ApiObject): Cause[] {
  const { group, names = {}, scope = "" } = spec;
  const versions: DefinitionVersion[] = spec.versions ?? [];
  const missing = [
    ...(group ? [] : ["spec.group"]),
    ...["plural", "kind"].filter((field) => !names[field]).map((field) => `spec.names.${field}`),
  ];
  const misnamed = 'must be spec.names.plural+"."+spec.group';
  const stored = versions.filter((version) => version.storage).length;
  const one = "must have exactly one version marked as storage version";
  return [
    ...unlessSame("metadata.name", metadata.name, `${names.plural}.${group}`, misnamed),
    ...missing.map((field) => fieldError.required(field)),
    ...unlessOneOf(["Cluster", "Namespaced"], "spec.scope", scope),
    ...unless(stored === 1, fieldError.invalid("spec.versions", versions, one)),
    ...versions.flatMap((version, at) => versionErrors(version, `spec.versions[${at}]`)),
  ];
}

function versionErrors(version: DefinitionVersion, path: string): Cause[] {
  const field = `${path}.schema.openAPIV3Schema`;
  const schema = version.schema?.openAPIV3Schema;
  if (!schema) return [fieldError.required(field, "schemas are required")];
  // The server itself knows the schema of metadata.
  const { metadata: _metadata, ...properties } = schema.properties ?? {};
  return structuralErrors({ ...schema, properties }, field, "at the root");
}

function structuralErrors(schema: Schema, field: string, what: string): Cause[] {
  const { items, additionalProperties: extra, properties = {} } = schema;
  const fields = "for specified object fields";
  return [
    ...typeErrors(schema, field, what),
    ...Object.entries(properties).flatMap(([name, property]) =>
      structuralErrors(property, `${field}.properties[${name}]`, fields),
    ),
    ...(items ? structuralErrors(items, `${field}.items`, "for specified array items") : []),
    ...(typeof extra === "object"
      ? structuralErrors(extra, `${field}.additionalProperties`, fields)
      : []),
  ];
}

function typeErrors(schema: Schema, field: string, what: string): Cause[] {
  const isTyped =
    schema.type ||
    schema["x-kubernetes-int-or-string"] ||
    schema["x-kubernetes-preserve-unknown-fields"];
  return unless(isTyped, fieldError.required(`${field}.type`, `must not be empty ${what}`));
}
