/** Reads the one message of a stream while it arrives. */
import { decompress } from "./compression.ts";
import { labelLength, noLabel } from "./label.ts";
import { MAX_STREAM_BYTES } from "./limits.ts";
import { messageType } from "./message-type.ts";
import type { StreamMessage } from "./messages.ts";
import type { Problem, ProblemReason } from "./problem.ts";
import { append, type StreamBuffer, waitFor, wholeBuffer } from "./stream-buffer.ts";
import { readContent, wholeMap } from "./stream-content.ts";
import { readFrame } from "./stream-frame.ts";

export interface StreamDecoding {
  readonly label?: Uint8Array;
  readonly keys: readonly Uint8Array[];
  /** False lets plain streams in although there are keys. */
  readonly verifiesIncoming: boolean;
  /** We dialed: what comes back has no label header (ML-62). */
  readonly isAnswer?: boolean;
}

export type StreamRead =
  | { readonly kind: "more" }
  | { readonly kind: "message"; readonly message: StreamMessage }
  | { readonly kind: "failed"; readonly reason: ProblemReason; readonly detail: string };

/**
 * Finds the end of the message by its content (ML-5), whatever the chunks: work grows with the bytes, not with their
 * number. Once it has answered it gives the same answer for ever; what follows the message is ignored.
 */
export class StreamReader {
  private readonly buffer: StreamBuffer = { bytes: new Uint8Array(0), size: 0 };
  private readonly reading: Generator<undefined, StreamMessage | Problem>;
  private result: StreamRead = { kind: "more" };

  constructor(options: StreamDecoding) {
    this.reading = readStream(this.buffer, options);
  }

  push(chunk: Uint8Array): StreamRead {
    if (this.result.kind !== "more") return this.result;
    append(this.buffer, chunk, MAX_STREAM_BYTES);
    const step = this.reading.next();
    if (step.done === true) this.finish(step.value);
    else if (this.buffer.size === MAX_STREAM_BYTES) {
      const detail = `a stream of more than ${MAX_STREAM_BYTES} bytes (ML-121)`;
      this.finish({ reason: "too-large", detail });
    }
    return this.result;
  }

  private finish(value: StreamMessage | Problem): void {
    this.result =
      "kind" in value ? { kind: "message", message: value } : { kind: "failed", ...value };
    this.buffer.bytes = new Uint8Array(0);
  }
}

/** Label, encryption, compression, message (section 2). */
function* readStream(
  buffer: StreamBuffer,
  options: StreamDecoding,
): Generator<undefined, StreamMessage | Problem> {
  const start = options.isAnswer === true ? 0 : yield* readLabel(buffer, options.label);
  if (typeof start === "object") return start;
  yield* waitFor(buffer, start + 1);
  const isEncrypted = buffer.bytes[start] === messageType.encrypt;
  if (isEncrypted) {
    const { keys, label = noLabel } = options;
    if (keys.length === 0) return unexpectedlyEncrypted;
    const opened = yield* readFrame(buffer, start, { keys, label });
    if (!(opened instanceof Uint8Array)) return opened;
    return readWhole(readCompressed(wholeBuffer(opened), 0));
  }
  if (options.keys.length > 0 && options.verifiesIncoming) return notEncrypted;
  return yield* readCompressed(buffer, start);
}

/** Stock nodes answer with these words (ML-46). */
const notEncrypted: Problem = {
  reason: "not-encrypted",
  detail: "Encryption is configured but remote state is not encrypted",
};
const unexpectedlyEncrypted: Problem = {
  reason: "unexpectedly-encrypted",
  detail: "Remote state is encrypted and encryption is not configured",
};

function* readLabel(
  buffer: StreamBuffer,
  label: Uint8Array | undefined,
): Generator<undefined, number | Problem> {
  for (;;) {
    const length = labelLength(buffer.bytes.subarray(0, buffer.size), label);
    if (length !== undefined) return length;
    yield;
  }
}

/** A message, compressed or not (ML-12); a stream compresses once at most. */
function* readCompressed(
  buffer: StreamBuffer,
  at: number,
): Generator<undefined, StreamMessage | Problem> {
  yield* waitFor(buffer, at + 1);
  if (buffer.bytes[at] !== messageType.compress) return yield* readContent(buffer, at);
  const map = yield* wholeMap(buffer, at + 1);
  if ("reason" in map) return map;
  const content = decompress(buffer.bytes.subarray(at + 1, map.end), MAX_STREAM_BYTES);
  if (!(content instanceof Uint8Array)) return content;
  return readWhole(readContent(wholeBuffer(content), 0));
}

/** The end of a reading that has all its bytes: to ask for more is a fault of the message. */
function readWhole(
  reading: Generator<undefined, StreamMessage | Problem>,
): StreamMessage | Problem {
  const step = reading.next();
  if (step.done === true) return step.value;
  return { reason: "undecodable-message", detail: "the message ends before it is whole" };
}
