/** Messages to bytes: a type byte and a msgpack map with its keys in byte order (ML-16, ML-17). */
import {
  accusationFields,
  ackFields,
  aliveFields,
  errorFields,
  indirectPingFields,
  nackFields,
  pingFields,
  pushPullHeaderFields,
  pushPullNodeFields,
  userHeaderFields,
} from "./message-fields.ts";
import { messageType } from "./message-type.ts";
import type {
  Accusation,
  Alive,
  ErrorAnswer,
  IndirectPing,
  Message,
  Ping,
  PushPull,
  UserStream,
} from "./messages.ts";
import {
  newWriter,
  writeByte,
  writeMap,
  writeRaw,
  type Writer,
  written,
} from "./msgpack-writer.ts";

/** One message as it stands in a packet; kinds that only streams have get their stream form. */
export function encodeMessage(message: Message): Uint8Array {
  const writer = newWriter();
  writeMessage(writer, message);
  return written(writer);
}

/** One message as it stands in a stream: user messages get a header with their length (ML-27d). */
export function encodeStreamMessage(message: Message): Uint8Array {
  return encodeMessage(message.kind === "user" ? { ...message, kind: "user-stream" } : message);
}

function writeMessage(writer: Writer, message: Message): void {
  switch (message.kind) {
    case "ping":
      writeByte(writer, messageType.ping);
      return writeMap(writer, pingFields, [message.seqNo, message.node, ...sourceOf(message)]);
    case "indirect-ping":
      return writeIndirectPing(writer, message);
    case "ack":
      writeByte(writer, messageType.ack);
      return writeMap(writer, ackFields, [message.seqNo, message.payload ?? null]);
    case "nack":
      writeByte(writer, messageType.nack);
      return writeMap(writer, nackFields, [message.seqNo]);
    case "suspect":
    case "dead":
      return writeAccusation(writer, message);
    case "alive":
      return writeAlive(writer, message);
    case "user":
      writeByte(writer, messageType.user);
      return writeRaw(writer, message.payload);
    default:
      return writeOfStream(writer, message);
  }
}

/** The messages that only streams have. */
function writeOfStream(writer: Writer, message: PushPull | ErrorAnswer | UserStream): void {
  switch (message.kind) {
    case "push-pull":
      return writePushPull(writer, message);
    case "error":
      writeByte(writer, messageType.error);
      return writeMap(writer, errorFields, [message.error]);
    case "user-stream":
      writeByte(writer, messageType.user);
      writeMap(writer, userHeaderFields, [message.payload.length]);
      return writeRaw(writer, message.payload);
  }
}

function writeAccusation(writer: Writer, message: Accusation): void {
  const { kind, incarnation, node, from } = message;
  writeByte(writer, messageType[kind]);
  writeMap(writer, accusationFields, [incarnation, node, from]);
}

function writeAlive(writer: Writer, message: Alive): void {
  const { incarnation, node, addr, port, meta, vsn } = message;
  writeByte(writer, messageType.alive);
  const values = [incarnation, node, orNil(addr), port, orNil(meta), orNil(vsn)] as const;
  writeMap(writer, aliveFields, values);
}

function writeIndirectPing(writer: Writer, message: IndirectPing): void {
  const { seqNo, target, port, node, nack } = message;
  writeByte(writer, messageType.indirectPing);
  const values = [seqNo, orNil(target), port, node, nack, ...sourceOf(message)] as const;
  writeMap(writer, indirectPingFields, values);
}

/** Header, nodes, user state (ML-70). */
function writePushPull(writer: Writer, message: PushPull): void {
  const { isJoin, nodes, userState } = message;
  writeByte(writer, messageType.pushPull);
  writeMap(writer, pushPullHeaderFields, [nodes.length, userState.length, isJoin]);
  for (const { name, addr, port, meta, incarnation, state, vsn } of nodes) {
    const values = [name, orNil(addr), port, orNil(meta), incarnation, state, orNil(vsn)] as const;
    writeMap(writer, pushPullNodeFields, values);
  }
  writeRaw(writer, userState);
}

type Source = [Uint8Array | undefined, number | undefined, string | undefined];

/** The three fields that are left out when they say nothing (ML-26a, ML-27a). */
function sourceOf(message: Ping | IndirectPing): Source {
  const { sourceAddr, sourcePort, sourceNode } = message;
  return [
    sourceAddr === undefined || sourceAddr.length === 0 ? undefined : sourceAddr,
    sourcePort === 0 ? undefined : sourcePort,
    sourceNode === "" ? undefined : sourceNode,
  ];
}

/** Stock nodes have nil where they have nothing (ML-20). */
function orNil(bytes: Uint8Array): Uint8Array | null {
  return bytes.length === 0 ? null : bytes;
}
