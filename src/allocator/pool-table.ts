/** Who holds which address of one pool, and which address comes next. */
import assert from "node:assert/strict";
import { isBuggyAddress, type Pool } from "../config/index.ts";
import { comparePrefixes, type Family, type IpAddress, type Prefix } from "../ip/index.ts";
import { AddressOrder } from "./address-order.ts";
import { FreeAddresses } from "./free-address.ts";
import { poolCapacity, saturate, type PoolUsage } from "./pool-usage.ts";
import type { Refusal } from "./refusal.ts";
import { SharedAddresses } from "./shared-addresses.ts";
import {
  refuseSharing,
  SharedUse,
  type AddressUse,
  type Sharer,
  type SharingTerms,
} from "./sharing.ts";

export class PoolTable {
  #pool: Pool;
  /** Those that the pool has addresses of. */
  readonly #families: Readonly<Partial<Record<Family, FamilyTable>>>;
  readonly #capacities: Readonly<Record<Family, bigint>>;

  constructor(pool: Pool) {
    this.#pool = pool;
    const families: Partial<Record<Family, FamilyTable>> = {};
    for (const { family } of pool.prefixes) families[family] ??= new FamilyTable(pool, family);
    this.#families = families;
    this.#capacities = { 4: poolCapacity(pool, 4), 6: poolCapacity(pool, 6) };
  }

  get pool(): Pool {
    return this.#pool;
  }

