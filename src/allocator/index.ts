/** Who gets which address. */
export {
  Allocator,
  quoteAddresses,
  type Assignment,
  type Claim,
  type FamilyWishes,
  type Holding,
} from "./allocator.ts";
export { findViolation } from "./invariants.ts";
export { maxInt64, type PoolUsage } from "./pool-usage.ts";
export { refusalText, type Refusal, type RefusalReason } from "./refusal.ts";
export { sharingIdentity, type SharingTerms } from "./sharing.ts";
