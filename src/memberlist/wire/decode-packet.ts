/** A received datagram to its messages, layer by layer from the outside in. */
import { verifyChecksum } from "./checksum.ts";
import { decodeCompound } from "./compound.ts";
import { decompress } from "./compression.ts";
import { decodeMessage } from "./decode-message.ts";
import { decrypt } from "./encryption.ts";
import { labelLength, noLabel } from "./label.ts";
import { MAX_PACKET_BYTES, MAX_PACKET_NESTING, MAX_PACKET_PARTS } from "./limits.ts";
import { messageType } from "./message-type.ts";
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

/** All messages that can be read (ML-25), and why others cannot. Never throws for what a peer sent. */
export function decodePacket(bytes: Uint8Array, options: PacketDecoding): DecodedPacket {
  const unpacking: Unpacking = {
    messages: [],
    problems: [],
    room: MAX_PACKET_BYTES,
    isFull: false,
  };
  const content = removeLayers(bytes, options);
  if (content instanceof Uint8Array) unpack(unpacking, content, 0);
  else unpacking.problems.push(content);
  return { messages: unpacking.messages, problems: unpacking.problems };
}

/** Label, encryption, checksum: each at most once and in this order (section 2). */
function removeLayers(bytes: Uint8Array, options: PacketDecoding): Uint8Array | Problem {
  const { label = noLabel, keys } = options;
  const header = labelLength(bytes, label);
  if (header === undefined && bytes.length > 0) {
    return { reason: "bad-label", detail: "the label header is cut short" };
  }
  if (typeof header === "object") return header;
  const labelled = header === undefined ? bytes : bytes.subarray(header);
  if (keys.length === 0) return verifyChecksum(labelled);
  const opened = decrypt(labelled, keys, label);
  if (opened !== undefined) return verifyChecksum(opened);
  if (!options.verifiesIncoming) return verifyChecksum(labelled);
  return { reason: "decrypt-failed", detail: "no key opens the packet" };
}

interface Unpacking {
  readonly messages: PacketMessage[];
  readonly problems: Problem[];
  /** Bytes that may still come out of compression. */
  room: number;
  /** There are MAX_PACKET_PARTS: what is left is not looked at. */
  isFull: boolean;
}

/** A message, a compound or a compression, which nest in any order (ML-29). */
function unpack(unpacking: Unpacking, bytes: Uint8Array, nesting: number): void {
  if (nesting > MAX_PACKET_NESTING) {
    const detail = `more than ${MAX_PACKET_NESTING} compounds and compressions in each other`;
    unpacking.problems.push({ reason: "nested-too-deep", detail });
  } else if (bytes[0] === messageType.compound) {
    unpackParts(unpacking, bytes, nesting);
  } else if (bytes[0] === messageType.compress) {
    const content = decompress(bytes.subarray(1), unpacking.room);
    if (!(content instanceof Uint8Array)) return void unpacking.problems.push(content);
    unpacking.room -= content.length;
    unpack(unpacking, content, nesting + 1);
  } else {
    const decoded = decodeMessage(bytes);
    if (decoded.ok) unpacking.messages.push(decoded.message);
    else unpacking.problems.push(decoded.problem);
  }
}

function unpackParts(unpacking: Unpacking, bytes: Uint8Array, nesting: number): void {
  const { parts, problem } = decodeCompound(bytes);
  for (const part of parts) {
    if (unpacking.isFull) return;
    if (unpacking.messages.length + unpacking.problems.length >= MAX_PACKET_PARTS) {
      unpacking.isFull = true;
      const detail = `more than ${MAX_PACKET_PARTS} messages in one packet`;
      unpacking.problems.push({ reason: "too-large", detail });
      return;
    }
    unpack(unpacking, part, nesting + 1);
  }
  if (problem !== undefined) unpacking.problems.push(problem);
}
