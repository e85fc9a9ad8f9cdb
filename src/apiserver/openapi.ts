/** OpenAPI as far as kubectl needs it: schemas for validation and patches, and which query parameters PATCH takes. */
import { createHash } from "node:crypto";
import type { JsonObject, Schema } from "../schema/index.ts";
import { PATCH_TYPES, STRATEGIC_PATCH } from "./patch.ts";
import { ALL_VERBS, groupVersion, type Registry, type Resource } from "./resource.ts";

/** Query parameters of PATCH by which kubectl finds out what a server can do. */
export const PATCH_PARAMETERS = ["dryRun", "fieldManager", "fieldValidation", "force"];

/** One kind of one version, ready for either form of OpenAPI. */
export interface KindSchema {
  name: string;
  path: string;
  /** Where its group version is served, such as "apis/apps/v1". */
  root: string;
  gvk: JsonObject;
  schema: Schema;
  custom: boolean;
}

export function kindSchemas(registry: Registry): KindSchema[] {
  return registry
    .all()
    .filter(({ verbs }) => verbs.length === ALL_VERBS.length)
    .map(kindSchema);
}

function kindSchema(resource: Resource): KindSchema {
  const { group, version, kind, plural, namespaced, custom } = resource;
  const root = group ? `apis/${groupVersion(resource)}` : `api/${version}`;
  const schema = published(resource.schema ?? { type: "object" });
  const word = { type: "string" };
  return {
    name: schemaName(resource),
    path: `/${root}/${namespaced ? "namespaces/{namespace}/" : ""}${plural}/{name}`,
    root,
    gvk: { group, version, kind },
    schema: { ...schema, properties: { apiVersion: word, kind: word, ...schema.properties } },
    custom,
  };
}

/** The names of the real server's documents: io.k8s.api.core.v1.Service. */
function schemaName({ group, version, kind, custom }: Resource): string {
  const suffix = `${version}.${kind}`;
  if (custom) return `${group.split(".").reverse().join(".")}.${suffix}`;
  if (group === "apiextensions.k8s.io") {
    return `io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.${suffix}`;
  }
  return `io.k8s.api.${group.split(".")[0] || "core"}.${suffix}`;
}

/** Integers or strings are strings of that format here, and free-form fields have no type. */
function published(schema: Schema): Schema {
  const { "x-protobuf-tag": _tag, "x-kubernetes-int-or-string": either, ...rest } = schema;
  const copy: Schema = rest;
  if (either) return { ...copy, type: "string", format: "int-or-string" };
  if (schema.properties) {
    copy.properties = Object.fromEntries(
      Object.entries(schema.properties).map(([name, field]) => [name, published(field)]),
    );
  }
  if (schema.items) copy.items = published(schema.items);
  if (typeof schema.additionalProperties === "object") {
    copy.additionalProperties = published(schema.additionalProperties);
  }
  return copy;
}

const INFO = { title: "Kubernetes", version: "v1.36.0" };

function definitions(kinds: KindSchema[]): JsonObject {
  const all = kinds.map(({ name, schema, gvk }) => [
    name,
    { ...schema, "x-kubernetes-group-version-kind": [gvk] },
  ]);
  return Object.fromEntries(all) as JsonObject;
}

/** Swagger 2.0, for old clients that take JSON. */
export function openApiV2(registry: Registry): JsonObject {
  const kinds = kindSchemas(registry);
  const parameters = PATCH_PARAMETERS.map((name) => ({ name, in: "query", type: "string" }));
  const paths = kinds.map(({ path, gvk }) => [
    path,
    {
      patch: {
        parameters,
        "x-kubernetes-action": "patch",
        "x-kubernetes-group-version-kind": gvk,
      },
    },
  ]);
  const [swagger, info] = ["2.0", INFO];
  return { swagger, info, paths: Object.fromEntries(paths), definitions: definitions(kinds) };
}

/** /openapi/v3: which group versions have a document. */
export function openApiV3Index(registry: Registry): JsonObject {
  const roots = new Set(kindSchemas(registry).map(({ root }) => root));
  const entries = [...roots].map((root) => {
    const text = JSON.stringify(openApiV3(registry, root));
    const hash = createHash("sha256").update(text).digest("hex").slice(0, 32).toUpperCase();
    return [root, { serverRelativeURL: `/openapi/v3/${root}?hash=${hash}` }];
  });
  return { paths: Object.fromEntries(entries) };
}

/** The OpenAPI 3 document of one group version such as "apis/apps/v1"; undefined when it is not served. */
export function openApiV3(registry: Registry, root: string): JsonObject | undefined {
  const kinds = kindSchemas(registry).filter((kind) => kind.root === root);
  if (kinds.length === 0) return undefined;
  const paths = kinds.map((kind) => [
    kind.path,
    { get: operation(kind, "get", []), patch: patchOperation(kind) },
  ]);
  return {
    openapi: "3.0.0",
    info: INFO,
    paths: Object.fromEntries(paths),
    components: { schemas: definitions(kinds) },
  };
}

function operation({ name, gvk }: KindSchema, action: string, parameters: string[]): JsonObject {
  return {
    operationId: `${action}${name}`,
    parameters: parameters.map((one) => ({ name: one, in: "query", schema: { type: "string" } })),
    responses: { "200": { description: "OK" } },
    "x-kubernetes-action": action,
    "x-kubernetes-group-version-kind": gvk,
  };
}

function patchOperation(kind: KindSchema): JsonObject {
  const types = PATCH_TYPES.filter((type) => !kind.custom || type !== STRATEGIC_PATCH);
  const content = Object.fromEntries(types.map((type) => [type, { schema: { type: "object" } }]));
  return { ...operation(kind, "patch", PATCH_PARAMETERS), requestBody: { content } };
}
