/** CIDR prefixes: a block of 2^n addresses that starts at a multiple of its own size. */
import {
  addressBits,
  formatAddress,
  parseAddress,
  type Family,
  type IpAddress,
} from "./address.ts";

export interface Prefix {
  readonly family: Family;
  /** The lowest address; all host bits are zero. */
  readonly first: bigint;
  /** Prefix length: 0..32 or 0..128. */
  readonly bits: number;
}

/** Reads `address/length`; host bits are masked off (IPAM-1). A bare address is no prefix. */
export function parsePrefix(text: string): Prefix | undefined {
  const slash = text.indexOf("/");
  if (slash < 0) return undefined;
  const addressText = text.slice(0, slash);
  const bitsText = text.slice(slash + 1);
  const address = parseAddress(addressText);
  if (address === undefined || !/^0*\d{1,3}$/.test(bitsText)) return undefined;
  // The length of an IPv4-mapped address is counted in the 128 bits of its spelling.
  const isMapped = address.family === 4 && addressText.includes(":");
  const bits = Number(bitsText) - (isMapped ? 96 : 0);
  if (bits < 0 || bits > addressBits(address.family)) return undefined;
  return prefixAround(address, bits);
}

/** The prefix of the given length in which the address lies. */
export function prefixAround(address: IpAddress, bits: number): Prefix {
  const hostBits = BigInt(addressBits(address.family) - bits);
  return { family: address.family, first: (address.value >> hostBits) << hostBits, bits };
}

export function formatPrefix(prefix: Prefix): string {
  return `${formatAddress({ family: prefix.family, value: prefix.first })}/${prefix.bits}`;
}

/** How many addresses the prefix holds. */
export function prefixSize(prefix: Prefix): bigint {
  return 1n << BigInt(addressBits(prefix.family) - prefix.bits);
}

/** The highest address of the prefix. */
export function prefixLast(prefix: Prefix): bigint {
  return prefix.first + prefixSize(prefix) - 1n;
}

export function prefixContains(prefix: Prefix, address: IpAddress): boolean {
  return (
    prefix.family === address.family &&
    prefix.first <= address.value &&
    address.value <= prefixLast(prefix)
  );
}

/** Orders by family, then first address, then the wider prefix first; fit for `sort`. */
export function comparePrefixes(a: Prefix, b: Prefix): number {
  if (a.family !== b.family) return a.family - b.family;
  if (a.first !== b.first) return a.first < b.first ? -1 : 1;
  return a.bits - b.bits;
}
