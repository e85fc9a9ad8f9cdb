/** What stands in the way of a new configuration: addresses in use that it would leave without a home. */
import { formatAddress } from "../ip/index.ts";
import { poolContaining, type Config } from "./config.ts";
import type { Finding } from "./finding.ts";
import type { CompileScope } from "./from-resources.ts";
import { findStrandedAddress, type HeldAddress } from "./transitions.ts";

interface Asker {
  readonly scope: CompileScope;
  /** What the findings are about, such as `ConfigMap metallb-system/config`; absent: the service. */
  readonly object?: string;
  /** The rule that forbids it. */
  readonly code: string;
}

/** LC-21, LC-29, CFG-53: the first address in use that would be in no pool, if there is one. */
export function strandedBy(config: Config, held: Iterable<HeldAddress>, asker: Asker): Finding[] {
  const ignoreAvoided = typeof asker.scope === "object";
  const stranded = findStrandedAddress(config, held, { ignoreAvoided });
  if (stranded === undefined) return [];
  const { address: value, problem: message, fix } = stranded;
  const { object = `Service ${stranded.service}`, code } = asker;
  return [{ code, severity: "error", object, path: "", value, message, fix }];
}

/**
 * Whether resources may take over from a ConfigMap: every address in use keeps a pool and, as far
 * as this program can see, is announced as before by some advertisement.
 */
export function obstaclesToTakeOver(
  config: Config,
  held: Iterable<HeldAddress>,
  asker: Asker,
): Finding[] {
  const addresses = [...held];
  const stranded = strandedBy(config, addresses, asker);
  if (stranded.length > 0 || asker.scope === "controller") return stranded;
  for (const { service, address } of addresses) {
    const pool = poolContaining(config, address);
    if (pool === undefined || pool.l2Advertisements.length + pool.bgpAdvertisements.length > 0) {
      continue;
    }
    const value = formatAddress(address);
    const message = `service "${service}" has ${value}, but no advertisement selects its pool "${pool.name}"`;
    const fix = `create an L2Advertisement or a BGPAdvertisement for the pool "${pool.name}"`;
    const { object = `Service ${service}`, code } = asker;
    return [{ code, severity: "error", object, path: "", value, message, fix }];
  }
  return [];
}
