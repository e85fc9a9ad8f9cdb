/** How full the pools are, for metrics and status (MET-10). */
import type { Pool } from "../config/index.ts";
import { prefixLast, prefixSize, type Family, type Prefix } from "../ip/index.ts";

/** All numbers are int64: 9223372036854775807 stands for that many or more. */
export interface PoolUsage {
  readonly pool: string;
  readonly capacity: bigint;
  readonly capacityV4: bigint;
  readonly capacityV6: bigint;
  /** Distinct addresses held. */
  readonly inUse: bigint;
  readonly inUseV4: bigint;
  readonly inUseV6: bigint;
}

const maxInt64 = 2n ** 63n - 1n;

/** How many addresses of the family the pool can give. */
export function poolCapacity(pool: Pool, family: Family): bigint {
  const prefixes = pool.prefixes.filter((prefix) => prefix.family === family);
  return saturate(prefixes.reduce((sum, one) => sum + usableCount(one, pool.avoidBuggyIps), 0n));
}

/** int64 cannot say more than its maximum; the reference would wrap around here. */
export function saturate(count: bigint): bigint {
  return count > maxInt64 ? maxInt64 : count;
}

function usableCount(prefix: Prefix, avoidBuggyIps: boolean): bigint {
  const size = prefixSize(prefix);
  if (size >= 2n ** 62n) return maxInt64;
  if (!avoidBuggyIps || prefix.family === 6) return size;
  // A /24 and each of those inside a wider prefix lose both ends; a narrower one only real ends.
  if (prefix.bits <= 24) return size - 2n * (size >> 8n);
  const startsBuggy = (prefix.first & 0xffn) === 0n;
  const endsBuggy = (prefixLast(prefix) & 0xffn) === 0xffn;
  return size - BigInt(startsBuggy) - BigInt(endsBuggy);
}
