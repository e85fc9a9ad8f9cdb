/** The six validating webhooks: where each is, what it is asked about, and what it reads to answer (WH-2, WH-5). */

import type { ConfigKind } from "../config/index.ts";

export interface ValidatingWebhook {
  readonly path: string;
  readonly kind: ConfigKind;
  /** The existing objects that the submitted one is checked together with. */
  readonly reads: readonly (ConfigKind | "Node")[];
}

export const validatingWebhooks: readonly ValidatingWebhook[] = [
  {
    path: "/validate-metallb-io-v1beta1-ipaddresspool",
    kind: "IPAddressPool",
    reads: ["IPAddressPool"],
  },
  {
    path: "/validate-metallb-io-v1beta1-l2advertisement",
    kind: "L2Advertisement",
    reads: ["L2Advertisement", "IPAddressPool"],
  },
  {
    path: "/validate-metallb-io-v1beta1-bgpadvertisement",
    kind: "BGPAdvertisement",
    reads: ["BGPAdvertisement", "IPAddressPool", "Node"],
  },
  {
    path: "/validate-metallb-io-v1beta1-community",
    kind: "Community",
    reads: ["Community"],
  },
  {
    path: "/validate-metallb-io-v1beta1-bfdprofile",
    kind: "BFDProfile",
    reads: ["BGPPeer"],
  },
  {
    path: "/validate-metallb-io-v1beta2-bgppeer",
    kind: "BGPPeer",
    reads: ["BGPPeer", "Node"],
  },
];
