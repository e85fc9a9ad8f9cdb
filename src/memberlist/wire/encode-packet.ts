/** Messages into datagrams, with the layers of a packet from the inside out. */

export interface PacketEncoding {
  readonly label?: Uint8Array;
  /** The first one encrypts; none: plain text. */
  readonly keys: readonly Uint8Array[];
  readonly compresses: boolean;
  /** See ML-33 for when. */
  readonly withChecksum: boolean;
  /** Gives fresh random bytes, never the same twice under a key. */
  readonly nonce: (length: number) => Uint8Array;
}

/** One datagram for one message, a compound for more; more than 255 go into several datagrams (ML-28, ML-94). */
export function encodePacket(
  _messages: readonly Uint8Array[],
  _options: PacketEncoding,
): Uint8Array[] {
  throw new Error("not built yet");
}
