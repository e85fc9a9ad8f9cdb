/** ARP packets for IPv4 over Ethernet (RFC 826), 28 bytes. */
import { formatMac, type IpAddress, type MacAddress } from "../ip/index.ts";
import { writeMac } from "./ethernet-frame.ts";

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
  const view = new DataView(bytes.buffer, bytes.byteOffset, PACKET_BYTES);
  return {
    operation: view.getUint16(6),
    senderMac: formatMac(bytes.subarray(8, 14)),
    senderIp: { family: 4, value: BigInt(view.getUint32(14)) },
    targetMac: formatMac(bytes.subarray(18, 24)),
    targetIp: { family: 4, value: BigInt(view.getUint32(24)) },
  };
}

/** Writes hardware type 1, protocol 0x0800 and the lengths 6 and 4, whatever was asked (L2-99). */
export function encodeArpPacket(packet: ArpPacket): Uint8Array {
  const bytes = new Uint8Array(PACKET_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x0001_0800);
  bytes[4] = HARDWARE_ADDRESS_BYTES;
  bytes[5] = PROTOCOL_ADDRESS_BYTES;
  view.setUint16(6, packet.operation);
  writeMac(bytes, 8, packet.senderMac);
  view.setUint32(14, Number(packet.senderIp.value));
  writeMac(bytes, 18, packet.targetMac);
  view.setUint32(24, Number(packet.targetIp.value));
  return bytes;
}
