/** No two advertisements may give one route different local preferences (CFG-32). */
import type { BgpAdvertisement } from "./config.ts";
import { shareName, shareNode } from "./node-names.ts";
import type { Fields } from "./resource-fields.ts";
import type { PoolDraft } from "./resource-pools.ts";

/** The advertisements attached so far, by pool and local preference. */
export class LocalPrefs {
  readonly #attached = new Map<PoolDraft, Map<number, BgpAdvertisement[]>>();
  readonly #knownNodes: number;

  /** While no node is known, no two advertisements meet on one. */
  constructor(knownNodes: number) {
    this.#knownNodes = knownNodes;
  }

  /**
   * Attaches the advertisement, and tells of the first conflict with an earlier one. Those with
   * service selectors are left to the speaker, which checks them service by service.
   */
  check(
    advertisement: BgpAdvertisement,
    pool: PoolDraft,
    { spec, told }: { readonly spec: Fields; readonly told: Set<string> },
  ): void {
    const { localPref, serviceSelectors } = advertisement;
    if (serviceSelectors.length > 0) return;
    const byPref = this.#attached.get(pool) ?? new Map<number, BgpAdvertisement[]>();
    const rival = told.has("localPref") ? undefined : this.#findRival(advertisement, pool, byPref);
    const same = byPref.get(localPref) ?? [];
    same.push(advertisement);
    this.#attached.set(pool, byPref.set(localPref, same));
    if (rival === undefined) return;
    told.add("localPref");
    const message =
      `local preference ${localPref} conflicts with ${rival.localPref} of BGPAdvertisement ` +
      `"${rival.name}" on pool "${pool.name}"`;
    const fix = "use one value, or separate them by peers, by nodes or by aggregation lengths";
    const at = { path: spec.pathOf("localPref"), value: localPref };
    spec.report.add({ code: "CFG-32", ...at, message, fix });
  }

  #findRival(
    advertisement: BgpAdvertisement,
    pool: PoolDraft,
    byPref: ReadonlyMap<number, readonly BgpAdvertisement[]>,
  ): BgpAdvertisement | undefined {
    for (const [localPref, others] of byPref) {
      if (localPref === advertisement.localPref) continue;
      const rival = others.find((one) => this.#meet(advertisement, one, pool));
      if (rival !== undefined) return rival;
    }
    return undefined;
  }

  /** Whether both may advertise one prefix to one peer from one node. */
  #meet(a: BgpAdvertisement, b: BgpAdvertisement, pool: PoolDraft): boolean {
    if (!haveEqualLengths(a, b, pool)) return false;
    if (a.peers !== undefined && b.peers !== undefined && !shareName(a.peers, b.peers))
      return false;
    return shareNode(a.nodes, b.nodes, this.#knownNodes);
  }
}

/** In any family that the pool has: of a pool with both, both lengths must differ to be apart. */
function haveEqualLengths(a: BgpAdvertisement, b: BgpAdvertisement, pool: PoolDraft): boolean {
  const isEqualV4 = a.aggregationLength === b.aggregationLength;
  const isEqualV6 = a.aggregationLengthV6 === b.aggregationLengthV6;
  const { 4: v4, 6: v6 } = pool.narrowest;
  return (v4 !== undefined && isEqualV4) || (v6 !== undefined && isEqualV6);
}
