/** Reads Kubernetes' protobuf bodies, which kubectl sends for `create secret` and its like; answers stay JSON. */
import type { Json, JsonObject, Schema } from "../schema/index.ts";
import { badRequest } from "./api-error.ts";
import { builtinSchema, typeSchema } from "./builtin-schema.ts";

const MAGIC = "k8s\0";

/** Wire values of one message, by tag: varints as bigint, everything else as bytes. */
type Wire = Map<number, (bigint | Buffer)[]>;

/** The object in a protobuf body. Throws 400 when it is none, or of a kind without schema. */
export function decodeProtobuf(body: Buffer): JsonObject {
  if (body.toString("latin1", 0, 4) !== MAGIC) {
    throw badRequest(
      "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]",
    );
  }
  const unknown = readMessage(body.subarray(4));
  const typeMeta = readMessage(bytesOf(unknown, 1));
  const apiVersion = bytesOf(typeMeta, 1).toString();
  const kind = bytesOf(typeMeta, 2).toString();
  const group = apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
  const schema = builtinSchema(group, kind) ?? typeSchema(kind);
  // DeleteOptions and the like: none of their fields is needed for what kubectl sends in protobuf.
  const fields = schema ? messageToJson(readMessage(bytesOf(unknown, 2)), schema) : {};
  return { apiVersion, kind, ...fields };
}

function readMessage(bytes: Buffer): Wire {
  const fields: Wire = new Map();
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw badRequest("the protobuf body ends in the middle of a field");
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, value);
    }
  };
  const take = (length: number): Buffer => {
    if (length < 0 || at + length > bytes.length) {
      throw badRequest("the protobuf body ends in the middle of a field");
    }
    return bytes.subarray(at, (at += length));
  };
  while (at < bytes.length) {
    const key = Number(varint());
    const value = [
      varint,
      () => take(8),
      () => take(Number(varint())),
      undefined,
      undefined,
      () => take(4),
    ][key & 7]?.();
    if (value === undefined)
      throw badRequest(`the protobuf body has a field of unknown wire type ${key & 7}`);
    const tag = key >>> 3;
    fields.set(tag, [...(fields.get(tag) ?? []), value]);
  }
  return fields;
}

function bytesOf(wire: Wire, tag: number): Buffer {
  const value = wire.get(tag)?.at(-1);
  return Buffer.isBuffer(value) ? value : Buffer.alloc(0);
}

function messageToJson(wire: Wire, schema: Schema): JsonObject {
  const object: JsonObject = {};
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const tags = field["x-protobuf-tag"]?.split(".").map(Number);
    if (!tags) continue;
    const values = valuesAt(wire, tags);
    const value = values.length > 0 ? fieldToJson(values, field) : undefined;
    if (value === undefined || (isZero(value) && !schema.required?.includes(name))) continue;
    object[name] = value;
  }
  return object;
}

/** Go writes unset scalars as zeros; which of them were set on purpose cannot be told, so they count as unset. */
function isZero(value: Json): boolean {
  return value === "" || value === 0 || value === false || value === null;
}

function valuesAt(wire: Wire, tags: number[]): (bigint | Buffer)[] {
  const [tag = 0, ...rest] = tags;
  if (rest.length === 0) return wire.get(tag) ?? [];
  return wire.has(tag) ? valuesAt(readMessage(bytesOf(wire, tag)), rest) : [];
}

function fieldToJson(values: (bigint | Buffer)[], schema: Schema): Json | undefined {
  if (schema.items) return values.map((value) => scalarToJson(value, schema.items!) ?? null);
  if (typeof schema.additionalProperties === "object") {
    const map: JsonObject = {};
    for (const value of values) {
      const entry = readMessage(value as Buffer);
      const item = entry.get(2)?.at(-1) ?? Buffer.alloc(0);
      map[bytesOf(entry, 1).toString()] = scalarToJson(item, schema.additionalProperties) ?? null;
    }
    return map;
  }
  return scalarToJson(values.at(-1)!, schema);
}

function scalarToJson(value: bigint | Buffer, schema: Schema): Json | undefined {
  if (typeof value === "bigint") return schema.type === "boolean" ? value !== 0n : Number(value);
  if (schema["x-kubernetes-preserve-unknown-fields"]) return undefined;
  if (schema.properties) return messageToJson(readMessage(value), schema);
  switch (schema.format) {
    case "byte":
      return value.toString("base64");
    case "date-time":
    case "micro-time":
      return timeToJson(readMessage(value), schema.format);
    case "quantity":
      return bytesOf(readMessage(value), 1).toString();
    default:
      return schema["x-kubernetes-int-or-string"]
        ? intOrString(readMessage(value))
        : value.toString();
  }
}

function intOrString(wire: Wire): Json {
  const isString = wire.get(1)?.at(-1) === 1n;
  return isString ? bytesOf(wire, 3).toString() : Number(wire.get(2)?.at(-1) ?? 0n);
}

function timeToJson(wire: Wire, format: string): Json {
  const seconds = wire.get(1)?.at(-1);
  if (typeof seconds !== "bigint") return null;
  const nanos = Number(wire.get(2)?.at(-1) ?? 0n);
  const text = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  return format === "date-time"
    ? `${text}Z`
    : `${text}.${String(Math.floor(nanos / 1000)).padStart(6, "0")}Z`;
}
