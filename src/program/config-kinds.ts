/** The custom resources that make up a configuration, and who reads which (K8S-1, K8S-2, CFG-3). */

import type { ConfigKind } from "../config/index.ts";

export type Watcher = "controller" | "speaker";

export interface WatchedKind {
  readonly kind: ConfigKind;
  readonly plural: string;
  readonly version: "v1beta1" | "v1beta2";
  readonly watchers: readonly Watcher[];
}

const both: readonly Watcher[] = ["controller", "speaker"];
const speakers: readonly Watcher[] = ["speaker"];

export const configKinds: readonly WatchedKind[] = [
  { kind: "IPAddressPool", plural: "ipaddresspools", version: "v1beta1", watchers: both },
  { kind: "Community", plural: "communities", version: "v1beta1", watchers: both },
  { kind: "L2Advertisement", plural: "l2advertisements", version: "v1beta1", watchers: speakers },
  { kind: "BGPAdvertisement", plural: "bgpadvertisements", version: "v1beta1", watchers: speakers },
  { kind: "BGPPeer", plural: "bgppeers", version: "v1beta2", watchers: speakers },
  { kind: "BFDProfile", plural: "bfdprofiles", version: "v1beta1", watchers: speakers },
];
