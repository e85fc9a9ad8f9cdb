/** ARP packets for IPv4 over Ethernet (RFC 826), 28 bytes. */
import { formatMac, type IpAddress, type MacAddress } from "../ip/index.ts";
import { uint16At, writeMac } from "./ethernet-frame.ts";

export const ARP_REQUEST = 1;
export const ARP_REPLY = 2;
const PACKET_BYTES = 28;
const HARDWARE_ADDRESS_BYTES = 6;
const PROTOCOL_ADDRESS_BYTES = 4;

export interface ArpPacket {
  readonly operation: number;
  readonly senderMac: MacAddress;
  readonly senderIp: IpAddress;
  readonly targetMac: MacAddress;
  readonly targetIp: IpAddress;
}

/**
 * Reads an ARP packet; trailing padding is ignored (L2-207). Gives undefined when the bytes end early or the
 * length fields are not those of Ethernet and IPv4 (L2-91). Hardware and protocol type are not looked at (L2-97).
 */
export function decodeArpPacket(bytes: Uint8Array): ArpPacket | undefined {
  if (bytes.length < PACKET_BYTES) return undefined;
  if (bytes[4] !== HARDWARE_ADDRESS_BYTES || bytes[5] !== PROTOCOL_ADDRESS_BYTES) return undefined;
  return {
    operation: uint16At(bytes, 6),
    senderMac: formatMac(bytes.subarray(8, 14)),
    senderIp: ipv4At(bytes, 14),
    targetMac: formatMac(bytes.subarray(18, 24)),
    targetIp: ipv4At(bytes, 24),
  };
}

/** Writes hardware type 1, protocol 0x0800 and the lengths 6 and 4, whatever was asked (L2-99). */
export function encodeArpPacket(packet: ArpPacket): Uint8Array {
  // No view: it would take the bytes of so small an array out of V8's heap, which costs more than all the rest.
  const bytes = new Uint8Array(PACKET_BYTES);
  bytes[1] = 1;
  bytes[2] = 0x08;
  bytes[4] = HARDWARE_ADDRESS_BYTES;
  bytes[5] = PROTOCOL_ADDRESS_BYTES;
  bytes[6] = packet.operation >> 8;
  bytes[7] = packet.operation;
  writeMac(bytes, 8, packet.senderMac);
  writeIpv4(bytes, 14, packet.senderIp);
  writeMac(bytes, 18, packet.targetMac);
  writeIpv4(bytes, 24, packet.targetIp);
  return bytes;
}

function ipv4At(bytes: Uint8Array, offset: number): IpAddress {
  const value = uint16At(bytes, offset) * 0x1_0000 + uint16At(bytes, offset + 2);
  return { family: 4, value: BigInt(value) };
}

function writeIpv4(bytes: Uint8Array, offset: number, { value }: IpAddress): void {
  const number = Number(value);
  bytes[offset] = number >>> 24;
  bytes[offset + 1] = number >>> 16;
  bytes[offset + 2] = number >>> 8;
  bytes[offset + 3] = number;
}
