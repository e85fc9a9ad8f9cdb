/** Neighbour solicitations and advertisements (RFC 4861 sections 4.3 and 4.4) as IPv6 packets. */
import { formatMac, type IpAddress, type MacAddress } from "../ip/index.ts";
import { writeMac } from "./ethernet-frame.ts";
import {
  completeIcmpv6Packet,
  decodeIpv6Packet,
  HOP_LIMIT_ON_LINK,
  ICMPV6,
  ICMPV6_HEADER_BYTES,
  icmpv6Checksum,
  IPV6_HEADER_BYTES,
  type Ipv6Packet,
  isMulticast,
  readIpv6Address,
  writeIpv6Address,
} from "./ipv6-packet.ts";

/** Router solicitation, the first of the four types that a socket for NDP takes (L2-113). */
const FIRST_TYPE = 133;
const NEIGHBOR_SOLICITATION = 135;
const NEIGHBOR_ADVERTISEMENT = 136;
const TARGET_OFFSET = 8;
/** Of both messages, without options. */
const MESSAGE_BYTES = 24;
const SOURCE_LINK_LAYER_ADDRESS = 1;
const TARGET_LINK_LAYER_ADDRESS = 2;
/** Options are counted in units of eight bytes, of which a MAC address and the option's head fill one. */
const OPTION_UNIT_BYTES = 8;
const SOLICITED = 0x4000_0000;
const OVERRIDE = 0x2000_0000;

export interface NeighborSolicitation {
  /** `::` in duplicate address detection. */
  readonly source: IpAddress;
  readonly destination: IpAddress;
  readonly target: IpAddress;
  /** Of the first option of type 1; absent where there is none. */
  readonly sourceMac?: MacAddress;
}

export interface NeighborAdvertisement {
  readonly source: IpAddress;
  readonly destination: IpAddress;
  readonly target: IpAddress;
  readonly targetMac: MacAddress;
  readonly isSolicited: boolean;
  readonly isOverriding: boolean;
}

/**
 * Why a packet is no solicitation to answer. `error`: malformed (L2-113, RFC 4861 section 7.1.1). Ours, because the
 * kernel does this for the reference or nobody does: `not-ndp`, `checksum` and `hop-limit` (L2-119).
 */
export type NotASolicitation = "error" | "not-ndp" | "message-type" | "checksum" | "hop-limit";

/** Reads a packet that may have padding behind it. Never throws. */
export function decodeNeighborSolicitation(
  bytes: Uint8Array,
): NeighborSolicitation | NotASolicitation {
  const packet = decodeMessage(bytes, NEIGHBOR_SOLICITATION);
  return typeof packet === "string" ? packet : (readSolicitation(packet) ?? "error");
}

/** What a neighbour says of itself. */
export interface ReceivedAdvertisement extends Pick<
  NeighborAdvertisement,
  "destination" | "target"
> {
  /** Of the first option of type 2; absent where there is none: then it is that of the frame. */
  readonly targetMac?: MacAddress;
}

/** Undefined: it is no advertisement, or not valid by RFC 4861 section 7.1.2. Never throws. */
export function decodeNeighborAdvertisement(bytes: Uint8Array): ReceivedAdvertisement | undefined {
  const packet = decodeMessage(bytes, NEIGHBOR_ADVERTISEMENT);
  if (typeof packet === "string") return undefined;
  const { destination, payload } = packet;
  if (payload[1] !== 0 || payload.length < MESSAGE_BYTES) return undefined;
  const options = readOption(payload.subarray(MESSAGE_BYTES), TARGET_LINK_LAYER_ADDRESS);
  const view = new DataView(payload.buffer, payload.byteOffset, MESSAGE_BYTES);
  const target = readIpv6Address(view, TARGET_OFFSET);
  const isSolicited = (view.getUint32(4) & SOLICITED) !== 0;
  if (options === undefined || isMulticast(target)) return undefined;
  // Nobody can have asked for what goes to everybody.
  if (isMulticast(destination) && isSolicited) return undefined;
  return { destination, target, ...(options.mac !== undefined && { targetMac: options.mac }) };
}

/** The packet around a message of this type, or why it is none. */
function decodeMessage(bytes: Uint8Array, wanted: number): Ipv6Packet | NotASolicitation {
  const packet = decodeIpv6Packet(bytes);
  if (packet === undefined) return "error";
  // Also what has extension headers: nobody sends such, and a fragment must be ignored (RFC 6980).
  if (packet.nextHeader !== ICMPV6) return "not-ndp";
  if (packet.payload.length < ICMPV6_HEADER_BYTES) return "error";
  if (icmpv6Checksum(bytes) !== 0) return "checksum";
  const type = packet.payload[0] ?? 0;
  if (type < FIRST_TYPE || type > NEIGHBOR_ADVERTISEMENT) return "not-ndp";
  if (type !== wanted) return "message-type";
  return packet.hopLimit === HOP_LIMIT_ON_LINK ? packet : "hop-limit";
}

