/** May two BGP advertisements with different localPref serve one pool? (BGP-33, CFG-32) */
import type { BgpAdvertisement, Pool } from "../config/index.ts";

/** The first two of a pool's advertisements that would give one prefix two values of localPref at one peer. */
export function findLocalPrefConflict(
  advertisements: readonly BgpAdvertisement[],
  pool: Pool,
): readonly [BgpAdvertisement, BgpAdvertisement] | undefined {
  for (const [index, one] of advertisements.entries()) {
    const other = advertisements.slice(index + 1).find((next) => conflicts(one, next, pool));
    if (other !== undefined) return [one, other];
  }
  return undefined;
}

/** Both select the node and the service at hand, so they share these already. */
function conflicts(a: BgpAdvertisement, b: BgpAdvertisement, { prefixes }: Pool): boolean {
  if (a.localPref === b.localPref) return false;
  const hasV4 = prefixes.some(({ family }) => family === 4);
  const hasV6 = prefixes.some(({ family }) => family === 6);
  const meetsV4 = hasV4 && a.aggregationLength === b.aggregationLength;
  const meetsV6 = hasV6 && a.aggregationLengthV6 === b.aggregationLengthV6;
  if (!meetsV4 && !meetsV6) return false;
  if (a.peers === undefined || b.peers === undefined) return true;
  return [...a.peers].some((peer) => b.peers?.has(peer));
}
