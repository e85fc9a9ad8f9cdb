/** The model: one validated configuration, whatever it was written in. */
import { type IpAddress, type Prefix, PrefixMap } from "../ip/index.ts";
import type { Selector } from "./selector.ts";

/** Whose behaviour a configuration asks for: v0.9.5's (a ConfigMap) or today's (custom resources). */
export type Generation = "legacy" | "modern";

export interface Config {
  readonly generation: Generation;
  /** By name: a ConfigMap's in the order of the document, resources sorted (CFG-1). */
  readonly pools: ReadonlyMap<string, Pool>;
  readonly peers: readonly Peer[];
  readonly bfdProfiles?: ReadonlyMap<string, BfdProfile>;
  /** Free text for FRR, from the ConfigMap `bgpextras`. */
  readonly bgpExtras?: string;
}

export interface Pool {
  readonly name: string;
  /** ConfigMap only; resources attach advertisements instead. */
  readonly protocol?: "layer2" | "bgp";
  /** In listed order, each entry expanded ascending: the order of allocation (IPAM-10). */
  readonly prefixes: readonly Prefix[];
  readonly autoAssign: boolean;
  /** IPv4 addresses that end in .0 or .255 are not part of the pool (IPAM-5). */
  readonly avoidBuggyIps: boolean;
  /** Its addresses are spread evenly over the nodes (`metallb-ts/spread`). */
  readonly spread?: "bounded";
  /** A speaker asks on the wire whether an address is free before a Service gets it (`metallb-ts/probe`). */
  readonly probe?: true;
  /** Custom resources only: whom the pool serves; absent means everybody. */
  readonly serviceAllocation?: ServiceAllocation;
  /** ConfigMap: one for `layer2`, none for `bgp`. */
  readonly l2Advertisements: readonly L2Advertisement[];
  /** ConfigMap: at least one for `bgp`, none for `layer2`. */
  readonly bgpAdvertisements: readonly BgpAdvertisement[];
}

/** Both conditions must hold; an empty one always does (IPAM-23). */
export interface ServiceAllocation {
  /** 1 is tried first; 0 is the lowest. */
  readonly priority: number;
  readonly namespaces: ReadonlySet<string>;
  /** At least one must match the service's labels. */
  readonly serviceSelectors: readonly Selector[];
}

/** From which nodes; undefined: every node there is, also one that is not known yet. */
export type NodeNames = ReadonlySet<string> | undefined;

/** How the addresses of a pool are announced by layer 2 (CRD-11). */
export interface L2Advertisement {
  /** Name of the L2Advertisement object; empty for that of a ConfigMap's pool. */
  readonly name: string;
  readonly nodes: NodeNames;
  /** Interfaces to announce on; undefined: all. */
  readonly interfaces: ReadonlySet<string> | undefined;
  /** At least one must match the service's labels; none at all: every service. */
  readonly serviceSelectors: readonly Selector[];
  /** Scores above zero by node name (CFG-37). */
  readonly preference: ReadonlyMap<string, number>;
  /** Ours: nodes without an address in the subnet of the announced one come after all others. Absent: false. */
  readonly isSubnetAware?: boolean;
  /** A node that returns does not take its addresses back (`metallb-ts/preempt`). */
  readonly preempt?: false;
  /** Its addresses are spread evenly over the nodes (`metallb-ts/spread`). */
  readonly spread?: "bounded";
}

export interface BgpAdvertisement {
  /** Name of the BGPAdvertisement object; empty for one of a ConfigMap's pool. */
  readonly name: string;
  /** At most 32; below 0 only if no pool has the family, as there is nothing to advertise then. */
  readonly aggregationLength: number;
  /** At most 128, else the same. */
  readonly aggregationLengthV6: number;
  readonly localPref: number;
  /** Distinct, in the order given; each `A:B` as one 32-bit number, A in the high half (RFC 1997). */
  readonly communities: readonly number[];
  /** Distinct, each `A:B:C` without the word `large` (RFC 8092). */
  readonly largeCommunities: readonly string[];
  readonly nodes: NodeNames;
  /** Names of peers; undefined: all. */
  readonly peers: ReadonlySet<string> | undefined;
  readonly serviceSelectors: readonly Selector[];
}

export interface Peer {
  /** Name of the BGPPeer; `peer1`, `peer2`, ... for those of a ConfigMap. */
  readonly name: string;
  readonly localAsn: number;
  /** 0 when `dynamicAsn` says what to expect instead. */
  readonly peerAsn: number;
  readonly dynamicAsn?: "internal" | "external";
  /** The AS number shown to this peer in place of `localAsn`. */
  readonly shownAsn?: number;
  /** Either this or `interface`. */
  readonly address?: IpAddress;
  readonly interface?: string;
  readonly port: number;
  /** Seconds, fraction kept (CFG-21); 0 (no keepalives) or at least 3; absent: the back end's default. */
  readonly holdTimeSeconds?: number;
  readonly keepaliveTimeSeconds?: number;
  readonly connectTimeSeconds?: number;
  readonly routerId?: IpAddress;
  readonly sourceAddress?: IpAddress;
  /** The peer is used on nodes that match any of these; never empty. */
  readonly nodeSelectors: readonly Selector[];
  /** TCP MD5 password (RFC 2385); empty for none. Never logged. */
  readonly password: string;
  /** Secret that holds the password, where it is passed through (frr-k8s). */
  readonly passwordSecret?: string;
  readonly bfdProfile?: string;
  readonly ebgpMultiHop: boolean;
  readonly gracefulRestart?: boolean;
  readonly vrf?: string;
  readonly dualStackAddressFamily?: boolean;
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

/** Whether any pool's addresses are spread evenly over the nodes. */
export function spreadsAddresses(config: Config | undefined): boolean {
  for (const { spread, l2Advertisements } of config?.pools.values() ?? []) {
    if (spread !== undefined || l2Advertisements.some((one) => one.spread !== undefined))
      return true;
  }
  return false;
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
