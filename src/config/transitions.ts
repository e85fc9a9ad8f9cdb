/** May a new configuration replace the one in force, while services hold addresses? (LC-21, LC-29) */
import { formatAddress, type IpAddress } from "../ip/index.ts";
import { isAvoided, poolContaining, type Config } from "./config.ts";

/** An address that a service holds (controller) or that this node announces (speaker). */
export interface HeldAddress {
  /** `namespace/name` */
  readonly service: string;
  readonly address: IpAddress;
  readonly pool: string;
}

export interface TransitionRefusal {
  readonly service: string;
  readonly address: string;
  readonly pool: string;
  /** The whole sentence for people: what, why, and the mend. */
  readonly message: string;
  /** The sentence without the mend. */
  readonly problem: string;
  readonly fix: string;
}

/**
 * The first held address that would lose its pool, or undefined if all keep one.
 * The speaker keeps announcing an address that `avoid-buggy-ips` newly covers: `ignoreAvoided`.
 */
export function findStrandedAddress(
  next: Config,
  held: Iterable<HeldAddress>,
  options: { readonly ignoreAvoided?: boolean } = {},
): TransitionRefusal | undefined {
  for (const { service, address, pool } of held) {
    const home = poolContaining(next, address);
    const isHeldBack = home !== undefined && !options.ignoreAvoided && isAvoided(home, address);
    if (home !== undefined && !isHeldBack) continue;
    const text = formatAddress(address);
    const why = isHeldBack
      ? `pool "${home.name}" now leaves it out (avoid-buggy-ips: true)`
      : "no pool contains it any more";
    const fix = `keep ${text} in a pool, or delete or change the service first`;
    const problem = `service "${service}" holds ${text} of pool "${pool}", but ${why}`;
    return { service, address: text, pool, message: `${problem}; ${fix}`, problem, fix };
  }
  return undefined;
}
