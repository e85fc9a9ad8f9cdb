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
import type { Faults } from "./config-error.ts";
import type { Place } from "./place.ts";
import { findOverlaps } from "./prefix-overlap.ts";
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

/** What is odd, and where, but accepted. */
export interface PlacedWarning {
  readonly code: string;
  readonly place: Place;
  readonly value?: string;
  readonly problem: string;
  readonly fix: string;
}

/** What a pool is compiled with; warnings are added to. */
export interface PoolContext extends Omit<AdvertisementContext, "prefixes"> {
  readonly warnings: PlacedWarning[];
}

/** One prefix of one pool, with the entry it came from. */
interface PlacedPrefix {
  readonly prefix: Prefix;
  readonly pool: string;
  readonly place: Place;
  readonly text: string;
}

/** Elements whose shape is wrong already are left out. */
export function compilePools(
  raw: readonly RawPool[],
  context: PoolContext,
): ReadonlyMap<string, Pool> {
  const { faults } = context;
  const sound = raw.filter(({ place }) => !faults.isBroken(place));
  return faults.byElement(() => compileSound(sound, context));
}

function compileSound(sound: readonly RawPool[], context: PoolContext): ReadonlyMap<string, Pool> {
  const { faults } = context;
  const placed: PlacedPrefix[] = [];
  const compiled = sound.map(({ value }) => compilePool(value, context, placed));
  const pools = new Map<string, Pool>();
  for (const [index, pool] of compiled.entries()) {
    if (pools.has(pool.name) && pool.name !== "") {
      const problem = `an earlier pool is named "${pool.name}" too`;
      const at = (sound[index] as RawPool).value.name;
      faults.add("repeated-pool-name", at, problem, "give each pool a name of its own");
    }
    pools.set(pool.name, pool);
  }
  addOverlaps(placed, faults);
  return pools;
}

/** The order of the checks is that of LC-7: name, addresses, then protocol. */
function compilePool(raw: RawPool["value"], context: PoolContext, placed: PlacedPrefix[]): Pool {
  const { faults } = context;
  const name = raw.name.value ?? "";
  if (name === "") faults.add("missing-name", raw.name, "missing pool name", "add a name");
  if (raw.addresses.value.length === 0) {
    const problem = `pool "${name}" has no addresses`;
    const at = { place: raw.addresses.place };
    faults.add("missing-addresses", at, problem, "list a prefix or a range");
  }
  const prefixes: Prefix[] = [];
  for (const entry of raw.addresses.value) {
    for (const prefix of compileEntry(entry, name, context)) {
      prefixes.push(prefix);
      placed.push({ prefix, pool: name, place: entry.place, text: entry.value ?? "" });
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
  raw: Located<string | undefined>,
  pool: string,
  { faults, warnings }: PoolContext,
): readonly Prefix[] {
  const { value = "", place } = raw;
  const entry = parseAddressEntry(value);
  if (!entry.ok) {
    faults.add("bad-addresses", raw, entry.problem, entry.fix);
    return [];
  }
  if (entry.emptyBecause !== undefined) {
    const problem = `pool "${pool}": the range "${value}" ${entry.emptyBecause}, so it holds no address`;
    warnings.push({ code: "LC-8", place, value, problem, fix: "write it as first-last" });
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
  const { value: protocol = "" } = raw.protocol;
  const { faults } = context;
  const advertisements = raw["bgp-advertisements"];
  if (protocol === "layer2") {
    if (advertisements.value.length > 0) {
      const problem = "a layer2 pool has no BGP advertisements";
      const fix = "remove bgp-advertisements, or use protocol: bgp";
      faults.add("advertisement-on-layer2", { place: advertisements.place }, problem, fix);
    }
    return { protocol, l2Advertisements: [fromEveryNode], bgpAdvertisements: [] };
  }
  if (protocol === "") {
    faults.add("missing-protocol", raw.protocol, "missing the protocol field", protocolFix);
  } else if (protocol !== "bgp") {
    faults.add("unknown-protocol", raw.protocol, `unknown protocol "${protocol}"`, protocolFix);
  }
  const list = advertisements.value.map((one) => compileAdvertisement(one.value, context));
  const bgpAdvertisements = list.length > 0 ? list : [implicitAdvertisement];
  return { protocol: "bgp", l2Advertisements: [], bgpAdvertisements };
}

const protocolFix = "use protocol: layer2 or protocol: bgp";

/** The overlap whose later entry comes first in the document is the first to be told (LC-9). */
function addOverlaps(placed: readonly PlacedPrefix[], faults: Faults): void {
  const told = new Set<string>();
  for (const { earlier, later } of findOverlaps(placed)) {
    // The blocks of one range are one entry.
    if (told.has(later.place.path)) continue;
    told.add(later.place.path);
    const problem =
      `${formatPrefix(later.prefix)} of pool "${later.pool}" overlaps ` +
      `${formatPrefix(earlier.prefix)} of pool "${earlier.pool}" (${earlier.place.path})`;
    const fix = "keep each address in one entry of one pool";
    faults.add("overlapping-addresses", { ...later, value: later.text }, problem, fix);
  }
}
