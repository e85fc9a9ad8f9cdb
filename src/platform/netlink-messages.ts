/** Reads the rtnetlink(7) messages about links and addresses. Numbers are in the byte order of the machine: little. */

import {
  addressFromBytes,
  formatAddress,
  formatMac,
  formatPrefix,
  type MacAddress,
  prefixAround,
} from "../ip/index.ts";

export type NetlinkMessage =
  | { readonly kind: "link"; readonly link: Link }
  | { readonly kind: "link-gone"; readonly index: number }
  | {
      readonly kind: "address";
      readonly index: number;
      readonly address: string;
      /** The prefix that it lies in. */
      readonly subnet: string;
      /** Duplicate address detection runs, or found the address taken: it must not be used (RFC 4862 section 5.4). */
      readonly isTentative: boolean;
    }
  | {
      readonly kind: "address-gone";
      readonly index: number;
      readonly address: string;
      readonly subnet: string;
    }
  | { readonly kind: "done" }
  /** The tables changed while they were dumped, which any message of the dump may say: ask again once it is done. */
  | { readonly kind: "interrupted" }
  | { readonly kind: "error"; readonly errno: number };

export interface Link {
  readonly index: number;
  readonly name: string;
  /** IFF_* of netdevice(7). */
  readonly flags: number;
  readonly mac?: MacAddress;
  readonly masterIndex?: number;
  readonly operState: string;
}

const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
export const RTM_GETLINK = 18;
const RTM_NEWADDR = 20;
const RTM_DELADDR = 21;
export const RTM_GETADDR = 22;
const NLM_F_REQUEST_DUMP = 0x301;
const NLM_F_DUMP_INTR = 0x10;
const HEADER_BYTES = 16;
const LINK_BYTES = 16;
const ADDRESS_BYTES = 8;
const AF_UNSPEC = 0;
const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_MASTER = 10;
const IFLA_WIRELESS = 11;
const IFLA_OPERSTATE = 16;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_F_TENTATIVE = 0x40;
/** RFC 4429: to be used while duplicate address detection runs. */
const IFA_F_OPTIMISTIC = 0x04;
const IFA_F_DADFAILED = 0x08;
const MAC_BYTES = 6;
/** IF_OPER_* of RFC 2863. */
const OPER_STATES = [
  "unknown",
  "notpresent",
  "down",
  "lowerlayerdown",
  "testing",
  "dormant",
  "up",
] as const;

/** The request to list all links (`RTM_GETLINK`) or all addresses (`RTM_GETADDR`). */
export function dumpRequest(type: number): Buffer {
  const request = Buffer.alloc(HEADER_BYTES + LINK_BYTES);
  request.writeUInt32LE(request.length, 0);
  request.writeUInt16LE(type, 4);
  request.writeUInt16LE(NLM_F_REQUEST_DUMP, 6);
  return request;
}

/** All messages of one datagram that concern links and addresses; what is cut short ends the reading. */
export function parseNetlink(datagram: Buffer): NetlinkMessage[] {
  const messages: NetlinkMessage[] = [];
  let offset = 0;
  while (offset + HEADER_BYTES <= datagram.length) {
    const length = datagram.readUInt32LE(offset);
    if (length < HEADER_BYTES || offset + length > datagram.length) break;
    const isInterrupted = (datagram.readUInt16LE(offset + 6) & NLM_F_DUMP_INTR) !== 0;
    if (isInterrupted) messages.push({ kind: "interrupted" });
    const message = parseMessage(datagram.subarray(offset, offset + length));
    if (message !== undefined) messages.push(message);
    offset += aligned(length);
  }
  return messages;
}

