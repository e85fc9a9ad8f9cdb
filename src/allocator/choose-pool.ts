/** Which pools may serve a service, and in which order they are tried (IPAM-20..24). */
import { matchesAnySelector, type Pool } from "../config/index.ts";
import type { Labels } from "../kube/index.ts";

/** What a pool's serviceAllocation looks at. */
export interface PoolApplicant {
  readonly namespace: string;
  readonly labels: Labels;
}

/** The pools that serve requests which name no pool; each list in the order of trial. */
export interface PoolOrder {
  /** Those with a serviceAllocation: tried first. */
  readonly pinned: readonly Pool[];
  readonly general: readonly Pool[];
}

/** IPAM-20, IPAM-21: by priority, then by name, so that equal inputs give equal addresses. */
export function orderPools(pools: Iterable<Pool>): PoolOrder {
  const automatic = [...pools].filter(({ autoAssign }) => autoAssign);
  automatic.sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
  return {
    pinned: automatic.filter(({ serviceAllocation }) => serviceAllocation !== undefined),
    general: automatic.filter(({ serviceAllocation }) => serviceAllocation === undefined),
  };
}

/** Priority 1 is tried first; 0 means none and comes last. */
function rank({ serviceAllocation }: Pool): number {
  const priority = serviceAllocation?.priority ?? 0;
  return priority > 0 ? priority : Number.MAX_SAFE_INTEGER;
}

/** IPAM-23: whether the pool may serve the service at all, also when asked for by name. */
export function admits({ serviceAllocation }: Pool, applicant: PoolApplicant): boolean {
  if (serviceAllocation === undefined) return true;
  const { namespaces, serviceSelectors } = serviceAllocation;
  if (namespaces.size > 0 && !namespaces.has(applicant.namespace)) return false;
  return serviceSelectors.length === 0 || matchesAnySelector(serviceSelectors, applicant.labels);
}

/**
 * IPAM-20: whether a pool with a serviceAllocation is meant for the service. One whose selectors
 * resolved to nothing admits everybody on request, but is never picked (CFG-15).
 */
export function isPinnedTo(pool: Pool, applicant: PoolApplicant): boolean {
  const allocation = pool.serviceAllocation;
  if (allocation === undefined || !admits(pool, applicant)) return false;
  return allocation.namespaces.size > 0 || allocation.serviceSelectors.length > 0;
}
