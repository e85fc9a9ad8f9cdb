/** An outlook in the stable form that is printed and compared. */
import { formatAddress } from "../ip/index.ts";
import { bgpPlan, layer2Plans } from "./announcers.ts";
import type { ClusterView } from "./cluster-view.ts";
import type { Assigned } from "./assign-addresses.ts";
import { lookAhead, reasonIn, type Outlook, type PlanOptions } from "./outlook.ts";
import type { Plan, ServicePlan } from "./plan.ts";

/** Which address each Service of type LoadBalancer would have, and who would announce it. Never throws. */
export function planCluster(view: ClusterView, options: PlanOptions): Plan {
  const outlook = lookAhead(view, options);
  const assigned = [...outlook.assigned].sort(([a], [b]) => (a < b ? -1 : 1));
  const services = assigned.map(([key, one]) => [key, planService(outlook, key, one)] as const);
  return { services: Object.fromEntries(services), findings: outlook.findings };
}

function planService(outlook: Outlook, key: string, assigned: Assigned): ServicePlan {
  const { ips, pool = null } = assigned;
  return {
    ips: ips.map(formatAddress),
    pool,
    reason: reasonIn(outlook, assigned),
    l2: layer2Plans(outlook.layer2Of(key), ips),
    bgp: outlook.bgpOf(key).routes.map(bgpPlan),
  };
}
