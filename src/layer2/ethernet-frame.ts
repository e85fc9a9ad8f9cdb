/** Ethernet II frames: the 14-byte header, with up to two VLAN tags read over. */
import { formatMac, type MacAddress } from "../ip/index.ts";

export const ETHERTYPE_ARP = 0x0806;
export const ETHERTYPE_IPV6 = 0x86dd;
export const BROADCAST_MAC: MacAddress = "ff:ff:ff:ff:ff:ff";
/** Smallest frame on the wire, without the check sequence. */
const MINIMUM_FRAME_BYTES = 60;
const HEADER_BYTES = 14;
const TAG_BYTES = 4;
const TAG_ETHERTYPES: ReadonlySet<number> = new Set([0x8100, 0x88a8]);

export interface EthernetFrame {
  readonly destination: MacAddress;
  readonly source: MacAddress;
  readonly etherType: number;
  /** The first id other than 0 among the tags in the bytes; 0: priority tags only; absent: no tag. */
  readonly vlanId?: number;
  readonly payload: Uint8Array;
}

/** Reads a frame, or gives undefined when it is shorter than its header (L2-90, L2-91). */
export function decodeEthernetFrame(bytes: Uint8Array): EthernetFrame | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  let offset = HEADER_BYTES;
  let etherType = uint16At(bytes, offset - 2);
  let vlanId: number | undefined;
  for (let tags = 0; tags < 2 && TAG_ETHERTYPES.has(etherType); tags++) {
    if (bytes.length < offset + TAG_BYTES) return undefined;
    vlanId ||= uint16At(bytes, offset) & 0xfff;
    etherType = uint16At(bytes, offset + 2);
    offset += TAG_BYTES;
  }
  return {
    destination: formatMac(bytes.subarray(0, 6)),
    source: formatMac(bytes.subarray(6, 12)),
    etherType,
    ...(vlanId !== undefined && { vlanId }),
    payload: bytes.subarray(offset),
  };
}

/** Writes an untagged frame, padded with zeros to Ethernet's minimum of 60 bytes (L2-99). */
export function encodeEthernetFrame(frame: Omit<EthernetFrame, "vlanId">): Uint8Array {
  const bytes = new Uint8Array(Math.max(MINIMUM_FRAME_BYTES, HEADER_BYTES + frame.payload.length));
  writeMac(bytes, 0, frame.destination);
  writeMac(bytes, 6, frame.source);
  bytes[12] = frame.etherType >> 8;
  bytes[13] = frame.etherType & 0xff;
  bytes.set(frame.payload, HEADER_BYTES);
  return bytes;
}

/** Writes the six bytes of a well-formed MAC address; by hand, because it is done four times for every answer. */
export function writeMac(bytes: Uint8Array, offset: number, mac: MacAddress): void {
  for (let index = 0; index < 6; index++) {
    const high = nibble(mac.charCodeAt(index * 3));
    bytes[offset + index] = (high << 4) | nibble(mac.charCodeAt(index * 3 + 1));
  }
}

/** The value of a hexadecimal digit: letters of both cases stand 9 above the low bits of their code. */
function nibble(code: number): number {
  return (code & 0xf) + (code >> 6) * 9;
}

/** In network order. */
export function uint16At(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);
}
