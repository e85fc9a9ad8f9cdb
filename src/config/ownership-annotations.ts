/** Annotations of ours about who keeps an address: MetalLB's definitions would prune fields, and leave annotations alone. */
import { flagWords, type OwnSetting } from "./own-annotations.ts";

/** On an L2Advertisement or a Service: "false" lets a node that returns take no address back. */
export const preemptAnnotation = "metallb-ts/preempt";
/** On an L2Advertisement or an IPAddressPool: "bounded" spreads addresses evenly over the nodes. */
export const spreadAnnotation = "metallb-ts/spread";

export const preempt: OwnSetting = { name: preemptAnnotation, code: "OWN-2", ...flagWords };

export const spread: OwnSetting = {
  name: spreadAnnotation,
  code: "OWN-3",
  values: ["bounded"],
  isNot: 'not "bounded"',
  fix: 'write "bounded", or no such annotation',
};
