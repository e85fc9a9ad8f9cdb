/** The message of a stream once label, encryption and compression are off (ML-70, ML-75, ML-76, ML-27d). */
import { readAck, readPing, readPushPullNode } from "./decode-message.ts";
import {
  MAX_FRAME_BYTES,
  MAX_META_BYTES,
  MAX_PUSH_PULL_NODES,
  MAX_STREAM_BYTES,
} from "./limits.ts";
import { errorFields, pushPullHeaderFields, userHeaderFields } from "./message-fields.ts";
import { messageType } from "./message-type.ts";
import type { PushPullNode, StreamMessage } from "./messages.ts";
import { type Cursor, newCursor, readFields } from "./msgpack-reader.ts";
import { type Scan, scanValues } from "./msgpack-scan.ts";
import type { Problem } from "./problem.ts";
import { type StreamBuffer, waitFor } from "./stream-buffer.ts";

/** Reads one message that begins at `at`; yields whenever it needs more bytes, and looks at none twice. */
export function* readContent(
  buffer: StreamBuffer,
  at: number,
): Generator<undefined, StreamMessage | Problem> {
  yield* waitFor(buffer, at + 1);
  const type = buffer.bytes[at]!;
  switch (type) {
    case messageType.ping:
      return yield* readMap(buffer, at + 1, readPing);
    case messageType.ack:
      return yield* readMap(buffer, at + 1, readAck);
    case messageType.error:
      return yield* readMap(buffer, at + 1, readError);
    case messageType.pushPull:
      return yield* readPushPull(buffer, at + 1);
    case messageType.user:
      return yield* readUser(buffer, at + 1);
    default:
      return { reason: "unknown-type", detail: `message type ${type} in a stream` };
  }
}

/** Waits for the whole map at `at`, then reads it. */
function* readMap<Value>(
  buffer: StreamBuffer,
  at: number,
  read: (cursor: Cursor) => Value,
): Generator<undefined, Value | Problem> {
  const cursor = yield* wholeMap(buffer, at);
  if ("reason" in cursor) return cursor;
  const value = read(cursor);
  return cursor.fault === "" ? value : undecodable(cursor.fault);
}

/** A cursor over the map at `at`, as soon as all of it has come. */
export function* wholeMap(
  buffer: StreamBuffer,
  at: number,
): Generator<undefined, Cursor | Problem> {
  const scan: Scan = { at, pending: 1 };
  for (;;) {
    const found = scanValues(scan, buffer.bytes, buffer.size, MAX_STREAM_BYTES);
    if (found === "done") return newCursor(buffer.bytes, at, scan.at);
    if (found === "bad") return undecodable("not msgpack");
    if (found === "too-large") return tooLarge("a map", MAX_STREAM_BYTES);
    yield;
  }
}

function readError(cursor: Cursor): StreamMessage {
  return { kind: "error", error: readFields(cursor, errorFields)[0] };
}

function* readPushPull(
  buffer: StreamBuffer,
  from: number,
): Generator<undefined, StreamMessage | Problem> {
  const cursor = yield* wholeMap(buffer, from);
  if ("reason" in cursor) return cursor;
  const [count, userStateLength, isJoin] = readFields(cursor, pushPullHeaderFields);
  if (cursor.fault !== "") return undecodable(cursor.fault);
  if (count < 0 || userStateLength < 0) return undecodable("a negative length");
  if (count > MAX_PUSH_PULL_NODES) return tooLarge(`${count} nodes`, MAX_PUSH_PULL_NODES);
  if (userStateLength > MAX_FRAME_BYTES) return tooLarge("the user state", MAX_FRAME_BYTES);
  const nodes: PushPullNode[] = [];
  let at = cursor.end;
  while (nodes.length < count) {
    const place = yield* wholeMap(buffer, at);
    if ("reason" in place) return place;
    const node = readPushPullNode(place);
    if (place.fault !== "") return undecodable(`node ${nodes.length + 1}: ${place.fault}`);
    if (node.meta.length > MAX_META_BYTES) return tooLarge("a node's metadata", MAX_META_BYTES);
    nodes.push(node);
    at = place.end;
  }
  const userState = yield* payloadAt(buffer, at, userStateLength);
  return { kind: "push-pull", isJoin, nodes, userState };
}

function* readUser(
  buffer: StreamBuffer,
  from: number,
): Generator<undefined, StreamMessage | Problem> {
  const cursor = yield* wholeMap(buffer, from);
  if ("reason" in cursor) return cursor;
  const [length] = readFields(cursor, userHeaderFields);
  if (cursor.fault !== "") return undecodable(cursor.fault);
  if (length < 0) return undecodable("a negative length");
  if (length > MAX_FRAME_BYTES) return tooLarge("a user message", MAX_FRAME_BYTES);
  return { kind: "user-stream", payload: yield* payloadAt(buffer, cursor.end, length) };
}

function* payloadAt(
  buffer: StreamBuffer,
  at: number,
  length: number,
): Generator<undefined, Uint8Array> {
  yield* waitFor(buffer, at + length);
  return buffer.bytes.slice(at, at + length);
}

function undecodable(detail: string): Problem {
  return { reason: "undecodable-message", detail };
}

function tooLarge(what: string, limit: number): Problem {
  return {
    reason: "too-large",
    detail: `${what} of a stream, at most ${limit} are taken (section 9)`,
  };
}
