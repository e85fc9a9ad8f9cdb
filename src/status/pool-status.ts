/** What an IPAddressPool's status says: how many addresses are held and left, exactly (ST-1, ST-2). */
import type { PoolUsage } from "../allocator/index.ts";
import type { IPAddressPool } from "../kube/index.ts";

/** Each an int64. */
export interface PoolStatus {
  readonly assignedIPv4: bigint;
  readonly assignedIPv6: bigint;
  readonly availableIPv4: bigint;
  readonly availableIPv6: bigint;
}

/** The names of the four numbers, none of which a double can be trusted with. */
export const poolCounters: ReadonlySet<keyof PoolStatus> = new Set([
  "assignedIPv4",
  "assignedIPv6",
  "availableIPv4",
  "availableIPv6",
]);

/** ST-1: available is what the pool can give of a family without what is held. */
export function poolStatusOf(usage: PoolUsage): PoolStatus {
  return {
    assignedIPv4: usage.inUseV4,
    assignedIPv6: usage.inUseV6,
    availableIPv4: usage.capacityV4 - usage.inUseV4,
    availableIPv6: usage.capacityV6 - usage.inUseV6,
  };
}

/** Whether the stored status says exactly this; a number that lost digits on its way says nothing. */
export function showsPoolStatus(stored: IPAddressPool["status"], wanted: PoolStatus): boolean {
  if (stored === undefined) return false;
  return [...poolCounters].every((name) => {
    const value: unknown = stored[name];
    if (typeof value === "bigint") return value === wanted[name];
    return Number.isSafeInteger(value) && BigInt(value as number) === wanted[name];
  });
}
