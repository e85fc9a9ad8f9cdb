/** Which pools' numbers changed since they were last told, for their status and metrics (ST-1, ST-3, MET-11). */
import type { Allocator, PoolUsage } from "../allocator/index.ts";
import type { PoolUsageChange } from "./reconciler-messages.ts";

export class UsageReport {
  readonly #told = new Map<string, PoolUsage>();

  /** Undefined if all is as told before. */
  take(allocator: Allocator): PoolUsageChange | undefined {
    const pools: PoolUsage[] = [];
    const removed: string[] = [];
    for (const name of allocator.takeTouched()) {
      const told = this.#told.get(name);
      const usage = allocator.usageOf(name);
      if (usage === undefined) {
        if (this.#told.delete(name)) removed.push(name);
      } else if (told === undefined || !isSame(told, usage)) {
        this.#told.set(name, usage);
        pools.push(usage);
      }
    }
    return pools.length + removed.length === 0 ? undefined : { kind: "poolUsage", pools, removed };
  }
}

function isSame(a: PoolUsage, b: PoolUsage): boolean {
  return (
    a.capacityV4 === b.capacityV4 &&
    a.capacityV6 === b.capacityV6 &&
    a.inUseV4 === b.inUseV4 &&
    a.inUseV6 === b.inUseV6
  );
}
