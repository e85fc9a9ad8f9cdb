/** What changes from one plan to another, and what of it somebody would notice as a loss. */
import type { Plan, ServicePlan } from "./plan.ts";

export type PlanChangeKind =
  | "service-added"
  | "service-removed"
  | "address-gained"
  | "address-lost"
  | "address-changed"
  | "node-gained"
  | "node-lost"
  | "node-moved"
  | "peer-gained"
  | "peer-lost"
  | "route-changed";

export interface PlanChange {
  /** `namespace/name` */
  readonly service: string;
  readonly kind: PlanChangeKind;
  /** The address or prefix that it is about; absent where it is about the service's addresses themselves. */
  readonly subject?: string;
  readonly from: string | null;
  readonly to: string | null;
  /** Traffic that worked before would not, or not at the same place. */
  readonly isLoss: boolean;
}

const losses: ReadonlySet<PlanChangeKind> = new Set([
  "service-removed",
  "address-lost",
  "address-changed",
  "node-lost",
  "peer-lost",
]);

/** All changes, by service and in a fixed order. */
export function comparePlans(before: Plan, after: Plan): readonly PlanChange[] {
  const keys = new Set([...Object.keys(before.services), ...Object.keys(after.services)]);
  return [...keys].sort().flatMap((service) => {
    const [old, now] = [before.services[service], after.services[service]];
    if (old === undefined || now === undefined) return comeOrGone(service, old, now);
    return [
      ...compareAddresses(service, old, now),
      ...compareNodes(service, old, now),
      ...compareRoutes(service, old, now),
    ];
  });
}

/** A service that never had an address is no loss. */
function comeOrGone(
  service: string,
  old: ServicePlan | undefined,
  now: ServicePlan | undefined,
): PlanChange[] {
  const [from, to] = [addressText(old), addressText(now)];
  const kind = old === undefined ? "service-added" : "service-removed";
  return [
    { ...change(service, kind, from, to), isLoss: kind === "service-removed" && from !== null },
  ];
}

/** As a set: the order of a status means nothing (IPAM-34). */
function compareAddresses(service: string, old: ServicePlan, now: ServicePlan): PlanChange[] {
  const [gone, come] = [without(old.ips, now.ips), without(now.ips, old.ips)];
  if (gone.length === 0 && come.length === 0) return [];
  const [from, to] = [addressText(old), addressText(now)];
  if (gone.length === 0) return [change(service, "address-gained", from, to)];
  return [change(service, come.length === 0 ? "address-lost" : "address-changed", from, to)];
}

/** Who announces each address that stays, by layer 2. */
function compareNodes(service: string, old: ServicePlan, now: ServicePlan): PlanChange[] {
  return kept(old, now).flatMap((ip) => {
    const [from, to] = [old.l2[ip]?.node ?? null, now.l2[ip]?.node ?? null];
    if (from === to) return [];
    const kind = from === null ? "node-gained" : to === null ? "node-lost" : "node-moved";
    return [{ ...change(service, kind, from, to), subject: ip }];
  });
}

/** Where an address itself changed, its routes change with it: that is said once. */
function compareRoutes(service: string, old: ServicePlan, now: ServicePlan): PlanChange[] {
  if (kept(old, now).length < old.ips.length) return [];
  const [before, after] = [routesOf(old), routesOf(now)];
  const keys = new Set([...before.keys(), ...after.keys()]);
  return [...keys].flatMap((key) => {
    const [from, to] = [before.get(key), after.get(key)];
    if (from?.attributes === to?.attributes) return [];
    const subject = (from ?? to)?.prefix ?? "";
    if (from === undefined) return [{ ...change(service, "peer-gained", null, key), subject }];
    if (to === undefined) return [{ ...change(service, "peer-lost", key, null), subject }];
    return [{ ...change(service, "route-changed", from.attributes, to.attributes), subject }];
  });
}

interface Route {
  readonly prefix: string;
  readonly attributes: string;
}

/** By a sentence that names prefix, node and peer. */
function routesOf({ bgp }: ServicePlan): ReadonlyMap<string, Route> {
  return new Map(
    bgp.map(({ node, peer, prefix, localPref, communities, largeCommunities, nextHop }) => {
      const parts = [
        `localPref ${localPref}`,
        `communities ${[...communities, ...largeCommunities].join(" ") || "none"}`,
        `nextHop ${nextHop ?? "of the session"}`,
      ];
      const attributes = `${node} to ${peer}: ${parts.join(", ")}`;
      return [`${prefix} from ${node} to ${peer}`, { prefix, attributes }];
    }),
  );
}

function change(
  service: string,
  kind: PlanChangeKind,
  from: string | null,
  to: string | null,
): PlanChange {
  return { service, kind, from, to, isLoss: losses.has(kind) };
}

function kept(old: ServicePlan, now: ServicePlan): string[] {
  return old.ips.filter((ip) => now.ips.includes(ip));
}

function without(texts: readonly string[], others: readonly string[]): string[] {
  return texts.filter((text) => !others.includes(text));
}

function addressText(plan: ServicePlan | undefined): string | null {
  return plan === undefined || plan.ips.length === 0 ? null : plan.ips.join(", ");
}
