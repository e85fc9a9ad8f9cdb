/** The shape of a plan: what `metallb plan -o json` prints (stable, for scripts). */
import type { Finding } from "../config/index.ts";

export interface Plan {
  /** By `namespace/name`; only Services of type LoadBalancer. */
  readonly services: Readonly<Record<string, ServicePlan>>;
  readonly findings: readonly PlanFinding[];
}

export interface PlanFinding extends Finding {
  readonly file?: string;
}

export interface ServicePlan {
  /** In the order of the status. */
  readonly ips: readonly string[];
  readonly pool: string | null;
  /** Why it has these addresses, or why none. */
  readonly reason: string;
  /** By address. */
  readonly l2: Readonly<Record<string, Layer2Plan>>;
  /** By node, then peer. */
  readonly bgp: readonly BgpPlan[];
}

export interface Layer2Plan {
  /** Who announces; null: nobody. */
  readonly node: string | null;
  /** Sorted; empty: on all. */
  readonly interfaces: readonly string[];
  /** By rank, then those that are not eligible by name. */
  readonly candidates: readonly CandidatePlan[];
}

export interface CandidatePlan {
  readonly node: string;
  readonly eligible: boolean;
  readonly reason: string;
  /** 1 announces; null where the node is not eligible. */
  readonly rank: number | null;
  /** What the node's speaker tells of its interfaces, such as `eth0:192.168.1.0/24`, `eth1!carrier`; absent: nothing. */
  readonly links?: readonly string[];
}

export interface BgpPlan {
  readonly node: string;
  readonly peer: string;
  readonly prefix: string;
  /** `A:B` */
  readonly communities: readonly string[];
  /** `A:B:C` */
  readonly largeCommunities: readonly string[];
  readonly localPref: number;
  /** The node's end of the session; null where only the running session knows it. */
  readonly nextHop: string | null;
}
