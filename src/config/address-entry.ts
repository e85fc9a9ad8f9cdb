/** One entry of a pool's address list: a CIDR prefix or a range (IPAM-1..4, LC-8). */
import {
  formatAddress,
  parseAddress,
  parsePrefix,
  parseRange,
  rangeToPrefixes,
  type AddressRange,
  type Prefix,
} from "../ip/index.ts";

export type AddressEntry =
  | { readonly ok: true; readonly prefixes: readonly Prefix[]; readonly emptyBecause?: string }
  | { readonly ok: false; readonly problem: string; readonly fix: string };

/** A range that can hold nothing is accepted, with the reason why it is empty (LC-8). */
export function parseAddressEntry(text: string): AddressEntry {
  return text.includes("-") ? parseRangeEntry(text) : parsePrefixEntry(text);
}

function parsePrefixEntry(text: string): AddressEntry {
  const prefix = parsePrefix(text);
  if (prefix !== undefined) return { ok: true, prefixes: [prefix] };
  const address = parseAddress(text);
  if (address === undefined) {
    const fix = "write a prefix such as 192.0.2.0/24, or a range such as 192.0.2.10-192.0.2.20";
    return { ok: false, problem: `"${text}" is not an address prefix`, fix };
  }
  const length = address.family === 4 ? 32 : 128;
  const fix = `write ${formatAddress(address)}/${length} for this one address`;
  return { ok: false, problem: `"${text}" has no prefix length`, fix };
}

function parseRangeEntry(text: string): AddressEntry {
  const range = parseRange(text);
  if (range === undefined) {
    const fix = "write two plain addresses, such as 192.0.2.10-192.0.2.20";
    return { ok: false, problem: `"${text}" is not an address range`, fix };
  }
  const emptyBecause = whyEmpty(range);
  const prefixes = rangeToPrefixes(range.first, range.last);
  return { ok: true, prefixes, ...(emptyBecause && { emptyBecause }) };
}

function whyEmpty({ first, last }: AddressRange): string | undefined {
  if (first.family !== last.family) return "mixes IPv4 and IPv6";
  return first.value > last.value ? "starts after its end" : undefined;
}
