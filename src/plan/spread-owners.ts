/** Who gets which address where they are spread evenly: the speakers' own function over all services of a plan. */
import { spreadsAddresses } from "../config/index.ts";
import {
  advertisementsFor,
  equallyReady,
  ownershipOf,
  spreadAddresses,
} from "../election/index.ts";
import { formatAddress } from "../ip/index.ts";
import { viewService } from "../kube/index.ts";
import { candidatesFor, type Announced, type Stage } from "./announcers.ts";

export interface Asking {
  readonly announced: Announced;
  /** Who announces it now, if anybody knows. */
  readonly announcer: string | undefined;
}

/** By address that elects. Of services that share one the first counts. */
export function spreadOwners(
  stage: Stage,
  services: Iterable<Asking>,
): ReadonlyMap<string, string> {
  const { config, ring } = stage;
  if (!spreadsAddresses(config) || (ring !== undefined && ring.stock.size > 0)) return new Map();
  const known = new Set<string>();
  const addresses = [...services].flatMap(({ announced, announcer }) => {
    const [first] = announced.ips;
    if (first === undefined) return [];
    const address = formatAddress(first);
    const service = viewService(announced.service);
    const { pool } = announced;
    const advertisements = advertisementsFor(pool, service.labels);
    const { keeps, spreads } = ownershipOf(pool, advertisements, service);
    const ranked = candidatesFor(stage, announced).filter(({ eligible }) => eligible);
    const candidates = equallyReady(
      ranked.map(({ node }) => node),
      { ip: first, advertisements },
      (node) => stage.ring?.abilities.get(node),
    );
    const [order] = candidates;
    if (!spreads || order === undefined || known.has(address)) return [];
    known.add(address);
    const isClaimed = announcer !== undefined && candidates.includes(announcer);
    const at = isClaimed ? announcer : order;
    return { address, candidates, at, isClaimed, isFixed: isClaimed && keeps };
  });
  return spreadAddresses(addresses);
}
