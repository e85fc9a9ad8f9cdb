/** What advertisements of both protocols say alike: which pools, which services, which nodes. */
import { column } from "./definition.ts";
import { labelSelectors, texts } from "./fields.ts";

export const advertised = {
  ipAddressPools: texts("Pools by name; together with the selectors empty, every pool."),
  ipAddressPoolSelectors: labelSelectors("Pools by label, in addition to those by name."),
  nodeSelectors: labelSelectors("The nodes that announce; every node when empty."),
  serviceSelectors: labelSelectors("The services that are announced; every service when empty."),
};

export const poolColumns = [
  column("IPAddressPools", ".spec.ipAddressPools"),
  column("IPAddressPool Selectors", ".spec.ipAddressPoolSelectors"),
];

export const nodeColumn = column("Node Selectors", ".spec.nodeSelectors", "string", 10);
