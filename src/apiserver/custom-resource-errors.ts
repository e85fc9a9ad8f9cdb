/** What makes a CustomResourceDefinition valid: names, versions, and schemas that say the type of everything. */
import { fieldError, type Cause } from "./api-error.ts";
import type { ApiObject } from "./api-object.ts";
import type { Column } from "./resource.ts";
import type { Schema } from "./schema.ts";

export interface DefinitionVersion {
  name: string;
  served: boolean;
  storage: boolean;
  schema?: { openAPIV3Schema?: Schema };
  subresources?: { status?: object; scale?: object };
  additionalPrinterColumns?: Column[];
}

const SCOPES = ["Cluster", "Namespaced"];

/** Field errors of a definition. */
export function definitionErrors({ metadata, spec = {} }: ApiObject): Cause[] {
  const { group, names = {}, scope = "" } = spec;
  const versions: DefinitionVersion[] = spec.versions ?? [];
  const missing = [
    ...(group ? [] : ["spec.group"]),
    ...["plural", "kind"].filter((field) => !names[field]).map((field) => `spec.names.${field}`),
  ];
  const misnamed = metadata.name !== `${names.plural}.${group}`;
  const stored = versions.filter((version) => version.storage).length;
  const one = "must have exactly one version marked as storage version";
  return [
    ...(misnamed
      ? [
          fieldError.invalid(
            "metadata.name",
            metadata.name,
            'must be spec.names.plural+"."+spec.group',
          ),
        ]
      : []),
    ...missing.map((field) => fieldError.required(field)),
    ...(SCOPES.includes(scope) ? [] : [fieldError.notSupported("spec.scope", scope, SCOPES)]),
    ...(stored === 1 ? [] : [fieldError.invalid("spec.versions", versions, one)]),
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
  const isFree =
    schema["x-kubernetes-int-or-string"] || schema["x-kubernetes-preserve-unknown-fields"];
  if (schema.type || isFree) return [];
  return [fieldError.required(`${field}.type`, `must not be empty ${what}`)];
}
