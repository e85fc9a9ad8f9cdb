/** Swagger 2.0 in the protobuf form of gnostic, the only one that kubectl before 1.24 reads. */
import type { Schema } from "../schema/index.ts";
import { kindSchemas, PATCH_PARAMETERS, type KindSchema } from "./openapi.ts";
import type { Registry } from "./resource.ts";

export const OPENAPI_PROTOBUF = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}

/** A field that holds text or another message: tag, length, content. */
function field(tag: number, content: string | Buffer): Buffer {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  return Buffer.concat([varint(tag * 8 + 2), varint(bytes.length), bytes]);
}

function message(...fields: (Buffer | undefined)[]): Buffer {
  return Buffer.concat(fields.filter((one) => one !== undefined));
}

/** NamedAny: an extension with its value as YAML (JSON is YAML). */
function extension(tag: number, name: string, value: unknown): Buffer {
  return field(tag, message(field(1, name), field(2, field(2, `${JSON.stringify(value)}\n`))));
}

function schemaMessage(schema: Schema, ...more: Buffer[]): Buffer {
  const { format, type, items, additionalProperties, properties } = schema;
  const extensions = Object.entries(schema).filter(([name]) => name.startsWith("x-kubernetes-"));
  return message(
    format ? field(2, format) : undefined,
    ...(schema.required ?? []).map((name) => field(19, name)),
    typeof additionalProperties === "object"
      ? field(21, field(1, schemaMessage(additionalProperties)))
      : undefined,
    type ? field(22, field(1, type)) : undefined,
    items ? field(23, field(1, schemaMessage(items))) : undefined,
    properties ? field(25, namedSchemas(Object.entries(properties))) : undefined,
    ...extensions.map(([name, value]) => extension(31, name, value)),
    ...more,
  );
}

function namedSchemas(entries: [string, Schema][]): Buffer {
  return message(
    ...entries.map(([name, schema]) =>
      field(1, message(field(1, name), field(2, schemaMessage(schema)))),
    ),
  );
}

function definition(kind: KindSchema): Buffer {
  const gvk = extension(31, "x-kubernetes-group-version-kind", [kind.gvk]);
  return field(1, message(field(1, kind.name), field(2, schemaMessage(kind.schema, gvk))));
}

function pathItem(kind: KindSchema): Buffer {
  const parameter = (name: string) =>
    field(8, field(1, field(2, field(3, message(field(2, "query"), field(4, name))))));
  const patch = message(
    ...PATCH_PARAMETERS.map(parameter),
    extension(13, "x-kubernetes-group-version-kind", kind.gvk),
  );
  return field(2, message(field(1, kind.path), field(2, field(8, patch))));
}

export function openApiV2Protobuf(registry: Registry): Buffer {
  const kinds = kindSchemas(registry);
  return message(
    field(1, "2.0"),
    field(2, message(field(1, "Kubernetes"), field(2, "v1.36.0"))),
    field(8, message(...kinds.map(pathItem))),
    field(9, message(...kinds.map(definition))),
  );
}
