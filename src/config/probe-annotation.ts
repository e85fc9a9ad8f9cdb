/** On an IPAddressPool: ask on the wire whether an address is free before a Service gets it. */
import type { FindingList } from "./finding-list.ts";
import { flagWords, type OwnSetting } from "./own-annotations.ts";
import type { PoolDraft } from "./resource-pools.ts";

export const probe: OwnSetting = { name: "metallb-ts/probe", code: "OWN-4", ...flagWords };

/**
 * Where pools are advertised by BGP alone nobody can be asked: routers bring the addresses, no segment has them. To be
 * called when all advertisements are attached; a pool without any is told by others.
 */
export function warnOfProbesWithoutLayer2(
  pools: ReadonlyMap<string, PoolDraft>,
  findings: FindingList,
): void {
  for (const { object, settings, l2Advertisements, bgpAdvertisements } of pools.values()) {
    const isAskable = l2Advertisements.length > 0 || bgpAdvertisements.length === 0;
    if (settings.probe !== true || isAskable) continue;
    findings.begin("IPAddressPool", object).add({
      code: "OWN-5",
      severity: "warning",
      path: `metadata.annotations.${probe.name}`,
      value: "true",
      message:
        `no L2Advertisement selects the pool "${settings.name}", so no speaker asks on the wire for its ` +
        "addresses and the annotation has no effect",
      fix: "remove the annotation, or let an L2Advertisement select the pool",
    });
  }
}
