/** An outlook in the stable form that is printed and compared. */
import { formatAddress } from "../ip/index.ts";
import { bgpPlan, layer2Plans } from "./announcers.ts";
import type { ClusterView } from "./cluster-view.ts";
import { lookAhead, type Outlook, type PlanOptions } from "./outlook.ts";
import type { Plan, ServicePlan } from "./plan.ts";

/** Which address each Service of type LoadBalancer would have, and who would announce it. Never throws. */
export function planCluster(view: ClusterView, options: PlanOptions): Plan {
  const outlook = lookAhead(view, options);
  const keys = [...outlook.assigned.keys()].sort();
  const services = keys.map((key) => [key, planService(outlook, key)] as const);
  return { services: Object.fromEntries(services), findings: outlook.findings };
}

function planService(outlook: Outlook, key: string): ServicePlan {
  const { ips = [], pool = null, reason = "" } = outlook.assigned.get(key) ?? {};
  return {
    ips: ips.map(formatAddress),
    pool,
    reason,
    l2: layer2Plans(outlook.layer2Of(key), ips),
    bgp: outlook.bgpOf(key).routes.map(bgpPlan),
  };
}
