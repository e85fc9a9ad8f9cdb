/** A pool of the ConfigMap as an IPAddressPool and its advertisements (MIG-7, MIG-8). */
import type { LegacyDocument } from "../config/index.ts";
import type { BGPAdvertisement, IPAddressPool } from "../kube/index.ts";
import { givenFields } from "./given-fields.ts";

type LegacyPool = LegacyDocument["address-pools"][number];

export function migratePool(pool: LegacyPool): IPAddressPool["spec"] {
  return {
    addresses: pool.addresses.map((entry) => entry ?? ""),
    ...givenFields({
      autoAssign: pool["auto-assign"],
      avoidBuggyIPs: pool["avoid-buggy-ips"] || undefined,
    }),
  };
}

/** Whatever the protocol; a `bgp` pool without a list gets one that only names it. */
export function migrateAdvertisements(
  pool: LegacyPool,
  name: string,
): NonNullable<BGPAdvertisement["spec"]>[] {
  const ipAddressPools = [name];
  const list = pool["bgp-advertisements"].map((one) => ({
    ipAddressPools,
    ...givenFields({
      aggregationLength: one["aggregation-length"],
      aggregationLengthV6: one["aggregation-length-v6"],
      localPref: one.localpref || undefined,
      communities:
        one.communities.length > 0 ? one.communities.map((text) => text ?? "") : undefined,
    }),
  }));
  return list.length === 0 && pool.protocol === "bgp" ? [{ ipAddressPools }] : list;
}
