/** No IPv6 routes go to a peer whose BFD sends echoes (CFG-35). */
import type { BGPPeer } from "../kube/index.ts";
import type { BfdProfile, Peer } from "./config.ts";
import { nameOf, type FindingList } from "./finding-list.ts";
import type { PoolDraft } from "./resource-pools.ts";

/** Of each such peer, the first pool and advertisement that reach it are told. */
export function refuseEchoWithIpv6(
  pools: Iterable<PoolDraft>,
  peers: {
    readonly objects: readonly BGPPeer[];
    readonly compiled: readonly Peer[];
    readonly bfdProfiles: ReadonlyMap<string, BfdProfile>;
  },
  findings: FindingList,
): void {
  const echoing = new Map<string, Peer>();
  for (const peer of peers.compiled) {
    if (peers.bfdProfiles.get(peer.bfdProfile ?? "")?.echoMode) echoing.set(peer.name, peer);
  }
  for (const pool of pools) {
    if (pool.narrowest[6] === undefined) continue;
    for (const { name, peers: reached } of pool.bgpAdvertisements) {
      for (const peer of echoing.values()) {
        if (reached?.has(peer.name) === false) continue;
        echoing.delete(peer.name);
        const object = peers.objects.find((one) => nameOf(one) === peer.name) as BGPPeer;
        const message =
          `the BFD profile "${peer.bfdProfile}" has echo mode, which IPv6 does not allow, but ` +
          `BGPAdvertisement "${name}" advertises the IPv6 addresses of pool "${pool.name}" here`;
        const fix = "turn echoMode off, or name only other peers in the advertisement";
        const at = { code: "CFG-35", path: "spec.bfdProfile", value: peer.bfdProfile };
        findings.begin("BGPPeer", object).add({ ...at, message, fix });
      }
    }
  }
}
