/** Who has which address: the one table that all decisions about addresses go through. */
import { isAvoided, type Pool } from "../config/index.ts";
import { formatAddress, PrefixMap, type Family, type IpAddress } from "../ip/index.ts";
import {
  admits,
  isPinnedTo,
  orderPools,
  type PoolApplicant,
  type PoolOrder,
} from "./choose-pool.ts";
import { PoolTable, type Slot } from "./pool-table.ts";
import { poolCapacity, saturate, type PoolUsage } from "./pool-usage.ts";
import type { Refusal, RefusalReason } from "./refusal.ts";
import { refuseSharing, type Sharer } from "./sharing.ts";

/** What a service brings when it asks for addresses. */
export interface Claim extends Sharer, PoolApplicant {}

/** What a service has (IPAM-6). */
export interface Holding extends Sharer {
  readonly pool: string;
  /** One, or one of each family. */
  readonly addresses: readonly IpAddress[];
}

export type Assignment =
  | { readonly ok: true; readonly holding: Holding }
  | { readonly ok: false; readonly refusal: Refusal };

/**
 * Acceptable sets of families, the most wanted first: `[[4]]`, `[[4, 6]]`, or
 * `[[4, 6], [4], [6]]` for a service that prefers both (IPAM-31).
 */
export type FamilyWishes = readonly (readonly Family[])[];

export class Allocator {
  #tables: ReadonlyMap<string, PoolTable> = new Map();
  #order: PoolOrder = orderPools([]);
  #slots = new PrefixMap<Slot>([]);
  /** By service, `namespace/name`. */
  readonly #holdings = new Map<string, Holding>();

  /**
   * Puts new pools in force. Holders whose addresses all lie in one new pool keep them, under
   * its name; the others are dropped and returned (IPAM-50).
   */
  setPools(pools: ReadonlyMap<string, Pool>): readonly Holding[] {
    this.#tables = new Map([...pools.values()].map((pool) => [pool.name, new PoolTable(pool)]));
    this.#order = orderPools(pools.values());
    this.#slots = new PrefixMap([...this.#tables.values()].flatMap((table) => table.prefixes));
    const dropped: Holding[] = [];
    for (const [service, holding] of this.#holdings) {
      const home = this.#findHome(holding.addresses);
      if (home === undefined) {
        this.#holdings.delete(service);
        dropped.push(holding);
      } else {
        this.#put({ ...holding, pool: home.name });
      }
    }
    return dropped;
  }

  /** IPAM-7: gives exactly these addresses in place of what the service held; or changes nothing. */
  assign(claim: Claim, addresses: readonly IpAddress[]): Assignment {
    const home = this.#findHome(addresses);
    const refusal = this.#refuseAssign(claim, addresses, home);
    if (home === undefined || refusal !== undefined) {
      return { ok: false, refusal: refusal ?? refuseOutside(addresses) };
    }
    this.unassign(claim.service);
    const { service, sharingKey, backendKey, ports } = claim;
    const holding = { service, pool: home.name, addresses, sharingKey, backendKey, ports };
    this.#put(holding);
    return { ok: true, holding };
  }

  /** Takes back what the service holds, and returns it. */
  unassign(service: string): Holding | undefined {
    const holding = this.#holdings.get(service);
    for (const address of holding?.addresses ?? []) {
      this.#slots.get(address)?.block.remove(address.value, service);
    }
    this.#holdings.delete(service);
    return holding;
  }

  /** The first fit of any pool that assigns automatically: pinned pools, then general ones. */
  allocate(claim: Claim, wishes: FamilyWishes): Assignment {
    const { pinned, general } = this.#order;
    const pinnedHere = pinned.filter((pool) => isPinnedTo(pool, claim));
    const addresses =
      this.#firstFit(pinnedHere, claim, wishes) ?? this.#firstFit(general, claim, wishes);
    if (addresses !== undefined) return this.assign(claim, addresses);
    const fix = "add addresses to a pool, delete a service that needs none, or name a pool";
    return refuse("exhausted", "no available IPs", fix);
  }

