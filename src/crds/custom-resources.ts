/** All custom resources of MetalLB in one list. */
import { bfdProfile } from "./bfd-profile.ts";
import { bgpAdvertisement } from "./bgp-advertisement.ts";
import { bgpPeer } from "./bgp-peer.ts";
import { community } from "./community.ts";
import { configurationState } from "./configuration-state.ts";
import type { CustomResourceDefinition } from "./definition.ts";
import { ipAddressPool } from "./ip-address-pool.ts";
import { l2Advertisement } from "./l2-advertisement.ts";
import { serviceBgpStatus, serviceL2Status } from "./service-status.ts";

/** All nine, in the order of their plural names. */
export const customResourceDefinitions: readonly CustomResourceDefinition[] = [
  bfdProfile,
  bgpAdvertisement,
  bgpPeer,
  community,
  configurationState,
  ipAddressPool,
  l2Advertisement,
  serviceBgpStatus,
  serviceL2Status,
];
