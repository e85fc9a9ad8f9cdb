/** Several messages in one packet: count, lengths, parts (ML-28, ML-29). */
import { messageType } from "./message-type.ts";
import type { Problem } from "./problem.ts";

const HEADER_BYTES = 2;
const LENGTH_BYTES = 2;
export const MAX_COMPOUND_PARTS = 255;
/** A longer part has no place in a compound. */
export const MAX_PART_BYTES = 0xffff;

export function encodeCompound(parts: readonly Uint8Array[]): Uint8Array {
  const partsAt = HEADER_BYTES + LENGTH_BYTES * parts.length;
  const bytes = new Uint8Array(parts.reduce((size, part) => size + part.length, partsAt));
  const view = new DataView(bytes.buffer);
  bytes[0] = messageType.compound;
  bytes[1] = parts.length;
  let at = partsAt;
  for (const [index, part] of parts.entries()) {
    view.setUint16(HEADER_BYTES + LENGTH_BYTES * index, part.length);
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

export interface Compound {
  readonly parts: readonly Uint8Array[];
  /** What follows the parts that are whole. */
  readonly problem?: Problem;
}

export function decodeCompound(bytes: Uint8Array): Compound {
  const count = bytes[1];
  if (count === undefined) return cut([], "a compound without its count");
  let at = HEADER_BYTES + LENGTH_BYTES * count;
  if (bytes.length < at) return cut([], `a compound without the lengths of its ${count} parts`);
  const parts: Uint8Array[] = [];
  for (let index = 0; index < count; index += 1) {
    const lengthAt = HEADER_BYTES + LENGTH_BYTES * index;
    const end = at + bytes[lengthAt]! * 256 + bytes[lengthAt + 1]!;
    if (end > bytes.length) return cut(parts, `a compound has ${index} of its ${count} parts`);
    parts.push(bytes.subarray(at, end));
    at = end;
  }
  return { parts };
}

function cut(parts: readonly Uint8Array[], detail: string): Compound {
  return { parts, problem: { reason: "truncated-compound", detail } };
}
