/** Address pools of the ConfigMap (LC-7..LC-11, LC-36). */
import { formatPrefix, type Prefix } from "../ip/index.ts";
import { parseAddressEntry } from "./address-entry.ts";
import {
  advertisementShape,
  compileAdvertisement,
  implicitAdvertisement,
  type AdvertisementContext,
} from "./bgp-advertisements.ts";
import type { L2Advertisement, Pool } from "./config.ts";
import { refuse } from "./config-error.ts";
import type { Place } from "./place.ts";
import { findOverlap } from "./prefix-overlap.ts";
import { flag, list, mapping, text, type Located, type ShapeOf } from "./strict-yaml.ts";

export const poolShape = mapping({
  name: text,
  protocol: text,
  addresses: list(text),
  "auto-assign": flag,
  "avoid-buggy-ips": flag,
  "bgp-advertisements": list(advertisementShape),
});

type RawPool = Located<ShapeOf<typeof poolShape>>;

/** What a pool is compiled with; warnings are added to. */
export interface PoolContext extends Omit<AdvertisementContext, "prefixes"> {
  readonly warnings: string[];
}

/** One prefix of one pool, with the entry it came from. */
interface PlacedPrefix {
  readonly prefix: Prefix;
  readonly pool: string;
  readonly place: Place;
}

export function compilePools(
  raw: readonly RawPool[],
  context: PoolContext,
): ReadonlyMap<string, Pool> {
  const placed: PlacedPrefix[] = [];
  const compiled = raw.map(({ value }) => compilePool(value, context, placed));
  const pools = new Map<string, Pool>();
  for (const [index, pool] of compiled.entries()) {
    if (pools.has(pool.name)) {
      const place = (raw[index] as RawPool).value.name.place;
      const problem = `an earlier pool is named "${pool.name}" too`;
      refuse("repeated-pool-name", place, problem, "give each pool a name of its own");
    }
    pools.set(pool.name, pool);
  }
  refuseOverlap(placed);
  return pools;
}

/** The order of the checks is that of LC-7: name, addresses, then protocol. */
function compilePool(raw: RawPool["value"], context: PoolContext, placed: PlacedPrefix[]): Pool {
  const name =
    raw.name.value || refuse("missing-name", raw.name.place, "missing pool name", "add a name");
  if (raw.addresses.value.length === 0) {
    const problem = `pool "${name}" has no addresses`;
    refuse("missing-addresses", raw.addresses.place, problem, "list a prefix or a range");
  }
  const prefixes: Prefix[] = [];
  for (const entry of raw.addresses.value) {
    for (const prefix of compileEntry(entry, name, context.warnings)) {
      prefixes.push(prefix);
      placed.push({ prefix, pool: name, place: entry.place });
    }
  }
  return {
    name,
    prefixes,
    autoAssign: raw["auto-assign"].value ?? true,
    avoidBuggyIps: raw["avoid-buggy-ips"].value ?? false,
    ...compileProtocol(raw, { ...context, prefixes }),
  };
}

function compileEntry(
  { value: text = "", place }: Located<string | undefined>,
  pool: string,
  warnings: string[],
): readonly Prefix[] {
  const entry = parseAddressEntry(text);
  if (!entry.ok) return refuse("bad-addresses", place, entry.problem, entry.fix);
  if (entry.emptyBecause !== undefined) {
    const what = `pool "${pool}", ${place.path}: the range "${text}" ${entry.emptyBecause}`;
    warnings.push(`${what}, so it holds no address; write it as first-last`);
  }
  return entry.prefixes;
}

/** A ConfigMap says no more about layer 2 than that a pool is announced so. */
const fromEveryNode: L2Advertisement = {
  name: "",
  nodes: undefined,
  interfaces: undefined,
  serviceSelectors: [],
  preference: new Map(),
};

function compileProtocol(
  raw: RawPool["value"],
  context: AdvertisementContext,
): Pick<Pool, "protocol" | "l2Advertisements" | "bgpAdvertisements"> {
  const { value: protocol = "", place } = raw.protocol;
  const advertisements = raw["bgp-advertisements"];
  switch (protocol) {
    case "layer2":
      if (advertisements.value.length > 0) {
        const problem = "a layer2 pool has no BGP advertisements";
        const fix = "remove bgp-advertisements, or use protocol: bgp";
        refuse("advertisement-on-layer2", advertisements.place, problem, fix);
      }
      return { protocol, l2Advertisements: [fromEveryNode], bgpAdvertisements: [] };
    case "bgp": {
      const list = advertisements.value.map((one) => compileAdvertisement(one.value, context));
      const bgpAdvertisements = list.length > 0 ? list : [implicitAdvertisement];
      return { protocol, l2Advertisements: [], bgpAdvertisements };
    }
    case "":
      return refuse("missing-protocol", place, "missing the protocol field", protocolFix);
    default:
      return refuse("unknown-protocol", place, `unknown protocol "${protocol}"`, protocolFix);
  }
}

const protocolFix = "use protocol: layer2 or protocol: bgp";

function refuseOverlap(placed: readonly PlacedPrefix[]): void {
  const overlap = findOverlap(placed);
  if (overlap === undefined) return;
  const { earlier, later } = overlap;
  const problem =
    `${formatPrefix(later.prefix)} of pool "${later.pool}" overlaps ` +
    `${formatPrefix(earlier.prefix)} of pool "${earlier.pool}" (${earlier.place.path})`;
  const fix = "keep each address in one entry of one pool";
  refuse("overlapping-addresses", later.place, problem, fix);
}
