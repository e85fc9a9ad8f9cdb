/** The checksum layer of packets: a CRC-32 in front of the rest (ML-33, ML-34). */
import { crc32 } from "node:zlib";
import { messageType } from "./message-type.ts";
import type { Problem } from "./problem.ts";

const HEADER_BYTES = 5;

export function addChecksum(bytes: Uint8Array): Uint8Array {
  const summed = new Uint8Array(HEADER_BYTES + bytes.length);
  summed[0] = messageType.checksum;
  new DataView(summed.buffer).setUint32(1, crc32(bytes));
  summed.set(bytes, HEADER_BYTES);
  return summed;
}

/** What the checksum covers; all of the bytes where there is none. */
export function verifyChecksum(bytes: Uint8Array): Uint8Array | Problem {
  if (bytes[0] !== messageType.checksum || bytes.length < HEADER_BYTES) return bytes;
  const rest = bytes.subarray(HEADER_BYTES);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  if (view.getUint32(1) === crc32(rest)) return rest;
  return { reason: "bad-checksum", detail: "the packet's checksum is not that of its contents" };
}
