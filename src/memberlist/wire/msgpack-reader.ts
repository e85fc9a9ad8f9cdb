/** Reads a msgpack map of known fields, in every form that a peer may choose (ML-17, ML-19, ML-22, ML-23). */
import type { FieldList, FieldType, ReadValues } from "./field-list.ts";
import {
  ARRAY,
  contentLength,
  DATA,
  headLength,
  kindOf,
  MAP,
  type Scan,
  scanValues,
} from "./msgpack-scan.ts";

/** A place in bytes. The first fault stays, and whatever is read after it means nothing. */
export interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
  readonly end: number;
  /** What is wrong, empty while nothing is. */
  fault: string;
}

export function newCursor(bytes: Uint8Array, at: number, end: number): Cursor {
  return { bytes, at, end, fault: "" };
}

const NIL = 0xc0;
const FALSE = 0xc2;
const TRUE = 0xc3;
/** Keeps a byte order mark: a name is what its bytes are. */
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
const nothing = new Uint8Array(0);

/** The values of the fields in declared order; fields not named get the zero of their type (ML-17). */
export function readFields<F extends FieldList["fields"]>(
  cursor: Cursor,
  list: FieldList<F>,
): ReadValues<F> {
  const values = list.types.map(zeroOf);
  if (takeNil(cursor)) return values as ReadValues<F>;
  const kind = kindAt(cursor);
  if (kind === MAP) readPairs(cursor, list, values);
  else if (kind === ARRAY) readItems(cursor, list, values);
  else fail(cursor, "neither a map nor an array");
  return values as ReadValues<F>;
}

function readPairs(cursor: Cursor, list: FieldList, values: unknown[]): void {
  let pairs = takeHead(cursor);
  for (; pairs > 0 && cursor.fault === ""; pairs -= 1) {
    const index = readName(cursor, list.names);
    if (index < 0) skipValue(cursor);
    else values[index] = readValue(cursor, list.types[index]!);
  }
}

/** The array form: values in declared order, more are skipped, fewer leave zeros (ML-23). */
function readItems(cursor: Cursor, list: FieldList, values: unknown[]): void {
  const items = takeHead(cursor);
  for (let index = 0; index < items && cursor.fault === ""; index += 1) {
    const type = list.types[index];
    if (type === undefined) skipValue(cursor);
    else values[index] = readValue(cursor, type);
  }
}

function zeroOf(type: FieldType): unknown {
  if (type === "text") return "";
  if (type === "bytes") return undefined;
  return type === "bool" ? false : 0;
}

