/** Writes the old msgpack of stock nodes: raw strings only, shortest numbers (ML-18, ML-21). */
import type { FieldList, FieldType, WriteValues } from "./field-list.ts";

/** Bytes that grow; what was written so far is `buffer` up to `size`. */
export interface Writer {
  buffer: Buffer;
  size: number;
}

export function newWriter(): Writer {
  return { buffer: Buffer.allocUnsafe(256), size: 0 };
}

/** What was written, as bytes of their own. */
export function written(writer: Writer): Uint8Array {
  return new Uint8Array(writer.buffer.subarray(0, writer.size));
}

/** Makes room and moves the end; gives where the room begins. */
function take(writer: Writer, count: number): number {
  const at = writer.size;
  writer.size = at + count;
  if (writer.size > writer.buffer.length) {
    const larger = Buffer.allocUnsafe(Math.max(writer.size, writer.buffer.length * 2));
    larger.set(writer.buffer.subarray(0, at));
    writer.buffer = larger;
  }
  return at;
}

export function writeByte(writer: Writer, byte: number): void {
  const at = take(writer, 1);
  writer.buffer[at] = byte;
}

export function writeRaw(writer: Writer, bytes: Uint8Array): void {
  const at = take(writer, bytes.length);
  writer.buffer.set(bytes, at);
}

/** A map with its keys in byte order (ML-17). */
export function writeMap<F extends FieldList["fields"]>(
  writer: Writer,
  list: FieldList<F>,
  values: WriteValues<F>,
): void {
  const count = values.reduce<number>((sum, value) => sum + (value === undefined ? 0 : 1), 0);
  writeByte(writer, 0x80 | count);
  for (const index of list.sorted) {
    const value = values[index];
    if (value === undefined) continue;
    writeBytes(writer, list.names[index]!);
    writeValue(writer, list.types[index]!, value);
  }
}

type Value = number | boolean | string | Uint8Array | null;

function writeValue(writer: Writer, type: FieldType, value: Value): void {
  if (value === null) writeByte(writer, 0xc0);
  else if (typeof value === "boolean") writeByte(writer, value ? 0xc3 : 0xc2);
  else if (typeof value === "string") writeText(writer, value);
  else if (typeof value !== "number") writeBytes(writer, value);
  else if (value >= 0 && value < 0x80) writeByte(writer, value);
  else if (type === "int") writeInt(writer, value);
  else writeUnsigned(writer, value);
}

/** P5 writes its int fields in signed forms (ML-21). */
function writeInt(writer: Writer, value: number): void {
  const isShort = value >= -0x8000 && value < 0x8000;
  const at = take(writer, isShort ? 3 : 5);
  writer.buffer[at] = isShort ? 0xd1 : 0xd2;
  if (isShort) writer.buffer.writeInt16BE(value, at + 1);
  else writer.buffer.writeInt32BE(value, at + 1);
}

function writeUnsigned(writer: Writer, value: number): void {
  if (value <= 0xff) {
    writeByte(writer, 0xcc);
    writeByte(writer, value);
  } else {
    writeWide(writer, value, 0xcd);
  }
}

/** `marker` for 16 bits; the next one stands for 32. */
function writeWide(writer: Writer, value: number, marker: number): void {
  const isShort = value <= 0xffff;
  const at = take(writer, isShort ? 3 : 5);
  writer.buffer[at] = isShort ? marker : marker + 1;
  if (isShort) writer.buffer.writeUInt16BE(value, at + 1);
  else writer.buffer.writeUInt32BE(value, at + 1);
}

function writeText(writer: Writer, text: string): void {
  const length = Buffer.byteLength(text);
  writeRawHead(writer, length);
  const at = take(writer, length);
  writer.buffer.write(text, at);
}

function writeBytes(writer: Writer, bytes: Uint8Array): void {
  writeRawHead(writer, bytes.length);
  writeRaw(writer, bytes);
}

/** No str8 and no bin: P1 does not know them (ML-18). */
function writeRawHead(writer: Writer, length: number): void {
  if (length < 32) {
    writeByte(writer, 0xa0 | length);
  } else {
    writeWide(writer, length, 0xda);
  }
}
