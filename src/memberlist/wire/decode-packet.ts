/** A received datagram to its messages, layer by layer from the outside in. */
import type { PacketMessage } from "./messages.ts";
import type { Problem } from "./problem.ts";

export interface PacketDecoding {
  readonly label?: Uint8Array;
  /** All keys that may have been used; none: plain text only. */
  readonly keys: readonly Uint8Array[];
  /** False takes what no key opens as plain text (ML-43). */
  readonly verifiesIncoming: boolean;
}

export interface DecodedPacket {
  /** In the order of the packet. */
  readonly messages: readonly PacketMessage[];
  readonly problems: readonly Problem[];
}

export function decodePacket(_bytes: Uint8Array, _options: PacketDecoding): DecodedPacket {
  throw new Error("not built yet");
}
