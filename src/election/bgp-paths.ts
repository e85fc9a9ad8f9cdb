/** What the matching BGP advertisements make of a service's addresses: prefixes with their attributes. */
import type { BgpAdvertisement, Generation } from "../config/index.ts";
import { formatPrefix, prefixAround, type IpAddress, type Prefix } from "../ip/index.ts";

export interface BgpPath {
  readonly prefix: Prefix;
  readonly localPref: number;
  /** Distinct and ascending, as 32-bit numbers (RFC 1997). */
  readonly communities: readonly number[];
  /** Distinct and ascending, each `A:B:C` (RFC 8092). */
  readonly largeCommunities: readonly string[];
}

/**
 * BGP-31, BGP-36: each address cut to each advertisement's length, one path a prefix. Of paths for
 * one prefix the communities are united and the highest localPref counts (BGP-37); v0.9.5 takes the last.
 */
export function bgpPaths(
  ips: readonly IpAddress[],
  advertisements: readonly BgpAdvertisement[],
  generation: Generation,
): readonly BgpPath[] {
  const paths = new Map<string, BgpPath>();
  for (const ip of ips) {
    for (const advertisement of advertisements) {
      const path = pathOf(ip, advertisement);
      const key = formatPrefix(path.prefix);
      const known = paths.get(key);
      const isReplaced = known === undefined || generation === "legacy";
      paths.set(key, isReplaced ? path : { ...path, ...uniteAttributes(known, path) });
    }
  }
  return [...paths.values()];
}

function pathOf(ip: IpAddress, advertisement: BgpAdvertisement): BgpPath {
  const { aggregationLength, aggregationLengthV6 } = advertisement;
  return {
    prefix: prefixAround(ip, ip.family === 4 ? aggregationLength : aggregationLengthV6),
    localPref: advertisement.localPref,
    communities: sortedCommunities(advertisement.communities),
    largeCommunities: sortedLargeCommunities(advertisement.largeCommunities),
  };
}

type BgpAttributes = Pick<BgpPath, "localPref" | "communities" | "largeCommunities">;

/** What a peer hears of one prefix that two paths give (BGP-36, BGP-37). */
export function uniteAttributes(a: BgpAttributes, b: BgpAttributes): BgpAttributes {
  return {
    localPref: Math.max(a.localPref, b.localPref),
    communities: sortedCommunities([...a.communities, ...b.communities]),
    largeCommunities: sortedLargeCommunities([...a.largeCommunities, ...b.largeCommunities]),
  };
}

function sortedCommunities(communities: readonly number[]): number[] {
  return [...new Set(communities)].sort((a, b) => a - b);
}

/** BGP-34: by number, part after part. */
function sortedLargeCommunities(communities: readonly string[]): string[] {
  return [...new Set(communities)].sort((a, b) => {
    const [partsA, partsB] = [a.split(":"), b.split(":")];
    const differing = partsA.findIndex((part, index) => part !== partsB[index]);
    return differing < 0 ? 0 : Number(partsA[differing]) - Number(partsB[differing]);
  });
}
