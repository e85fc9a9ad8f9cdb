/** What each pool would answer if a Service asked for it by name, beside all the others: for people who ask why. */
import {
  Allocator,
  isPinnedTo,
  orderPools,
  refusalText,
  type Claim,
  type FamilyWishes,
} from "../allocator/index.ts";
import type { Config, Pool } from "../config/index.ts";
import { formatAddress } from "../ip/index.ts";
import { viewService, type Service } from "../kube/index.ts";
import { familyWishes, readAddresses } from "./address-families.ts";
import { reconcileModern } from "./reconcile-modern.ts";
import { reconcileService } from "./reconcile-service.ts";
import { readAnnotation } from "./service-annotations.ts";
import { claimOf } from "./service-claim.ts";
import { readRequest } from "./service-request.ts";

export interface PoolTrial {
  readonly pool: string;
  /** Whether the pool is tried for a service that names neither pool nor address (IPAM-20..22). */
  readonly isAutomatic: boolean;
  /** The addresses that it would give; none if it would refuse. */
  readonly offer: readonly string[];
  /** In words: the offer, or why there is none. */
  readonly answer: string;
}

/**
 * In the order in which pools are tried, those that are not tried by themselves last. `others` hold what their status
 * shows; nothing for a service that cannot ask at all, for want of cluster IPs.
 */
export function tryPools(
  service: Service,
  others: Iterable<Service>,
  { config, loadBalancerClass }: { readonly config: Config; readonly loadBalancerClass: string },
): readonly PoolTrial[] {
  const allocator = new Allocator();
  allocator.setPools(config.pools);
  const judge = config.generation === "legacy" ? reconcileService : reconcileModern;
  for (const other of others) judge(other, allocator, { mayAllocate: false, loadBalancerClass });
  const asked = config.generation === "legacy" ? askLegacy(service) : askModern(service);
  if (asked === undefined) return [];
  const { claim, wishes } = asked;
  return inOrderOfTrial(config.pools, claim).map(([pool, isAutomatic]) => {
    const assignment = allocator.allocateFromPool(claim, pool.name, wishes);
    allocator.unassign(claim.service);
    const offer = assignment.ok ? assignment.holding.addresses.map(formatAddress) : [];
    const outcome = assignment.ok
      ? `would give ${offer.join(", ")}`
      : refusalText(assignment.refusal);
    const answer = isAutomatic ? outcome : `${outcome}; ${whyNotTried(pool)}`;
    return { pool: pool.name, isAutomatic, offer, answer };
  });
}

interface Asked {
  readonly claim: Claim;
  readonly wishes: FamilyWishes;
}

function askLegacy(service: Service): Asked | undefined {
  const request = readRequest(service);
  if (typeof request === "string") return undefined;
  return { claim: request.claim, wishes: [[request.family]] };
}

function askModern(service: Service): Asked | undefined {
  const view = viewService(service);
  const clusterIps = readAddresses(view.clusterIps);
  if (!clusterIps.ok) return undefined;
  const claim = claimOf(view, readAnnotation(view, "allow-shared-ip").value);
  return { claim, wishes: familyWishes(view, clusterIps.addresses) };
}

function inOrderOfTrial(
  pools: ReadonlyMap<string, Pool>,
  claim: Claim,
): (readonly [Pool, boolean])[] {
  const { pinned, general } = orderPools(pools.values());
  const tried = [...pinned.filter((pool) => isPinnedTo(pool, claim)), ...general];
  const rest = [...pools.values()].filter((pool) => !tried.includes(pool));
  return [
    ...tried.map((pool) => [pool, true] as const),
    ...rest.map((pool) => [pool, false] as const),
  ];
}

function whyNotTried({ autoAssign }: Pool): string {
  if (!autoAssign)
    return "autoAssign is false, so a Service must name the pool or an address of it";
  return "its serviceAllocation is not meant for this Service";
}
