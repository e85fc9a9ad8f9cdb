/** The model: one validated configuration, whatever it was written in. */
import { type IpAddress, type Prefix, PrefixMap } from "../ip/index.ts";
import type { NodeSelector } from "./node-selector.ts";

export interface Config {
  /** By name, in the order of the document. */
  readonly pools: ReadonlyMap<string, Pool>;
  readonly peers: readonly Peer[];
  /** Late ConfigMap releases only (LC-4). */
  readonly bfdProfiles?: ReadonlyMap<string, BfdProfile>;
}

export interface Pool {
  readonly name: string;
  readonly protocol?: "layer2" | "bgp";
  /** In listed order, each entry expanded ascending: the order of allocation (IPAM-10). */
  readonly prefixes: readonly Prefix[];
  readonly autoAssign: boolean;
  /** IPv4 addresses that end in .0 or .255 are not part of the pool (IPAM-5). */
  readonly avoidBuggyIps: boolean;
  /** Custom resources only: whom the pool serves; absent means everybody. */
  readonly serviceAllocation?: ServiceAllocation;
  /** At least one for `bgp`, none for `layer2`. */
  readonly bgpAdvertisements: readonly BgpAdvertisement[];
}

/** Both conditions must hold; an empty one always does (IPAM-23). */
export interface ServiceAllocation {
  /** 1 is tried first; 0 is the lowest. */
  readonly priority: number;
  readonly namespaces: ReadonlySet<string>;
  /** At least one must match the service's labels. */
  readonly serviceSelectors: readonly NodeSelector[];
}

export interface BgpAdvertisement {
  /** 0..32 */
  readonly aggregationLength: number;
  /** 0..128 */
  readonly aggregationLengthV6: number;
  readonly localPref: number;
  /** Distinct, in the order given; each `A:B` as one 32-bit number, A in the high half (RFC 1997). */
  readonly communities: readonly number[];
}

export interface Peer {
  readonly localAsn: number;
  readonly peerAsn: number;
  readonly address: IpAddress;
  readonly port: number;
  /** 0 (no keepalives) or at least 3. */
  readonly holdTimeSeconds: number;
  readonly routerId?: IpAddress;
  /** The peer is used on nodes that match any of these; never empty. */
  readonly nodeSelectors: readonly NodeSelector[];
  /** TCP MD5 password (RFC 2385); empty for none. */
  readonly password: string;
  readonly sourceAddress?: IpAddress;
  readonly keepaliveTimeSeconds?: number;
  readonly bfdProfile?: string;
  readonly ebgpMultiHop: boolean;
}

export interface BfdProfile {
  readonly name: string;
  readonly receiveIntervalMs?: number;
  readonly transmitIntervalMs?: number;
  readonly detectMultiplier?: number;
  readonly echoIntervalMs?: number;
  readonly minimumTtl?: number;
  readonly echoMode: boolean;
  readonly passiveMode: boolean;
}

/** One index per configuration, made at the first question and freed with it. */
const poolIndexes = new WeakMap<Config, PrefixMap<Pool>>();

/** The pool in whose prefixes the address lies, though `avoidBuggyIps` may exclude it there. */
export function poolContaining(config: Config, address: IpAddress): Pool | undefined {
  let index = poolIndexes.get(config);
  if (index === undefined) {
    index = indexPools(config.pools.values());
    poolIndexes.set(config, index);
  }
  return index.get(address);
}

/** A lookup of pools by address. */
function indexPools(pools: Iterable<Pool>): PrefixMap<Pool> {
  const entries: [Prefix, Pool][] = [];
  for (const pool of pools) for (const prefix of pool.prefixes) entries.push([prefix, pool]);
  return new PrefixMap(entries);
}

/** IPAM-5: whether the pool leaves this address out because it ends in .0 or .255. */
export function isAvoided(pool: Pool, address: IpAddress): boolean {
  return pool.avoidBuggyIps && isBuggyAddress(address);
}

/** An IPv4 address that ends in .0 or .255, which some old equipment takes for a broadcast. */
export function isBuggyAddress({ family, value }: IpAddress): boolean {
  return family === 4 && ((value & 0xffn) === 0n || (value & 0xffn) === 0xffn);
}
