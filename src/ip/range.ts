/** Address ranges `first-last`, and the prefixes that cover them exactly. */
import { addressBits, parseAddress, type IpAddress } from "./address.ts";
import type { Prefix } from "./prefix.ts";

export interface AddressRange {
  readonly first: IpAddress;
  readonly last: IpAddress;
}

/**
 * Reads `first-last`, split at the first `-`, blanks around each end ignored (IPAM-2).
 * The ends may be of two families or in the wrong order: such a range covers nothing, and
 * whether that is an error is the caller's rule (LC-8, CFG-10).
 */
export function parseRange(text: string): AddressRange | undefined {
  const dash = text.indexOf("-");
  if (dash < 0) return undefined;
  const first = parseAddress(withoutBlanks(text.slice(0, dash)));
  const last = parseAddress(withoutBlanks(text.slice(dash + 1)));
  return first === undefined || last === undefined ? undefined : { first, last };
}

const blank = /\p{White_Space}/u;

/** Blanks are Unicode's: `trim` knows no U+0085, and takes the invisible U+FEFF for a blank. */
function withoutBlanks(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && blank.test(text.charAt(start))) start += 1;
  while (end > start && blank.test(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

/**
 * The shortest ascending list of prefixes that covers exactly first..last, both included
 * (IPAM-3). Empty if the range is reversed or of two families.
 */
export function rangeToPrefixes(first: IpAddress, last: IpAddress): Prefix[] {
  const prefixes: Prefix[] = [];
  if (first.family !== last.family) return prefixes;
  const width = addressBits(first.family);
  let start = first.value;
  while (start <= last.value) {
    let hostBits = 0;
    while (hostBits < width && canGrow(start, hostBits, last.value)) hostBits += 1;
    prefixes.push({ family: first.family, first: start, bits: width - hostBits });
    start += 1n << BigInt(hostBits);
  }
  return prefixes;
}

/** Whether the block of 2^hostBits addresses at `start` can double: aligned, and inside. */
function canGrow(start: bigint, hostBits: number, last: bigint): boolean {
  const size = 1n << BigInt(hostBits);
  return (start & size) === 0n && start + 2n * size - 1n <= last;
}
