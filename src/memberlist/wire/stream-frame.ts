/** The frame of an encrypted stream: type, length of what follows, encrypted contents (ML-44). */
import { decrypt } from "./encryption.ts";
import { MAX_FRAME_BYTES } from "./limits.ts";
import { messageType } from "./message-type.ts";
import type { Problem } from "./problem.ts";
import { type StreamBuffer, waitFor } from "./stream-buffer.ts";

const HEADER_BYTES = 5;

export function frameHeader(length: number): Uint8Array {
  const header = new Uint8Array(HEADER_BYTES);
  header[0] = messageType.encrypt;
  new DataView(header.buffer).setUint32(1, length);
  return header;
}

/** The decrypted contents of the frame that begins at `at`. */
export function* readFrame(
  buffer: StreamBuffer,
  at: number,
  secrets: { keys: readonly Uint8Array[]; label: Uint8Array },
): Generator<undefined, Uint8Array | Problem> {
  yield* waitFor(buffer, at + HEADER_BYTES);
  const header = buffer.bytes.slice(at, at + HEADER_BYTES);
  const length = new DataView(header.buffer).getUint32(1);
  if (length > MAX_FRAME_BYTES) {
    const detail = `an encrypted frame of ${length} bytes, at most ${MAX_FRAME_BYTES} (ML-120)`;
    return { reason: "too-large", detail };
  }
  const end = at + HEADER_BYTES + length;
  yield* waitFor(buffer, end);
  const sealed = buffer.bytes.subarray(at + HEADER_BYTES, end);
  const opened = decrypt(sealed, secrets.keys, joined(header, secrets.label));
  return opened ?? { reason: "decrypt-failed", detail: "no key opens the stream" };
}

export function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
