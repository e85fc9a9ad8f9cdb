/** Bytes of one packet message to its value. */
import { MAX_META_BYTES } from "./limits.ts";
import {
  accusationFields,
  ackFields,
  aliveFields,
  indirectPingFields,
  nackFields,
  pingFields,
  pushPullNodeFields,
} from "./message-fields.ts";
import { messageType } from "./message-type.ts";
import type { Ack, Alive, PacketMessage, Ping, PushPullNode } from "./messages.ts";
import { type Cursor, newCursor, readFields } from "./msgpack-reader.ts";
import type { Problem } from "./problem.ts";

export type DecodedMessage =
  | { readonly ok: true; readonly message: PacketMessage }
  | { readonly ok: false; readonly problem: Problem };

/** Reads one bare packet message (types 0..5, 8, 11); bytes after its map are ignored (ML-24). */
export function decodeMessage(bytes: Uint8Array): DecodedMessage {
  const type = bytes[0];
  if (type === undefined) return refuse("empty-message", "a message without a type byte");
  const cursor = newCursor(bytes, 1, bytes.length);
  const message = readMessage(type, cursor);
  if (message === undefined) return refuse("unknown-type", `message type ${type}`);
  if (cursor.fault !== "") {
    return refuse("undecodable-message", `${message.kind} message: ${cursor.fault}`);
  }
  if (message.kind === "alive" && message.meta.length > MAX_META_BYTES) {
    return refuse("too-large", `alive message: ${message.meta.length} bytes of metadata (ML-123)`);
  }
  return { ok: true, message };
}

function refuse(reason: Problem["reason"], detail: string): DecodedMessage {
  return { ok: false, problem: { reason, detail } };
}

function readMessage(type: number, cursor: Cursor): PacketMessage | undefined {
  switch (type) {
    case messageType.ping:
      return readPing(cursor);
    case messageType.indirectPing:
      return readIndirectPing(cursor);
    case messageType.ack:
      return readAck(cursor);
    case messageType.nack:
      return { kind: "nack", seqNo: readFields(cursor, nackFields)[0] };
    case messageType.suspect:
    case messageType.dead:
      return readAccusation(cursor, type === messageType.dead ? "dead" : "suspect");
    case messageType.alive:
      return readAlive(cursor);
    case messageType.user:
      return { kind: "user", payload: new Uint8Array(cursor.bytes.subarray(cursor.at)) };
    default:
      return undefined;
  }
}

export function readPing(cursor: Cursor): Ping {
  const [seqNo, node, ...source] = readFields(cursor, pingFields);
  return { kind: "ping", seqNo, node, ...sourceOf(source) };
}

function readIndirectPing(cursor: Cursor): PacketMessage {
  const values = readFields(cursor, indirectPingFields);
  const [seqNo, target, port, node, nack, ...source] = values;
  const asked = {
    kind: "indirect-ping",
    seqNo,
    target: target ?? nothing,
    port,
    node,
    nack,
  } as const;
  return { ...asked, ...sourceOf(source) };
}

export function readAck(cursor: Cursor): Ack {
  const [seqNo, payload] = readFields(cursor, ackFields);
  return payload === undefined ? { kind: "ack", seqNo } : { kind: "ack", seqNo, payload };
}

function readAccusation(cursor: Cursor, kind: "suspect" | "dead"): PacketMessage {
  const [incarnation, node, from] = readFields(cursor, accusationFields);
  return { kind, incarnation, node, from };
}

function readAlive(cursor: Cursor): Alive {
  const [incarnation, node, addr, port, meta, vsn] = readFields(cursor, aliveFields);
  const known = { kind: "alive", incarnation, node, addr: addr ?? nothing, port } as const;
  return { ...known, meta: meta ?? nothing, vsn: vsn ?? nothing };
}

export function readPushPullNode(cursor: Cursor): PushPullNode {
  const values = readFields(cursor, pushPullNodeFields);
  const [name, addr, port, meta, incarnation, state, vsn] = values;
  const known = { name, addr: addr ?? nothing, port, meta: meta ?? nothing, incarnation, state };
  return { ...known, vsn: vsn ?? nothing };
}

const nothing = new Uint8Array(0);

type Source = Pick<Ping, "sourceAddr" | "sourcePort" | "sourceNode">;

/** Zero and absent are the same for the source (ML-26a). */
function sourceOf([addr, port, node]: [Uint8Array | undefined, number, string]): Source {
  return {
    ...(addr === undefined || addr.length === 0 ? {} : { sourceAddr: addr }),
    ...(port === 0 ? {} : { sourcePort: port }),
    ...(node === "" ? {} : { sourceNode: node }),
  };
}
