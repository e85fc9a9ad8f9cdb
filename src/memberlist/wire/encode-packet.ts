/** Messages into datagrams, with the layers of a packet from the inside out. */
import { addChecksum } from "./checksum.ts";
import { encodeCompound, MAX_COMPOUND_PARTS, MAX_PART_BYTES } from "./compound.ts";
import { compress } from "./compression.ts";
import { encrypt } from "./encryption.ts";
import { addLabel, noLabel } from "./label.ts";

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

/** What is shorter only grows by the map around it and by codes of nine bits; trying takes as long as all the rest. */
const FEWEST_COMPRESSED_BYTES = 48;

/**
 * One datagram for one message, a compound for more; more than 255 go into several datagrams (ML-28, ML-94). The
 * caller sees to it that they fit (message-room.ts).
 */
export function encodePacket(
  messages: readonly Uint8Array[],
  options: PacketEncoding,
): Uint8Array[] {
  return groupsOf(messages).map((group) => {
    const content = group.length === 1 ? group[0]! : encodeCompound(group);
    return addLayers(content, options);
  });
}

function groupsOf(messages: readonly Uint8Array[]): Uint8Array[][] {
  const alone = messages.filter((message) => message.length > MAX_PART_BYTES);
  const together = messages.filter((message) => message.length <= MAX_PART_BYTES);
  const groups = alone.map((message) => [message]);
  for (let at = 0; at < together.length; at += MAX_COMPOUND_PARTS) {
    groups.push(together.slice(at, at + MAX_COMPOUND_PARTS));
  }
  return groups;
}

function addLayers(content: Uint8Array, options: PacketEncoding): Uint8Array {
  const { label = noLabel, nonce } = options;
  let bytes = content;
  if (options.compresses && bytes.length >= FEWEST_COMPRESSED_BYTES) {
    const compressed = compress(bytes);
    if (compressed.length < bytes.length) bytes = compressed;
  }
  if (options.withChecksum) bytes = addChecksum(bytes);
  const key = options.keys[0];
  if (key !== undefined) bytes = encrypt(bytes, { key, nonce, additionalData: label });
  return addLabel(bytes, label);
}