function parseMessage(bytes: Buffer): NetlinkMessage | undefined {
  const body = bytes.subarray(HEADER_BYTES);
  switch (bytes.readUInt16LE(4)) {
    case NLMSG_DONE:
      return { kind: "done" };
    case NLMSG_ERROR:
      return body.length < 4 ? undefined : { kind: "error", errno: -body.readInt32LE(0) };
    case RTM_NEWLINK:
      return parseLink(body);
    case RTM_DELLINK:
      return isOfBridge(body) ? undefined : { kind: "link-gone", index: body.readInt32LE(4) };
    case RTM_NEWADDR: {
      const found = parseAddress(body);
      return found && { kind: "address", ...found, isTentative: isTentative(body.readUInt8(2)) };
    }
    case RTM_DELADDR: {
      const found = parseAddress(body);
      return found && { kind: "address-gone", ...found };
    }
    default:
      return undefined;
  }
}

/** Bridges report on their ports with messages of their own family; those say nothing about the link itself. */
function isOfBridge(body: Buffer): boolean {
  return body.length < LINK_BYTES || body.readUInt8(0) !== AF_UNSPEC;
}

function parseLink(body: Buffer): NetlinkMessage | undefined {
  if (isOfBridge(body)) return undefined;
  const attributes = parseAttributes(body.subarray(LINK_BYTES));
  const name = attributes.get(IFLA_IFNAME);
  // What a wireless driver tells, as that it has scanned, comes with the name alone: the link is as it was.
  if (name === undefined || attributes.has(IFLA_WIRELESS)) return undefined;
  const mac = attributes.get(IFLA_ADDRESS);
  const master = attributes.get(IFLA_MASTER);
  const operState = attributes.get(IFLA_OPERSTATE)?.at(0) ?? 0;
  const link: Link = {
    index: body.readInt32LE(4),
    name: name.toString("utf8").replace(/\0.*$/s, ""),
    flags: body.readUInt32LE(8),
    ...(mac?.length === MAC_BYTES && { mac: formatMac(mac) }),
    ...(master?.length === 4 && { masterIndex: master.readUInt32LE(0) }),
    operState: OPER_STATES[operState] ?? "unknown",
  };
  return { kind: "link", link };
}

function parseAddress(
  body: Buffer,
): { index: number; address: string; subnet: string } | undefined {
  if (body.length < ADDRESS_BYTES) return undefined;
  const attributes = parseAttributes(body.subarray(ADDRESS_BYTES));
  // Where an address has a peer, IFA_ADDRESS is that of the peer, and the subnet is around it.
  const peerBytes = attributes.get(IFA_ADDRESS);
  const bytes = attributes.get(IFA_LOCAL) ?? peerBytes;
  const address = bytes && addressFromBytes(bytes);
  const peer = (peerBytes && addressFromBytes(peerBytes)) ?? address;
  const prefixBits = body.readUInt8(1);
  if (address === undefined || peer?.family !== address.family) return undefined;
  if (prefixBits > (address.family === 4 ? 32 : 128)) return undefined;
  const subnet = formatPrefix(prefixAround(peer, prefixBits));
  return { index: body.readUInt32LE(4), address: formatAddress(address), subnet };
}

/** `flags`: IFA_F_* of if_addr.h, the low eight bits. */
export function isTentative(flags: number): boolean {
  const isChecked = (flags & IFA_F_TENTATIVE) === 0 || (flags & IFA_F_OPTIMISTIC) !== 0;
  return !isChecked || (flags & IFA_F_DADFAILED) !== 0;
}

function parseAttributes(bytes: Buffer): Map<number, Buffer> {
  const attributes = new Map<number, Buffer>();
  let offset = 0;
  while (offset + 4 <= bytes.length) {
    const length = bytes.readUInt16LE(offset);
    if (length < 4 || offset + length > bytes.length) break;
    // The two high bits are flags.
    const type = bytes.readUInt16LE(offset + 2) & 0x3fff;
    attributes.set(type, bytes.subarray(offset + 4, offset + length));
    offset += aligned(length);
  }
  return attributes;
}

function aligned(length: number): number {
  return (length + 3) & ~3;
}
