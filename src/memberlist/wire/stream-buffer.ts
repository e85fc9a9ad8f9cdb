/** The bytes of a stream so far, and waiting for more of them. */

export interface StreamBuffer {
  bytes: Uint8Array<ArrayBuffer>;
  /** How many of the bytes have come; the rest is room. */
  size: number;
}

/** A buffer that already has all it will ever have. */
export function wholeBuffer(content: Uint8Array): StreamBuffer {
  const { buffer, byteOffset, length } = content;
  return { bytes: new Uint8Array(buffer as ArrayBuffer, byteOffset, length), size: length };
}

/** Grows by doubling, so that tiny chunks cost no more than large ones; drops what exceeds the limit. */
export function append(buffer: StreamBuffer, chunk: Uint8Array, limit: number): void {
  const taken = chunk.length > limit - buffer.size ? chunk.subarray(0, limit - buffer.size) : chunk;
  const size = buffer.size + taken.length;
  if (size > buffer.bytes.length) {
    const larger = new Uint8Array(Math.min(limit, Math.max(size, buffer.bytes.length * 2)));
    larger.set(buffer.bytes.subarray(0, buffer.size));
    buffer.bytes = larger;
  }
  buffer.bytes.set(taken, buffer.size);
  buffer.size = size;
}

/** Yields until there are this many bytes. */
export function* waitFor(buffer: StreamBuffer, size: number): Generator<undefined, void> {
  while (buffer.size < size) yield;
}
