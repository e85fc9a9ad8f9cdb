/** Whether this node announces a service, and if not, why not: the rules of v0.9.5 in their order (L2-1..L2-11). */

import { type Config, type Pool, poolContaining } from "../config/index.ts";
import type { LegacyElection, ServiceEndpoint } from "../election/index.ts";
import { type IpAddress, parseAddress } from "../ip/index.ts";
import { type Service, viewService } from "../kube/index.ts";

/** The words that stand in the log as `reason`. */
export type WithdrawReason =
  | "serviceDeleted"
  | "notLoadBalancer"
  | "noIPAllocated"
  | "invalidIP"
  | "ipNotAllowed"
  | "protocolChanged"
  | "loadBalancerIPChanged"
  | "notOwner"
  /** Ours: the pool asks for something that this speaker does not do yet. */
  | "notSupported";

/** What this node announces for a service. */
export interface Announcement {
  readonly ip: IpAddress;
  readonly pool: string;
  readonly protocol: "layer2";
}

export type Decision =
  /** Nothing may be decided before there is a configuration. */
  | { readonly kind: "wait" }
  | { readonly kind: "withdraw"; readonly reason: WithdrawReason }
  /** `replaces`: the announcement in force must be withdrawn first, for this reason. */
  | {
      readonly kind: "announce";
      readonly announcement: Announcement;
      readonly replaces?: WithdrawReason;
    };

export interface AnnouncementInput {
  readonly serviceKey: string;
  readonly service: Service | undefined;
  /** Undefined: the service has no Endpoints object and no slices. */
  readonly endpoints: readonly ServiceEndpoint[] | undefined;
  readonly config: Config | undefined;
  readonly announced: Announcement | undefined;
  readonly nodeName: string;
  /** May the speaker of a node be counted on? */
  readonly isAlive: (nodeName: string) => boolean;
  readonly election: LegacyElection;
}

/** Decides about one service from one view of the cluster. */
export function decideAnnouncement(input: AnnouncementInput): Decision {
  const { service, endpoints, config } = input;
  // Without Endpoints the service counts as deleted (L2-11).
  if (service === undefined || endpoints === undefined) return withdraw("serviceDeleted");
  const { type, ingress } = viewService(service);
  if (type !== "LoadBalancer") return withdraw("notLoadBalancer");
  if (config === undefined) return { kind: "wait" };
  if (ingress.length !== 1) return withdraw("noIPAllocated");
  const ip = parseAddress(ingress[0]?.ip ?? "");
  if (ip === undefined) return withdraw("invalidIP");
  const pool = poolContaining(config, ip);
  return pool === undefined ? withdraw("ipNotAllowed") : decideOwner(input, endpoints, ip, pool);
}

/** The rest of the decision, about an address that is ours to announce. */
function decideOwner(
  input: AnnouncementInput,
  endpoints: readonly ServiceEndpoint[],
  ip: IpAddress,
  pool: Pool,
): Decision {
  const changed = changeOf(input.announced, ip, pool);
  if (pool.protocol !== "layer2" || ip.family !== 4) return withdraw(changed ?? "notSupported");
  const elected = input.election.elected(input.serviceKey, endpoints, input.isAlive);
  if (elected !== input.nodeName) return withdraw(changed ?? "notOwner");
  return {
    kind: "announce",
    announcement: { ip, pool: pool.name, protocol: pool.protocol },
    ...(changed !== undefined && { replaces: changed }),
  };
}

/** What makes the announcement in force wrong, whoever is elected (L2-7, L2-8). */
function changeOf(
  announced: Announcement | undefined,
  ip: IpAddress,
  pool: Pool,
): WithdrawReason | undefined {
  if (announced === undefined) return undefined;
  if (announced.protocol !== pool.protocol) return "protocolChanged";
  const isSame = announced.ip.family === ip.family && announced.ip.value === ip.value;
  return isSame ? undefined : "loadBalancerIPChanged";
}

function withdraw(reason: WithdrawReason): Decision {
  return { kind: "withdraw", reason };
}
