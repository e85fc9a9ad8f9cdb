/** LZW as in GIF: least significant bit first, literals of 8 bits, codes of 9 to 12 bits (ML-30, ML-31). */

const CLEAR = 256;
const END = 257;
/** The number of the first string after a clear code. */
const FIRST = 258;
const MIN_WIDTH = 9;
const MAX_WIDTH = 12;
/** The encoder gives the numbers below this one, then starts anew. */
const LAST = 4095;

/** Codes as bits, the least significant first. */
interface BitWriter {
  readonly bytes: Uint8Array;
  size: number;
  held: number;
  heldBits: number;
}

function writeCode(writer: BitWriter, code: number, width: number): void {
  writer.held |= code << writer.heldBits;
  writer.heldBits += width;
  while (writer.heldBits >= 8) {
    writer.bytes[writer.size++] = writer.held & 0xff;
    writer.held >>>= 8;
    writer.heldBits -= 8;
  }
}

interface BitReader {
  readonly bytes: Uint8Array;
  at: number;
  held: number;
  heldBits: number;
}

/** The next code, -1 when the bytes end before it. */
function readCode(input: BitReader, width: number): number {
  for (; input.heldBits < width; input.heldBits += 8) {
    if (input.at === input.bytes.length) return -1;
    input.held |= input.bytes[input.at++]! << input.heldBits;
  }
  const code = input.held & ((1 << width) - 1);
  input.held >>>= width;
  input.heldBits -= width;
  return code;
}

/**
 * Strings of the encoder by their prefix and last byte: open addressing in one array whose slots hold the key in
 * the upper 20 bits and the number in the lower 12. No number is 0, so 0 is a free slot.
 */
class StringTable {
  readonly slots: Uint32Array;
  private readonly mask: number;

  constructor(inputBytes: number) {
    // At most half full, so that a search ends soon; a small packet does not pay for a large table.
    const strings = Math.min(inputBytes, LAST);
    this.slots = new Uint32Array(2 ** Math.ceil(Math.log2(2 * strings + 2)));
    this.mask = this.slots.length - 1;
  }

  /** The slot of the key, or the free one where it would stand. */
  find(key: number): number {
    let slot = (Math.imul(key, 0x9e37_79b1) >>> 12) & this.mask;
    while (this.slots[slot] !== 0 && this.slots[slot]! >>> 12 !== key) {
      slot = (slot + 1) & this.mask;
    }
    return slot;
  }
}

/** Compresses. Begins with a clear code, as the newest stock nodes do; all receivers take it. */
export function compressLzw(bytes: Uint8Array): Uint8Array {
  // No code is wider than 12 bits, there is at most one per byte, and a clear code per 3837 of them.
  const room = Math.ceil(((bytes.length + Math.ceil(bytes.length / 3000) + 3) * MAX_WIDTH) / 8);
  const writer: BitWriter = { bytes: new Uint8Array(room), size: 0, held: 0, heldBits: 0 };
  const table = new StringTable(bytes.length);
  let highest = END;
  let width = MIN_WIDTH;
  writeCode(writer, CLEAR, width);
  let prefix = bytes[0] ?? -1;
  for (let at = 1; at <= bytes.length; at += 1) {
    const key = (prefix << 8) | (bytes[at] ?? 0);
    const slot = at < bytes.length ? table.find(key) : -1;
    if (slot >= 0 && table.slots[slot] !== 0) {
      prefix = table.slots[slot]! & 0xfff;
      continue;
    }
    writeCode(writer, prefix, width);
    // Also after the last code, so the end code may be wider than it or follow a clear code (ML-31).
    highest += 1;
    if (highest === LAST) {
      writeCode(writer, CLEAR, width);
      table.slots.fill(0);
      highest = END;
      width = MIN_WIDTH;
    } else {
      if (highest === 2 ** width) width += 1;
      if (slot >= 0) table.slots[slot] = ((key << 12) | highest) >>> 0;
    }
    prefix = bytes[at] ?? -1;
  }
  writeCode(writer, END, width);
  if (writer.heldBits > 0) writer.bytes[writer.size++] = writer.held;
  return writer.bytes.slice(0, writer.size);
}

/**
 * Decompresses; refuses bytes that are no LZW or lack the end code, and those whose output would exceed the limit, before
 * any of it is made (ML-32, ML-121). Bytes after the end code are ignored.
 */
export function decompressLzw(
  bytes: Uint8Array,
  limit: number,
): Uint8Array | "corrupt" | "too-large" {
  const size = decode(bytes, limit, undefined);
  if (typeof size === "string") return size;
  const output = new Uint8Array(size);
  decode(bytes, limit, output);
  return output;
}

/** The size of the output, which is only measured where there is no room for it. */
function decode(
  bytes: Uint8Array,
  limit: number,
  output: Uint8Array | undefined,
): number | "corrupt" | "too-large" {
  const input: BitReader = { bytes, at: 0, held: 0, heldBits: 0 };
  const strings = new StringPlaces(bytes.length);
  let size = 0;
  let width = MIN_WIDTH;
  for (;;) {
    const code = readCode(input, width);
    if (code === END) return size;
    if (code === CLEAR) {
      strings.clear();
      width = MIN_WIDTH;
      continue;
    }
    strings.add();
    if (code < 0 || code >= strings.next) return "corrupt";
    if (strings.next === 1 << width && width < MAX_WIDTH) width += 1;
    const length = code < CLEAR ? 1 : strings.lengths[code]!;
    if (size + length > limit) return "too-large";
    if (output !== undefined) {
      if (code < CLEAR) output[size] = code;
      else copyForward(output, strings.starts[code]!, size, length);
    }
    strings.lastStart = size;
    strings.lastLength = length;
    size += length;
  }
}

/**
 * The strings of the decoder as places in its output: a new string is the last one and the byte after it, and these
 * lie side by side there.
 */
class StringPlaces {
  readonly starts: Uint32Array;
  readonly lengths: Uint16Array;
  next = FIRST;
  lastStart = -1;
  lastLength = 0;

  constructor(inputBytes: number) {
    const room = Math.min(LAST + 1, FIRST + inputBytes);
    this.starts = new Uint32Array(room);
    this.lengths = new Uint16Array(room);
  }

  clear(): void {
    this.next = FIRST;
    this.lastStart = -1;
  }

  /** Gives the next number to the last string and the byte that is about to come, if there is one left. */
  add(): void {
    if (this.lastStart < 0 || this.next > LAST) return;
    this.starts[this.next] = this.lastStart;
    this.lengths[this.next] = this.lastLength + 1;
    this.next += 1;
  }
}

/** Byte after byte: a string may reach into what is being written. */
function copyForward(bytes: Uint8Array, from: number, to: number, length: number): void {
  if (length > 64 && from + length <= to) bytes.copyWithin(to, from, from + length);
  else for (let index = 0; index < length; index += 1) bytes[to + index] = bytes[from + index]!;
}
