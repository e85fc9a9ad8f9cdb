/** What would be: the functions that decide in controller and speaker, run over files or a cluster. */
export { addressHistory, type PastMove } from "./address-history.ts";
export { changeView } from "./changed-view.ts";
export { viewCluster, type ClusterView, type ViewOptions } from "./cluster-view.ts";
export { comparePlans, type PlanChange, type PlanChangeKind } from "./compare-plans.ts";
export { explainService, type Explanation } from "./explain-service.ts";
export { planCluster } from "./plan-cluster.ts";
export type { PlanOptions } from "./outlook.ts";
export type { ServiceOrder } from "./assumptions.ts";
export type { BgpPlan, CandidatePlan, Layer2Plan, Plan, PlanFinding, ServicePlan } from "./plan.ts";