  /** The first fit of the named pool, whether it assigns automatically or not (IPAM-22). */
  allocateFromPool(claim: Claim, poolName: string, wishes: FamilyWishes): Assignment {
    const pool = this.#tables.get(poolName)?.pool;
    if (pool === undefined) {
      const names = [...this.#tables.keys()].sort().join(", ");
      const fix = names === "" ? "configure that pool" : `name one of these: ${names}`;
      return refuse("unknown-pool", `unknown pool "${poolName}"`, fix);
    }
    if (!admits(pool, claim)) return { ok: false, refusal: refuseAdmission(pool) };
    const addresses = this.#firstFit([pool], claim, wishes);
    if (addresses !== undefined) return this.assign(claim, addresses);
    const fix = "add addresses to it, delete a service that needs none, or name another pool";
    return refuse("pool-exhausted", `no available IPs in pool "${poolName}"`, fix);
  }

  holdingOf(service: string): Holding | undefined {
    return this.#holdings.get(service);
  }

  holdings(): IterableIterator<Holding> {
    return this.#holdings.values();
  }

  /** One row a pool, in the order of the configuration. */
  usage(): PoolUsage[] {
    return [...this.#tables.values()].map((table) => {
      const [capacityV4, capacityV6] = [poolCapacity(table.pool, 4), poolCapacity(table.pool, 6)];
      const [inUseV4, inUseV6] = [BigInt(table.countTaken(4)), BigInt(table.countTaken(6))];
      const capacity = saturate(capacityV4 + capacityV6);
      const inUse = inUseV4 + inUseV6;
      return { pool: table.pool.name, capacity, capacityV4, capacityV6, inUse, inUseV4, inUseV6 };
    });
  }

  #refuseAssign(
    claim: Claim,
    addresses: readonly IpAddress[],
    home: Pool | undefined,
  ): Refusal | undefined {
    if (home === undefined) return undefined;
    if (!admits(home, claim)) return refuseAdmission(home);
    const families = new Set(addresses.map(({ family }) => family));
    if (families.size !== addresses.length) {
      const problem = `${quoteAddresses(addresses)} has two addresses of one family`;
      return { reason: "unfit-addresses", problem, fix: "use at most one address of each family" };
    }
    for (const address of addresses) {
      const holders = this.#slots.get(address)?.block.holdersOf(address.value) ?? [];
      const refusal = refuseSharing(claim, holders, address);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  /** The one pool that contains all the addresses. */
  #findHome(addresses: readonly IpAddress[]): Pool | undefined {
    const homes = addresses.map((address) => {
      const pool = this.#slots.get(address)?.table.pool;
      return pool && !isAvoided(pool, address) ? pool : undefined;
    });
    return homes.every((home) => home === homes[0]) ? homes[0] : undefined;
  }

  #firstFit(
    pools: readonly Pool[],
    claim: Claim,
    wishes: FamilyWishes,
  ): readonly IpAddress[] | undefined {
    for (const families of wishes) {
      for (const pool of pools) {
        const table = this.#tables.get(pool.name);
        const found = families.map((family) => table?.firstFor(family, claim));
        const addresses = found.filter((address) => address !== undefined);
        if (addresses.length === families.length) return addresses;
      }
    }
    return undefined;
  }

  #put(holding: Holding): void {
    this.#holdings.set(holding.service, holding);
    for (const address of holding.addresses) {
      this.#slots.get(address)?.block.add(address.value, holding);
    }
  }
}

function refuse(reason: RefusalReason, problem: string, fix: string): Assignment {
  return { ok: false, refusal: { reason, problem, fix } };
}

function refuseOutside(addresses: readonly IpAddress[]): Refusal {
  const problem = `${quoteAddresses(addresses)} is not allowed in config: no pool contains it`;
  return { reason: "not-in-a-pool", problem, fix: "use an address of a pool, or add it to a pool" };
}

function refuseAdmission({ name }: Pool): Refusal {
  const problem = `pool "${name}" not compatible for ip assignment`;
  const fix =
    "its serviceAllocation must admit the service's namespace and labels; use another pool";
  return { reason: "pool-not-compatible", problem, fix };
}

/** `"192.0.2.1"`, or `["192.0.2.1" "2001:db8::1"]` as events show two. */
function quoteAddresses(addresses: readonly IpAddress[]): string {
  const quoted = addresses.map((address) => `"${formatAddress(address)}"`);
  return quoted.length === 1 ? quoted.join() : `[${quoted.join(" ")}]`;
}
