/** Who gets which address. */
export {
  Allocator,
  type Assignment,
  type Claim,
  type FamilyWishes,
  type Holding,
} from "./allocator.ts";
export { isPinnedTo, orderPools } from "./choose-pool.ts";
export { LowestFirst } from "./lowest-first.ts";
export type { PoolUsage } from "./pool-usage.ts";
export { refusalText, type Refusal, type RefusalReason } from "./refusal.ts";
export type { SharingTerms } from "./sharing.ts";
