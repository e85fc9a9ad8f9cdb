/**
 * Claims as bytes, the same in messages among our own speakers and in the state that is exchanged with the tables: magic,
 * then for each owner its name (one byte of length, UTF-8), how many IPv4 and IPv6 addresses follow (two bytes each,
 * big endian), and each address with its term (four bytes). Nine bytes and less for an IPv4 claim, so that ten
 * thousand are 80 kB.
 */

import { addressBytes, addressFromBytes, formatAddress, parseAddress } from "../ip/index.ts";
import type { Claim } from "./claims.ts";

const magic = [0x6d, 0x74, 0x63, 0x01]; // "mtc" and the version
const termBytes = 4;
const lengths = [4, 16] as const;
const longestBytes = 16 + termBytes;
/** The counts have two bytes. */
const mostOfOne = 0xffff;
/** Fits with all that is around it into the packets of LAN and WAN. */
const packetBytes = 1150;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

interface Packed {
  readonly address: Uint8Array;
  readonly term: number;
}

/** All claims in one piece; empty for none. Claims whose address is no address are left out. */
export function encodeClaims(claims: Iterable<Claim>): Uint8Array {
  const parts = [...byOwner(claims)].flatMap(([owner, packed]) => {
    return chunksOf(packed, mostOfOne).map((chunk) => encodeOwner(owner, chunk));
  });
  return parts.length === 0 ? new Uint8Array() : joined(parts);
}

/** As many messages as packets are needed; one may hold the claims of several owners. */
export function claimMessages(claims: Iterable<Claim>): Uint8Array[] {
  const messages: Uint8Array[][] = [];
  let room = 0;
  for (const [owner, packed] of byOwner(claims)) {
    const headBytes = encodeOwner(owner, []).length;
    for (let at = 0; at < packed.length;) {
      if (room < headBytes + longestBytes) {
        messages.push([]);
        room = packetBytes - magic.length;
      }
      const count = fitting(packed, at, room - headBytes);
      const part = encodeOwner(owner, packed.slice(at, at + count));
      messages.at(-1)!.push(part);
      room -= part.length;
      at += count;
    }
  }
  return messages.map(joined);
}

/** How many from `at` on go into so many bytes. */
function fitting(packed: readonly Packed[], at: number, room: number): number {
  let end = at;
  for (let left = room; end < packed.length; end++) {
    left -= packed[end]!.address.length + termBytes;
    if (left < 0) break;
  }
  return end - at;
}

/** Undefined for anything else: other messages, later versions, cut or broken ones. */
export function decodeClaims(bytes: Uint8Array): Claim[] | undefined {
  if (bytes.length < magic.length || magic.some((byte, at) => bytes[at] !== byte)) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const claims: Claim[] = [];
  for (let at = magic.length; at < bytes.length;) {
    const nameEnd = at + 1 + bytes[at]!;
    const head = nameEnd + 4;
    if (head > bytes.length) return undefined;
    const owner = decoder.decode(bytes.subarray(at + 1, nameEnd));
    at = head;
    for (const [index, length] of lengths.entries()) {
      const count = view.getUint16(nameEnd + 2 * index);
      if (at + count * (length + termBytes) > bytes.length) return undefined;
      for (let one = 0; one < count; one++, at += length + termBytes) {
        const address = addressFromBytes(bytes.subarray(at, at + length));
        const term = view.getUint32(at + length);
        if (address === undefined || owner === "" || term === 0) return undefined;
        claims.push({ address: formatAddress(address), owner, term });
      }
    }
  }
  return claims;
}

function byOwner(claims: Iterable<Claim>): Map<string, Packed[]> {
  const owners = new Map<string, Packed[]>();
  for (const { address: text, owner, term } of claims) {
    const address = parseAddress(text);
    if (address === undefined) continue;
    const packed = { address: addressBytes(address), term };
    const known = owners.get(owner);
    if (known === undefined) owners.set(owner, [packed]);
    else known.push(packed);
  }
  return owners;
}

function encodeOwner(owner: string, packed: readonly Packed[]): Uint8Array {
  const name = encoder.encode(owner).subarray(0, 255);
  const size = packed.reduce((sum, { address }) => sum + address.length + termBytes, 0);
  const bytes = new Uint8Array(1 + name.length + 4 + size);
  const view = new DataView(bytes.buffer);
  bytes[0] = name.length;
  bytes.set(name, 1);
  let at = 1 + name.length + 4;
  for (const [index, length] of lengths.entries()) {
    const ofFamily = packed.filter(({ address }) => address.length === length);
    view.setUint16(1 + name.length + 2 * index, ofFamily.length);
    for (const { address, term } of ofFamily) {
      bytes.set(address, at);
      view.setUint32(at + length, term);
      at += length + termBytes;
    }
  }
  return bytes;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, magic.length));
  bytes.set(magic);
  let at = magic.length;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function chunksOf<T>(items: readonly T[], size: number): T[][] {
  const chunks: T[][] = [];
  for (let at = 0; at < items.length; at += size) chunks.push(items.slice(at, at + size));
  return chunks;
}