function readValue(cursor: Cursor, type: FieldType): unknown {
  if (takeNil(cursor)) return zeroOf(type);
  switch (type) {
    case "text":
      return readText(cursor);
    case "bytes":
      return readBytes(cursor);
    case "bool":
      return readBool(cursor);
    case "int":
      return readInteger(cursor, -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    case "u8":
      return readInteger(cursor, 0, 0xff);
    case "u16":
      return readInteger(cursor, 0, 0xffff);
    default:
      return readInteger(cursor, 0, 0xffff_ffff);
  }
}

/**
 * The field that the key at the cursor names, -1 for one that we do not know. Stock nodes take even a key that is an
 * array of bytes.
 */
function readName(cursor: Cursor, names: readonly Uint8Array[]): number {
  const array = kindAt(cursor) === ARRAY ? readByteArray(cursor) : undefined;
  const length = array?.length ?? takeData(cursor);
  const bytes = array ?? cursor.bytes;
  const from = array === undefined ? cursor.at - length : 0;
  for (let index = 0; index < names.length; index += 1) {
    if (isAt(bytes, from, length, names[index]!)) return index;
  }
  return -1;
}

function isAt(bytes: Uint8Array, from: number, length: number, name: Uint8Array): boolean {
  if (name.length !== length) return false;
  for (let index = 0; index < length; index += 1) {
    if (bytes[from + index] !== name[index]) return false;
  }
  return true;
}

function readText(cursor: Cursor): string {
  if (kindAt(cursor) === ARRAY) return textOf(readByteArray(cursor), 0);
  const length = takeData(cursor);
  return textOf(cursor.bytes.subarray(0, cursor.at), cursor.at - length);
}

/** Names are ASCII and short, for which a loop beats the decoder; bytes that are not UTF-8 become U+FFFD. */
function textOf(bytes: Uint8Array, from: number): string {
  if (bytes.length - from > 64) return utf8.decode(bytes.subarray(from));
  let text = "";
  for (let at = from; at < bytes.length; at += 1) {
    const byte = bytes[at]!;
    if (byte >= 0x80) return utf8.decode(bytes.subarray(from));
    text += String.fromCharCode(byte);
  }
  return text;
}

/** A copy: nothing that outlives a packet may hold on to its buffer. */
function readBytes(cursor: Cursor): Uint8Array {
  const kind = kindAt(cursor);
  if (kind === ARRAY || kind === MAP) return readByteArray(cursor);
  const length = takeData(cursor);
  if (length === 0) return nothing;
  const copy = new Uint8Array(length);
  const from = cursor.at - length;
  if (length > 16) copy.set(cursor.bytes.subarray(from, cursor.at));
  else for (let index = 0; index < length; index += 1) copy[index] = cursor.bytes[from + index]!;
  return copy;
}

/** Bytes as integers (ML-19); stock nodes take a map for the row of its keys and values. */
function readByteArray(cursor: Cursor): Uint8Array {
  const count = kindAt(cursor) === MAP ? takeHead(cursor) * 2 : takeHead(cursor);
  // Every item has at least a byte: more items than bytes are a lie, and must not be made room for.
  if (count > cursor.end - cursor.at) return fail(cursor, "an array is cut short");
  const bytes = new Uint8Array(count);
  for (let index = 0; index < count; index += 1) bytes[index] = readInteger(cursor, 0, 0xff);
  return bytes;
}

/** Stock nodes take the numbers 0 and 1 too. */
function readBool(cursor: Cursor): boolean {
  const first = cursor.at < cursor.end ? cursor.bytes[cursor.at] : undefined;
  const isTrue = first === TRUE || first === 1;
  if (isTrue || first === FALSE || first === 0) cursor.at += 1;
  else fail(cursor, "not a boolean");
  return isTrue;
}

/** Any width of integer for any field (ML-22). */
function readInteger(cursor: Cursor, min: number, max: number): number {
  const { bytes, at } = cursor;
  const first = bytes[at]!;
  if (at >= cursor.end || at + headLength(first) > cursor.end) fail(cursor, "cut short");
  else if (first < 0x80 || first >= 0xe0) cursor.at += 1;
  else if (first >= 0xcc && first <= 0xd3) cursor.at += headLength(first);
  else fail(cursor, "not an integer");
  if (cursor.fault !== "") return 0;
  const value = integerAt(bytes, at, first);
  if (value < min || value > max) fail(cursor, "a number is out of its range");
  return value;
}

function integerAt(bytes: Uint8Array, at: number, first: number): number {
  if (first < 0x80) return first;
  if (first >= 0xe0) return first - 0x100;
  const last = at + headLength(first);
  const isSigned = first >= 0xd0;
  let value = bytes[at + 1]!;
  if (isSigned && value >= 0x80) value -= 0x100;
  for (let index = at + 2; index < last; index += 1) value = value * 256 + bytes[index]!;
  return value;
}

/** Passes one value of any kind (ML-17). */
function skipValue(cursor: Cursor): void {
  const scan: Scan = { at: cursor.at, pending: 1 };
  if (scanValues(scan, cursor.bytes, cursor.end, cursor.end) === "done") cursor.at = scan.at;
  else fail(cursor, "a value is cut short");
}

function takeNil(cursor: Cursor): boolean {
  if (cursor.at >= cursor.end || cursor.bytes[cursor.at] !== NIL) return false;
  cursor.at += 1;
  return true;
}

/** The kind of value at the cursor, -1 at the end. */
function kindAt(cursor: Cursor): number {
  return cursor.at < cursor.end ? kindOf(cursor.bytes[cursor.at]!) : -1;
}

/** Passes the head of a string, array or map; gives the length that it names. */
function takeHead(cursor: Cursor): number {
  const next = cursor.at + headLength(cursor.bytes[cursor.at]!);
  if (next > cursor.end) {
    fail(cursor, "cut short");
    return 0;
  }
  const length = contentLength(cursor.bytes, cursor.at);
  cursor.at = next;
  return length;
}

/** Passes a string or byte string of any form; gives the length of its contents, which end at the cursor. */
function takeData(cursor: Cursor): number {
  if (kindAt(cursor) !== DATA) {
    fail(cursor, cursor.at < cursor.end ? "not a string" : "cut short");
    return 0;
  }
  const length = takeHead(cursor);
  if (length > cursor.end - cursor.at) {
    fail(cursor, "a string is cut short");
    return 0;
  }
  cursor.at += length;
  return length;
}

function fail(cursor: Cursor, fault: string): Uint8Array {
  if (cursor.fault === "") cursor.fault = fault;
  return nothing;
}
