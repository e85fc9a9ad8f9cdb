/** Which Service has which address: the rules for one, and the machine that works through all. */
export { reconcileService } from "./reconcile-service.ts";
export {
  Reconciler,
  type JudgeService,
  type ReconcilerCommand,
  type ReconcilerEvent,
} from "./reconciler.ts";
