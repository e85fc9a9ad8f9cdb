/** Bytes of one packet message to its value. */
import type { PacketMessage } from "./messages.ts";
import type { Problem } from "./problem.ts";

export type DecodedMessage =
  | { readonly ok: true; readonly message: PacketMessage }
  | { readonly ok: false; readonly problem: Problem };

/** Reads one bare packet message (types 0..5, 8, 11); bytes after its map are ignored (ML-24). */
export function decodeMessage(_bytes: Uint8Array): DecodedMessage {
  throw new Error("not built yet");
}
