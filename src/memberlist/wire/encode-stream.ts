/** One message as the bytes of a stream: label, encrypted frame, compression. */
import type { Message } from "./messages.ts";

export interface StreamEncoding {
  readonly label?: Uint8Array;
  /** The first one encrypts; none: plain text. */
  readonly keys: readonly Uint8Array[];
  readonly compresses: boolean;
  readonly nonce: (length: number) => Uint8Array;
  /** The answer on a stream that the other side dialed: no label header (ML-62). */
  readonly isAnswer?: boolean;
}

export function encodeStream(_message: Message, _options: StreamEncoding): Uint8Array {
  throw new Error("not built yet");
}