/** The fields of the message; undefined where it is not valid by RFC 4861 section 7.1.1. */
function readSolicitation(packet: Ipv6Packet): NeighborSolicitation | undefined {
  const { source, destination, payload } = packet;
  const isWhole = payload[1] === 0 && payload.length >= MESSAGE_BYTES;
  if (!isWhole || isMulticast(source)) return undefined;
  const option = readOption(payload.subarray(MESSAGE_BYTES), SOURCE_LINK_LAYER_ADDRESS);
  // Who has no address yet cannot be answered at one.
  if (option === undefined || (option.mac && source.value === 0n)) return undefined;
  const view = new DataView(payload.buffer, payload.byteOffset, MESSAGE_BYTES);
  const target = readIpv6Address(view, TARGET_OFFSET);
  return { source, destination, target, ...(option.mac && { sourceMac: option.mac }) };
}

/** The address in the first option of the type, if there is one. Undefined: the options are malformed. */
function readOption(options: Uint8Array, wanted: number): { mac?: MacAddress } | undefined {
  const found: { mac?: MacAddress } = {};
  for (let offset = 0, bytes = 0; offset < options.length; offset += bytes) {
    const type = options[offset];
    bytes = (options[offset + 1] ?? 0) * OPTION_UNIT_BYTES;
    if (bytes === 0 || offset + bytes > options.length) return undefined;
    if (type !== SOURCE_LINK_LAYER_ADDRESS && type !== TARGET_LINK_LAYER_ADDRESS) continue;
    if (bytes !== OPTION_UNIT_BYTES) return undefined;
    if (type !== wanted) continue;
    found.mac ??= formatMac(options.subarray(offset + 2, offset + OPTION_UNIT_BYTES));
  }
  return found;
}

/** The whole packet, 72 bytes with the option and 64 without. */
export function encodeNeighborSolicitation(solicitation: NeighborSolicitation): Uint8Array {
  const { source, destination, target, sourceMac } = solicitation;
  const option =
    sourceMac === undefined ? undefined : { type: SOURCE_LINK_LAYER_ADDRESS, mac: sourceMac };
  return encodeMessage(NEIGHBOR_SOLICITATION, 0, { source, destination, target, option });
}

/** The whole packet, 72 bytes: flag R clear, one option with the MAC address (L2-121, L2-136). */
export function encodeNeighborAdvertisement(advertisement: NeighborAdvertisement): Uint8Array {
  const { source, destination, target, targetMac, isSolicited, isOverriding } = advertisement;
  const flags = (isSolicited ? SOLICITED : 0) | (isOverriding ? OVERRIDE : 0);
  const option = { type: TARGET_LINK_LAYER_ADDRESS, mac: targetMac };
  return encodeMessage(NEIGHBOR_ADVERTISEMENT, flags, { source, destination, target, option });
}

interface MessageParts {
  readonly source: IpAddress;
  readonly destination: IpAddress;
  readonly target: IpAddress;
  readonly option: { readonly type: number; readonly mac: MacAddress } | undefined;
}

/**
 * Both messages look the same but for the type: code 0, a word of flags, the target, options. Written in its place in
 * the packet: V8 keeps the 32 bytes of a message alone in its heap, out of which a view takes them, and that costs more
 * than all the rest.
 */
function encodeMessage(type: number, flags: number, parts: MessageParts): Uint8Array {
  const { source, destination, target, option } = parts;
  const optionAt = IPV6_HEADER_BYTES + MESSAGE_BYTES;
  const bytes = new Uint8Array(optionAt + (option ? OPTION_UNIT_BYTES : 0));
  const view = new DataView(bytes.buffer);
  bytes[IPV6_HEADER_BYTES] = type;
  view.setUint32(IPV6_HEADER_BYTES + 4, flags);
  writeIpv6Address(view, IPV6_HEADER_BYTES + TARGET_OFFSET, target);
  if (option) {
    bytes[optionAt] = option.type;
    bytes[optionAt + 1] = 1;
    writeMac(bytes, optionAt + 2, option.mac);
  }
  completeIcmpv6Packet(view, source, destination);
  return bytes;
}
