/** What must hold of the allocator's tables after every step; used by tests and simulation. */
import { isAvoided, type Pool } from "../config/index.ts";
import { formatAddress, prefixContains } from "../ip/index.ts";
import type { Allocator, Holding } from "./allocator.ts";
import { refuseSharing, SharedUse } from "./sharing.ts";

/** The first broken rule in words, or undefined if all is well. */
export function findViolation(
  allocator: Allocator,
  pools: ReadonlyMap<string, Pool>,
): string | undefined {
  const uses = new Map<string, Holding | SharedUse>();
  const counts = new Map<string, number>();
  for (const holding of allocator.holdings()) {
    const pool = pools.get(holding.pool);
    for (const address of holding.addresses) {
      const text = formatAddress(address);
      const isInside = pool?.prefixes.some((prefix) => prefixContains(prefix, address));
      if (pool === undefined || !isInside || isAvoided(pool, address)) {
        return `${holding.service} holds ${text}, which is outside pool ${holding.pool}`;
      }
      const use = uses.get(text);
      const refusal = refuseSharing(holding, use, address);
      if (refusal !== undefined) return refusal.problem;
      if (use === undefined) counts.set(pool.name, (counts.get(pool.name) ?? 0) + 1);
      if (holding.sharingKey === "") uses.set(text, holding);
      else uses.set(text, withSharer(use, holding));
    }
  }
  const wrong = allocator
    .usage()
    .find(({ pool, inUse }) => BigInt(counts.get(pool) ?? 0) !== inUse);
  return wrong && `pool ${wrong.pool} counts ${wrong.inUse} addresses in use, which leaks some`;
}

function withSharer(use: Holding | SharedUse | undefined, holding: Holding): SharedUse {
  const shared = use instanceof SharedUse ? use : new SharedUse();
  shared.add(holding);
  return shared;
}
