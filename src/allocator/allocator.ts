/** Who has which address: the one table that all decisions about addresses go through. */
import { isAvoided, type Pool } from "../config/index.ts";
import {
  compareAddresses,
  formatAddress,
  PrefixMap,
  type Family,
  type IpAddress,
} from "../ip/index.ts";
import {
  admits,
  isPinnedTo,
  orderPools,
  type PoolApplicant,
  type PoolOrder,
} from "./choose-pool.ts";
import { PoolTable } from "./pool-table.ts";
import type { PoolUsage } from "./pool-usage.ts";
import type { Refusal, RefusalReason } from "./refusal.ts";
import type { Sharer } from "./sharing.ts";
import { WithheldAddresses, withheldNote } from "./withheld-addresses.ts";

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
  #tableAround = new PrefixMap<PoolTable>([]);
  /** By service, `namespace/name`. */
  readonly #holdings = new Map<string, Holding>();
  readonly #withheld = new WithheldAddresses();
  /** Pools whose usage may have changed since it was last asked for. */
  #touched = new Set<string>();

  /**
   * Puts new pools in force. Holders whose addresses all lie in one new pool keep them, under
   * its name; the others are dropped and returned (IPAM-50). Costs as much as what changed.
   */
  setPools(pools: ReadonlyMap<string, Pool>): readonly Holding[] {
    const former = this.#tables;
    const tables = [...pools.values()].map(
      (pool) => former.get(pool.name)?.under(pool) ?? new PoolTable(pool),
    );
    this.#tables = new Map(tables.map((table) => [table.pool.name, table]));
    this.#order = orderPools(pools.values());
    this.#tableAround = new PrefixMap(
      tables.flatMap((table) => table.pool.prefixes.map((prefix) => [prefix, table] as const)),
    );
    for (const { address } of this.#withheld) this.#tableAround.get(address)?.withhold(address);
    const isKept = (name: string) => former.get(name) === this.#tables.get(name);
    for (const name of [...former.keys(), ...this.#tables.keys()]) {
      if (!isKept(name)) this.#touched.add(name);
    }
    const moving = [...this.#holdings.values()].filter(({ pool }) => !isKept(pool));
    return moving.filter((holding) => !this.#moveIn(holding));
  }

  /** Whether there is any pool at all (IPAM-52). */
  get hasPools(): boolean {
    return this.#tables.size > 0;
  }

  /**
   * IPAM-7: gives exactly these addresses in place of what the service held; or changes nothing.
   * With `poolName`: only if they are that pool's (IPAM-12).
   */
  assign(claim: Claim, addresses: readonly IpAddress[], poolName?: string): Assignment {
    const home = this.#findHome(addresses);
    if (home === undefined) return { ok: false, refusal: this.#refuseOutside(addresses) };
    const refusal = this.#refuseAssign(claim, addresses, home.pool);
    if (refusal !== undefined) return { ok: false, refusal };
    const { service, sharingKey, backendKey, ports } = claim;
    const pool = home.pool.name;
    if (poolName !== undefined && poolName !== pool) {
      return { ok: false, refusal: refuseOtherPool(addresses, pool, poolName) };
    }
    const former = this.#holdings.get(service);
    const holding = { service, pool, addresses, sharingKey, backendKey, ports };
    if (former !== undefined && isSameHolding(former, holding))
      return { ok: true, holding: former };
    if (former !== undefined) this.#vacate(former);
    this.#put(home, holding);
    return { ok: true, holding };
  }

  /** The same for addresses that the service asks for and does not show: none of them may be withheld. */
  assignAsked(claim: Claim, addresses: readonly IpAddress[], poolName?: string): Assignment {
    const held = this.#holdings.get(claim.service)?.addresses ?? [];
    const isHeld = (one: IpAddress) => held.some((other) => compareAddresses(one, other) === 0);
    const refusal = this.#withheld.refuse(addresses.filter((one) => !isHeld(one)));
    if (refusal !== undefined) return { ok: false, refusal };
    return this.assign(claim, addresses, poolName);
  }

  /** IPAM-32: adds an address of another family, from the same pool, to what the service holds. */
  extend(claim: Claim, family: Family): Assignment {
    const { pool = "", addresses = [] } = this.#holdings.get(claim.service) ?? {};
    const more = this.#tables.get(pool)?.firstFor(family, claim);
    if (more !== undefined) return this.assign(claim, [...addresses, more]);
    const fix = `add IPv${family} addresses to it`;
    const problem = `no available IPv${family} address in pool "${pool}"`;
    return refuse("pool-exhausted", `${problem}${this.#withheldNote([pool])}`, fix);
  }

  /** Takes back what the service holds, and returns it. */
  unassign(service: string): Holding | undefined {
    const holding = this.#holdings.get(service);
    if (holding === undefined) return undefined;
    this.#vacate(holding);
    this.#holdings.delete(service);
    return holding;
  }

  /** Nobody is given the address until `release`; `why` completes a sentence that begins with it. */
  withhold(address: IpAddress, why: string): void {
    this.#withheld.set(address, why);
    this.#tableAround.get(address)?.withhold(address);
  }

  release(address: IpAddress): void {
    this.#withheld.delete(address);
    this.#tableAround.get(address)?.release(address);
  }

  /** Holds addresses that a service has just left under another name, where that is possible. */
  keepUnder(name: string, left: Holding, addresses: readonly IpAddress[]): void {
    const home = this.#findHome(addresses);
    const holding = { ...left, service: name, addresses };
    if (home?.pool.name !== left.pool || addresses.length === 0) return;
    if (addresses.every((one) => home.refuse(one, holding) === undefined)) this.#put(home, holding);
  }

  /** Whether anybody but the service holds the address. */
  isHeldByOthers(address: IpAddress, service: string): boolean {
    return this.#tableAround.get(address)?.isHeldByOthers(address, service) ?? false;
  }

  /** The pool that contains the address. */
  poolAround(address: IpAddress): Pool | undefined {
    return this.#tableAround.get(address)?.pool;
  }

  /** The first fit of any pool that assigns automatically: pinned pools, then general ones. */
  allocate(claim: Claim, wishes: FamilyWishes): Assignment {
    const { pinned, general } = this.#order;
    const pinnedHere = pinned.filter((pool) => isPinnedTo(pool, claim));
    const addresses =
      this.#firstFit(pinnedHere, claim, wishes) ?? this.#firstFit(general, claim, wishes);
    if (addresses !== undefined) return this.assign(claim, addresses);
    const fix = "add addresses to a pool, delete a service that needs none, or name a pool";
    const note = this.#withheldNote([...pinnedHere, ...general].map(({ name }) => name));
    return refuse("exhausted", `no available IPs${note}`, fix);
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
    const lacking = lackingFamilies(pool, wishes);
    const fix =
      lacking.length > 0
        ? `it has no ${lacking.join(" and no ")} addresses; add some, or name another pool`
        : "add addresses to it, delete a service that needs none, or name another pool";
    const note = this.#withheldNote([poolName]);
    return refuse("pool-exhausted", `no available IPs in pool "${poolName}"${note}`, fix);
  }

  holdingOf(service: string): Holding | undefined {
    return this.#holdings.get(service);
  }

  holdings(): IterableIterator<Holding> {
    return this.#holdings.values();
  }

  /** One row a pool, in the order of the configuration. */
  usage(): PoolUsage[] {
    return [...this.#tables.values()].map((table) => table.usage());
  }

  /** Undefined if there is no such pool. */
  usageOf(pool: string): PoolUsage | undefined {
    return this.#tables.get(pool)?.usage();
  }

  /** Names of pools, also of former ones, whose usage may have changed since the last call. */
  takeTouched(): ReadonlySet<string> {
    const touched = this.#touched;
    if (touched.size > 0) this.#touched = new Set();
    return touched;
  }

  #refuseAssign(claim: Claim, addresses: readonly IpAddress[], home: Pool): Refusal | undefined {
    if (!admits(home, claim)) return refuseAdmission(home);
    const families = new Set(addresses.map(({ family }) => family));
    if (families.size !== addresses.length) {
      const problem = `${quoteAddresses(addresses)} has two addresses of one family`;
      return { reason: "unfit-addresses", problem, fix: "use at most one address of each family" };
    }
    const table = this.#tables.get(home.name);
    for (const address of addresses) {
      const refusal = table?.refuse(address, claim);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  /** The one pool that contains all the addresses. */
  #findHome(addresses: readonly IpAddress[]): PoolTable | undefined {
    const homes = addresses.map((address) => {
      const table = this.#tableAround.get(address);
      return table && !isAvoided(table.pool, address) ? table : undefined;
    });
    return homes.every((home) => home === homes[0]) ? homes[0] : undefined;
  }

  /** IPAM-5, IPAM-7: an address that its pool avoids is outside too, but people see it inside. */
  #refuseOutside(addresses: readonly IpAddress[]): Refusal {
    const outside = (why: string, fix: string): Refusal => {
      const problem = `${quoteAddresses(addresses)} is not allowed in config: ${why}`;
      return { reason: "not-in-a-pool", problem, fix };
    };
    const around = addresses.map((address) => this.#tableAround.get(address)?.pool);
    const avoiding = around.find((pool, at) => pool && isAvoided(pool, addresses[at] as IpAddress));
    if (avoiding !== undefined) {
      const why = `pool "${avoiding.name}" avoids addresses that end in .0 or .255`;
      return outside(why, "use another address, or turn its avoidBuggyIPs off");
    }
    if (around.length > 1 && around.every((pool) => pool !== undefined)) {
      const names = around.map(({ name }) => `"${name}"`).join(" and ");
      return outside(`they are of pools ${names}`, "use two addresses of one pool");
    }
    return outside("no pool contains it", "use an address of a pool, or add it to a pool");
  }

  /** Keeps a holding of a pool that changed, if one pool has all its addresses now. */
  #moveIn(holding: Holding): boolean {
    const home = this.#findHome(holding.addresses);
    if (home === undefined) this.#holdings.delete(holding.service);
    else this.#put(home, { ...holding, pool: home.pool.name });
    return home !== undefined;
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

  #withheldNote(pools: readonly string[]): string {
    const counts = pools.map((name) => this.#tables.get(name)?.withheldCount ?? 0);
    return withheldNote(counts.reduce((sum, count) => sum + count, 0));
  }

  #vacate({ service, pool, addresses }: Holding): void {
    const table = this.#tables.get(pool);
    for (const address of addresses) table?.remove(address, service);
    this.#touched.add(pool);
  }

  #put(home: PoolTable, holding: Holding): void {
    this.#holdings.set(holding.service, holding);
    for (const address of holding.addresses) home.add(address, holding);
    this.#touched.add(holding.pool);
  }
}

function isSameHolding(a: Holding, b: Holding): boolean {
  return (
    a.pool === b.pool &&
    a.sharingKey === b.sharingKey &&
    a.backendKey === b.backendKey &&
    a.ports.join() === b.ports.join() &&
    a.addresses.length === b.addresses.length &&
    a.addresses.every((one, index) => compareAddresses(one, b.addresses[index] as IpAddress) === 0)
  );
}

function refuse(reason: RefusalReason, problem: string, fix: string): Assignment {
  return { ok: false, refusal: { reason, problem, fix } };
}

/** The families, in words, for want of which a pool can meet no wish at all. */
function lackingFamilies({ prefixes }: Pool, wishes: FamilyWishes): readonly string[] {
  const has = (family: Family): boolean => prefixes.some((one) => one.family === family);
  if (wishes.some((families) => families.every(has))) return [];
  return (wishes[0] ?? []).filter((family) => !has(family)).map((family) => `IPv${family}`);
}

function refuseOtherPool(addresses: readonly IpAddress[], home: string, asked: string): Refusal {
  const problem =
    `${quoteAddresses(addresses)} of pool "${home}" is ` +
    `not compatible with requested address pool "${asked}"`;
  return { reason: "not-in-that-pool", problem, fix: "ask for the address or for the pool alone" };
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
