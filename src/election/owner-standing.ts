/** Why a node owns an address though MetalLB's order may put another first, and the words for it in conditions. */

/**
 * `kept`: it had it and keeps it; `spread`: so that the nodes' shares are even; `stands-in`: who is first cannot answer, or
 * is not in the subnet; `outside-subnets`: no node in the subnet can answer.
 */
export type OwnerStanding = "kept" | "spread" | "stands-in" | "outside-subnets";

/** As the reason of a condition, and what follows `node "n1" announces it`. */
export const standingWords: Readonly<Record<OwnerStanding, readonly [string, string]>> = {
  kept: ["KeepsAddress", "and keeps it whoever comes back (metallb-ts/preempt is false)"],
  spread: ["SpreadAddress", "so that the nodes' shares of addresses are even (metallb-ts/spread)"],
  "stands-in": ["StandsIn", "in place of those before it in the order, who cannot answer for it"],
  "outside-subnets": [
    "OutsideSubnets",
    "though it is not in the address's subnet, because no node that is can answer (metallb-ts/subnet-aware)",
  ],
};
