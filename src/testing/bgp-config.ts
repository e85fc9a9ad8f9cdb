/** Advertisements of BGP, made directly: for tests of what follows from them. */
import type { BgpAdvertisement } from "../config/index.ts";

export function bgpAdvertisement(more: Partial<BgpAdvertisement> = {}): BgpAdvertisement {
  return {
    name: "ad",
    aggregationLength: 32,
    aggregationLengthV6: 128,
    localPref: 0,
    communities: [],
    largeCommunities: [],
    nodes: undefined,
    peers: undefined,
    serviceSelectors: [],
    ...more,
  };
}
