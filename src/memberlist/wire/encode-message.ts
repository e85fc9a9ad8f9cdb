/** Messages to bytes: a type byte and a msgpack map with its keys in byte order (ML-16, ML-17). */
import type { Message } from "./messages.ts";

/** One message as it stands in a packet; kinds that only streams have get their stream form. */
export function encodeMessage(_message: Message): Uint8Array {
  throw new Error("not built yet");
}

/** One message as it stands in a stream: user messages get a header with their length (ML-27d). */
export function encodeStreamMessage(_message: Message): Uint8Array {
  throw new Error("not built yet");
}
