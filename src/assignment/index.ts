/** Which Service has which address: the rules for one, and the machine that works through all. */
export { tryPools, type PoolTrial } from "./pool-trials.ts";
export type { ProbeAnswer } from "./probe-answer.ts";
export { Reconciler, type ReconcilerOptions } from "./reconciler.ts";
export type {
  JudgeOptions,
  JudgeService,
  PoolUsageChange,
  ReconcilerCommand,
  ReconcilerEvent,
} from "./reconciler-messages.ts";
