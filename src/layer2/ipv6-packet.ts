/** IPv6 packets that carry ICMPv6 (RFC 8200, RFC 4443): header, addresses and checksum. Extension headers are not read. */
import type { IpAddress } from "../ip/index.ts";

export const ICMPV6 = 58;
/** What comes from a router has less: only a neighbour on the link can send it (RFC 4861 section 3.1). */
export const HOP_LIMIT_ON_LINK = 255;
/** Type, code and checksum. */
export const ICMPV6_HEADER_BYTES = 4;
export const IPV6_HEADER_BYTES = 40;
const VERSION = 6;
const LOW_64_BITS = 0xffff_ffff_ffff_ffffn;

export interface Ipv6Header {
  readonly nextHeader: number;
  readonly hopLimit: number;
  readonly source: IpAddress;
  readonly destination: IpAddress;
}

export interface Ipv6Packet extends Ipv6Header {
  readonly payload: Uint8Array;
}

/** Reads a packet; bytes behind it (padding) are ignored. Undefined: cut short, or not version 6. */
export function decodeIpv6Packet(bytes: Uint8Array): Ipv6Packet | undefined {
  if (bytes.length < IPV6_HEADER_BYTES) return undefined;
  const view = viewOf(bytes);
  const end = IPV6_HEADER_BYTES + view.getUint16(4);
  if (view.getUint8(0) >> 4 !== VERSION || bytes.length < end) return undefined;
  return {
    nextHeader: view.getUint8(6),
    hopLimit: view.getUint8(7),
    source: readIpv6Address(view, 8),
    destination: readIpv6Address(view, 24),
    payload: bytes.subarray(IPV6_HEADER_BYTES, end),
  };
}

/** A packet around an ICMPv6 message, whose checksum field (bytes 2 and 3) is filled in (L2-123). Flow label 0. */
export function encodeIcmpv6Packet(
  source: IpAddress,
  destination: IpAddress,
  message: Uint8Array,
  hopLimit = HOP_LIMIT_ON_LINK,
): Uint8Array {
  const bytes = new Uint8Array(IPV6_HEADER_BYTES + message.length);
  bytes.set(message, IPV6_HEADER_BYTES);
  completeIcmpv6Packet(viewOf(bytes), source, destination, hopLimit);
  return bytes;
}

/** The same where the message was written in its place, behind the room for the header. */
export function completeIcmpv6Packet(
  packet: DataView,
  source: IpAddress,
  destination: IpAddress,
  hopLimit = HOP_LIMIT_ON_LINK,
): void {
  packet.setUint8(0, VERSION << 4);
  packet.setUint16(4, packet.byteLength - IPV6_HEADER_BYTES);
  packet.setUint8(6, ICMPV6);
  packet.setUint8(7, hopLimit);
  writeIpv6Address(packet, 8, source);
  writeIpv6Address(packet, 24, destination);
  packet.setUint16(IPV6_HEADER_BYTES + 2, 0);
  packet.setUint16(IPV6_HEADER_BYTES + 2, checksumOf(packet));
}

/**
 * The ones' complement of the sum over pseudo header and message (RFC 4443 section 2.3): what belongs in a checksum
 * field that is 0, or 0 itself where the field holds the right one.
 */
export function icmpv6Checksum(packet: Uint8Array): number {
  return checksumOf(viewOf(packet));
}

function checksumOf(view: DataView): number {
  const length = view.getUint16(4);
  const end = IPV6_HEADER_BYTES + length;
  let sum = length + ICMPV6;
  // The addresses stand right before the message, so one loop reads both.
  for (let at = 8; at + 1 < end; at += 2) sum += view.getUint16(at);
  if (length % 2 === 1) sum += view.getUint8(end - 1) << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** Addresses whose first byte is 255 (RFC 4291 section 2.7). */
export function isMulticast(ip: IpAddress): boolean {
  return ip.value >> 120n === 0xffn;
}

export function readIpv6Address(view: DataView, offset: number): IpAddress {
  const value = (view.getBigUint64(offset) << 64n) | view.getBigUint64(offset + 8);
  return { family: 6, value };
}

export function writeIpv6Address(view: DataView, offset: number, { value }: IpAddress): void {
  view.setBigUint64(offset, value >> 64n);
  view.setBigUint64(offset + 8, value & LOW_64_BITS);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
