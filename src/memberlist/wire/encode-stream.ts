/** One message as the bytes of a stream: compression, encrypted frame, label, from the inside out. */
import { compress } from "./compression.ts";
import { encodeStreamMessage } from "./encode-message.ts";
import { encrypt, ENCRYPTION_OVERHEAD } from "./encryption.ts";
import { addLabel, noLabel } from "./label.ts";
import type { Message } from "./messages.ts";
import { frameHeader, joined } from "./stream-frame.ts";

export interface StreamEncoding {
  readonly label?: Uint8Array;
  /** The first one encrypts; none: plain text. */
  readonly keys: readonly Uint8Array[];
  readonly compresses: boolean;
  readonly nonce: (length: number) => Uint8Array;
  /** The answer on a stream that the other side dialed: no label header (ML-62). */
  readonly isAnswer?: boolean;
}

/** All that one side writes. Compression is used whether or not it makes the message smaller (ML-11). */
export function encodeStream(message: Message, options: StreamEncoding): Uint8Array {
  const { label = noLabel, nonce } = options;
  let bytes = encodeStreamMessage(message);
  if (options.compresses) bytes = compress(bytes);
  const key = options.keys[0];
  if (key !== undefined) {
    const header = frameHeader(bytes.length + ENCRYPTION_OVERHEAD);
    const additionalData = joined(header, label);
    bytes = joined(header, encrypt(bytes, { key, nonce, additionalData }));
  }
  return options.isAnswer === true ? bytes : addLabel(bytes, label);
}
