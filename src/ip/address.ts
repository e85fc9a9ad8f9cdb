/** IP addresses as small comparable values: a family and the number behind the text. */

export type Family = 4 | 6;

export interface IpAddress {
  readonly family: Family;
  readonly value: bigint;
}

/** Number of bits in an address of the family. */
export function addressBits(family: Family): 32 | 128 {
  return family === 4 ? 32 : 128;
}

const mappedFirst = 0xffff_0000_0000n;
const mappedLast = 0xffff_ffff_ffffn;

/**
 * Reads the text of one address, or returns undefined.
 * IPAM-4: octets with leading zeros and zones are refused, and the IPv4-mapped form of IPv6
 * (`::ffff:192.0.2.1`, RFC 4291 section 2.5.5.2) counts as IPv4.
 */
export function parseAddress(text: string): IpAddress | undefined {
  if (!text.includes(":")) {
    const value = parseDottedQuad(text);
    return value === undefined ? undefined : { family: 4, value };
  }
  const value = parseIPv6(text);
  if (value === undefined) return undefined;
  return value >= mappedFirst && value <= mappedLast
    ? { family: 4, value: value - mappedFirst }
    : { family: 6, value };
}

/** Orders IPv4 before IPv6, then by number; fit for `sort`. */
export function compareAddresses(a: IpAddress, b: IpAddress): number {
  if (a.family !== b.family) return a.family - b.family;
  return a.value < b.value ? -1 : Number(a.value > b.value);
}

/** Canonical text (RFC 5952, L2-42): the one spelling that is hashed, stored and shown. */
export function formatAddress(address: IpAddress): string {
  const { family, value } = address;
  if (family === 4) return formatDottedQuad(value);
  if (value >= mappedFirst && value <= mappedLast) return formatDottedQuad(value - mappedFirst);
  return formatGroups(groupsOf(value));
}

/** The address as 4 or 16 bytes in network order. */
export function addressBytes(address: IpAddress): Uint8Array {
  const bytes = new Uint8Array(addressBits(address.family) / 8);
  let rest = address.value;
  for (let index = bytes.length - 1; index >= 0; index -= 1) {
    bytes[index] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}

/** The address written in 4 or 16 bytes of network order; undefined for any other length. */
export function addressFromBytes(bytes: Uint8Array): IpAddress | undefined {
  if (bytes.length !== 4 && bytes.length !== 16) return undefined;
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return { family: bytes.length === 4 ? 4 : 6, value };
}

const octetPattern = /^(?:0|[1-9]\d{0,2})$/;

function parseDottedQuad(text: string): bigint | undefined {
  const octets = text.split(".");
  if (octets.length !== 4) return undefined;
  let value = 0;
  for (const octet of octets) {
    if (!octetPattern.test(octet) || Number(octet) > 255) return undefined;
    value = value * 256 + Number(octet);
  }
  return BigInt(value);
}

function formatDottedQuad(value: bigint): string {
  const number = Number(value);
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 0xff).join(".");
}

function parseIPv6(text: string): bigint | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0] ?? "", halves.length === 1);
  if (halves.length === 1) return head?.length === 8 ? joinGroups(head) : undefined;
  const tail = parseGroups(halves[1] ?? "", true);
  // `::` stands for at least one group of zeros.
  if (head === undefined || tail === undefined || head.length + tail.length > 7) return undefined;
  const zeros = Array<number>(8 - head.length - tail.length).fill(0);
  return joinGroups([...head, ...zeros, ...tail]);
}

const groupPattern = /^[0-9a-fA-F]{1,4}$/;

/** The 16-bit groups of one side of `::`; a dotted quad may only end the whole text. */
function parseGroups(text: string, endsAddress: boolean): number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  const words = text.split(":");
  for (const [index, word] of words.entries()) {
    if (groupPattern.test(word)) {
      groups.push(Number.parseInt(word, 16));
      continue;
    }
    const quad = parseDottedQuad(word);
    if (quad === undefined || !endsAddress || index !== words.length - 1) return undefined;
    groups.push(Number(quad >> 16n), Number(quad & 0xffffn));
  }
  return groups;
}

function joinGroups(groups: readonly number[]): bigint {
  return groups.reduce((value, group) => (value << 16n) | BigInt(group), 0n);
}

function groupsOf(value: bigint): number[] {
  return Array.from({ length: 8 }, (_, index) =>
    Number((value >> BigInt(112 - index * 16)) & 0xffffn),
  );
}

/** RFC 5952 section 4: lower case, no leading zeros, the first longest run of zeros as `::`. */
function formatGroups(groups: readonly number[]): string {
  let start = 0;
  let length = 0;
  for (let from = 0; from < 8; from += 1) {
    let to = from;
    while (to < 8 && groups[to] === 0) to += 1;
    if (to - from > length) [start, length] = [from, to - from];
  }
  const text = (part: readonly number[]) => part.map((group) => group.toString(16)).join(":");
  if (length < 2) return text(groups);
  return `${text(groups.slice(0, start))}::${text(groups.slice(start + length))}`;
}
