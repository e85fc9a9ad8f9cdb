/** The compression layer: a message that holds another one as LZW (ML-30..32). */
import { compressLzw, decompressLzw } from "./lzw.ts";
import { compressFields } from "./message-fields.ts";
import { messageType } from "./message-type.ts";
import { newCursor, readFields } from "./msgpack-reader.ts";
import { newWriter, writeByte, writeMap, written } from "./msgpack-writer.ts";
import type { Problem } from "./problem.ts";

const LZW = 0;

export function compress(bytes: Uint8Array): Uint8Array {
  const writer = newWriter();
  writeByte(writer, messageType.compress);
  writeMap(writer, compressFields, [LZW, compressLzw(bytes)]);
  return written(writer);
}

/** What the map after the type byte holds, if that is not more than `limit` bytes. */
export function decompress(bytes: Uint8Array, limit: number): Uint8Array | Problem {
  const cursor = newCursor(bytes, 0, bytes.length);
  const [algorithm, compressed] = readFields(cursor, compressFields);
  if (cursor.fault !== "") return bad(`compressed message: ${cursor.fault}`);
  if (algorithm !== LZW) return bad(`compression algorithm ${algorithm}`);
  const content = decompressLzw(compressed ?? new Uint8Array(0), limit);
  if (content === "corrupt") return bad("compressed data is not LZW");
  if (content === "too-large") {
    return { reason: "too-large", detail: `more than ${limit} bytes decompressed (ML-121)` };
  }
  return content.length === 0 ? bad("compressed data is empty") : content;
}

function bad(detail: string): Problem {
  return { reason: "bad-compression", detail };
}
