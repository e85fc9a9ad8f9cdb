/** Finds where msgpack values end without reading them: in a stream, and for unknown fields. */

/** What the first byte says of a value. */
const SCALAR = 0;
export const DATA = 1;
export const ARRAY = 2;
export const MAP = 3;
const EXTENSION = 4;
const UNKNOWN = 5;

/** Per first byte: the kind; the bytes before the contents; how many of them are the length, or a mask of the length. */
const kinds = new Uint8Array(256).fill(SCALAR);
const headBytes = new Uint8Array(256).fill(1);
const lengthBytes = new Uint8Array(256);
const lengthMask = new Uint8Array(256);

for (let byte = 0x80; byte < 0xc0; byte += 1) {
  kinds[byte] = byte < 0x90 ? MAP : byte < 0xa0 ? ARRAY : DATA;
  lengthMask[byte] = byte < 0xa0 ? 0x0f : 0x1f;
}
kinds[0xc1] = UNKNOWN;
const withLength: [first: number, kind: number, lengths: number[], extra: number][] = [
  [0xc4, DATA, [1, 2, 4], 0],
  [0xc7, EXTENSION, [1, 2, 4], 1],
  [0xd9, DATA, [1, 2, 4], 0],
  [0xdc, ARRAY, [2, 4], 0],
  [0xde, MAP, [2, 4], 0],
];
for (const [first, kind, lengths, extra] of withLength) {
  for (const [step, bytes] of lengths.entries()) {
    kinds[first + step] = kind;
    lengthBytes[first + step] = bytes;
    headBytes[first + step] = 1 + bytes + extra;
  }
}
// Numbers from 0xca and extensions of fixed size from 0xd4: all of them is head.
headBytes.set([5, 9, 2, 3, 5, 9, 2, 3, 5, 9], 0xca);
headBytes.set([3, 4, 6, 10, 18], 0xd4);
kinds.fill(EXTENSION, 0xd4, 0xd9);

export function kindOf(first: number): number {
  return kinds[first]!;
}

/** Bytes in front of the contents of a string, array or map; all bytes of anything else. */
export function headLength(first: number): number {
  return headBytes[first]!;
}

/** The length that the head at `at` names: bytes of a string, items of an array, pairs of a map. */
export function contentLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  const count = lengthBytes[first]!;
  if (count === 0) return first & lengthMask[first]!;
  let length = 0;
  for (let index = 1; index <= count; index += 1) length = length * 256 + bytes[at + index]!;
  return length;
}

/** A scan that can go on when more bytes are there: where the next value begins, and how many are still to come. */
export interface Scan {
  at: number;
  pending: number;
}

/**
 * Goes on until all pending values are passed. Nothing is looked at twice and nothing recurses, so neither many
 * small chunks nor deep nesting cost anything. Values that need more than `limit` bytes are refused before they come.
 */
export function scanValues(
  scan: Scan,
  bytes: Uint8Array,
  end: number,
  limit: number,
): "done" | "more" | "bad" | "too-large" {
  while (scan.pending > 0) {
    if (scan.at + scan.pending > limit) return "too-large";
    if (scan.at >= end) return "more";
    const first = bytes[scan.at]!;
    const kind = kinds[first]!;
    if (kind === UNKNOWN) return "bad";
    let next = scan.at + headBytes[first]!;
    let children = 0;
    if (next > end) return "more";
    if (kind === ARRAY) children = contentLength(bytes, scan.at);
    else if (kind === MAP) children = contentLength(bytes, scan.at) * 2;
    else next += contentLength(bytes, scan.at);
    if (next > limit) return "too-large";
    if (next > end) return "more";
    scan.at = next;
    scan.pending += children - 1;
  }
  return "done";
}