  /** This table with what else the pool says now, or undefined if its addresses are not the same. */
  under(pool: Pool): PoolTable | undefined {
    if (!hasSameAddresses(this.#pool, pool)) return undefined;
    this.#pool = pool;
    return this;
  }

  /** IPAM-10: entries in listed order, ascending inside, the first that admits the claimant. */
  firstFor(family: Family, claim: SharingTerms): IpAddress | undefined {
    return this.#families[family]?.firstFor(claim);
  }

  add(address: IpAddress, holder: Sharer): void {
    this.#families[address.family]?.add(address.value, holder);
  }

  remove(address: IpAddress, service: string): void {
    this.#families[address.family]?.remove(address.value, service);
  }

  /** Whoever comes gets another address until `release`; who has it keeps it. */
  withhold(address: IpAddress): void {
    this.#families[address.family]?.withhold(address.value);
  }

  release(address: IpAddress): void {
    this.#families[address.family]?.release(address.value);
  }

  /** How many addresses are withheld. */
  get withheldCount(): number {
    return (this.#families[4]?.withheldCount ?? 0) + (this.#families[6]?.withheldCount ?? 0);
  }

  /** Whether anybody but the service holds the address. */
  isHeldByOthers(address: IpAddress, service: string): boolean {
    const use = this.#families[address.family]?.useOf(address.value);
    if (use === undefined) return false;
    const holders = use instanceof SharedUse ? [...use.holders()] : [use];
    return holders.some((holder) => holder.service !== service);
  }

  /** IPAM-40: why the claimant may not hold this address of the pool. */
  refuse(address: IpAddress, claim: Sharer): Refusal | undefined {
    const use = this.#families[address.family]?.useOf(address.value);
    return refuseSharing(claim, use, address);
  }

  usage(): PoolUsage {
    const [capacityV4, capacityV6] = [this.#capacities[4], this.#capacities[6]];
    const inUseV4 = BigInt(this.#families[4]?.takenCount ?? 0);
    const inUseV6 = BigInt(this.#families[6]?.takenCount ?? 0);
    const capacity = saturate(capacityV4 + capacityV6);
    const inUse = inUseV4 + inUseV6;
    return { pool: this.#pool.name, capacity, capacityV4, capacityV6, inUse, inUseV4, inUseV6 };
  }
}

/** The addresses of one family, by their numbers in the order of allocation. */
class FamilyTable {
  readonly #family: Family;
  readonly #skipsBuggy: boolean;
  readonly #order: AddressOrder;
  /** An address that was given back stays as undefined: to delete and add one key again and again is slow. */
  readonly #uses = new Map<bigint, AddressUse | undefined>();
  #takenCount = 0;
  readonly #free: FreeAddresses;
  /** Made for the first who shares. */
  #shared: SharedAddresses | undefined;
  /** Made for the first that is withheld. */
  #withheld: Set<bigint> | undefined;

  constructor({ prefixes, avoidBuggyIps }: Pool, family: Family) {
    this.#family = family;
    this.#skipsBuggy = avoidBuggyIps;
    this.#order = new AddressOrder(prefixes.filter((prefix) => prefix.family === family));
    this.#free = new FreeAddresses(this.#order.size, (position) => this.#isOpen(position));
  }

  /** Distinct addresses held. */
  get takenCount(): number {
    return this.#takenCount;
  }

  useOf(value: bigint): AddressUse | undefined {
    return this.#uses.get(this.#order.positionOf(value));
  }

  get withheldCount(): number {
    return this.#withheld?.size ?? 0;
  }

  /** IPAM-41: the first address that is free or that its holders would share. */
  firstFor(claim: SharingTerms): IpAddress | undefined {
    const free = this.withheldCount < mostWithheld ? this.#free.lowest() : undefined;
    const shared = this.#shared?.lowestFor(claim);
    const position = free === undefined || (shared ?? free) < free ? shared : free;
    return position === undefined ? undefined : this.#addressAt(position);
  }

  add(value: bigint, holder: Sharer): void {
    const position = this.#order.positionOf(value);
    const before = this.#uses.get(position);
    if (before === undefined) this.#takenCount += 1;
    if (holder.sharingKey === "") {
      assert(before === undefined, "an address of one who does not share has another holder");
      this.#uses.set(position, holder);
      return;
    }
    const use = before instanceof SharedUse ? before : new SharedUse();
    use.add(holder);
    this.#uses.set(position, use);
    this.#shared ??= new SharedAddresses();
    this.#shared.file(position, use);
  }

  remove(value: bigint, service: string): void {
    const position = this.#order.positionOf(value);
    const use = this.#uses.get(position);
    if (use instanceof SharedUse) {
      use.remove(service);
      this.#shared?.file(position, use);
      if (!use.isEmpty) return;
    }
    this.#uses.set(position, undefined);
    this.#takenCount -= 1;
    this.#free.giveBack(position);
    this.#sweep();
  }

  withhold(value: bigint): void {
    this.#withheld ??= new Set();
    this.#withheld.add(this.#order.positionOf(value));
  }

  release(value: bigint): void {
    const position = this.#order.positionOf(value);
    if (this.#withheld?.delete(position) === true) this.#free.giveBack(position);
  }

  /** Keeps memory in proportion to what is in use. */
  #sweep(): void {
    if (this.#uses.size < 2 * this.#takenCount + emptyPlacesKept) return;
    for (const [position, use] of this.#uses) if (use === undefined) this.#uses.delete(position);
  }

  #isOpen(position: bigint): boolean {
    if (this.#uses.get(position) !== undefined) return false;
    if (this.#withheld?.has(position) === true) return false;
    return !(this.#skipsBuggy && isBuggyAddress(this.#addressAt(position)));
  }

  #addressAt(position: bigint): IpAddress {
    return { family: this.#family, value: this.#order.valueAt(position) };
  }
}

const emptyPlacesKept = 1024;
/**
 * Where so many addresses are in use by others, something answers for all of them, such as a router with proxy ARP:
 * nobody is to walk through the whole pool.
 */
const mostWithheld = 256;

function hasSameAddresses(a: Pool, b: Pool): boolean {
  return (
    a.avoidBuggyIps === b.avoidBuggyIps &&
    a.prefixes.length === b.prefixes.length &&
    a.prefixes.every((prefix, index) => {
      const other = b.prefixes[index] as Prefix;
      return comparePrefixes(prefix, other) === 0;
    })
  );
}
