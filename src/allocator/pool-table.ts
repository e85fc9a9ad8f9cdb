/** Who holds which address of one pool, and which address comes next. */
import type { Pool } from "../config/index.ts";
import { prefixLast, type Family, type IpAddress, type Prefix } from "../ip/index.ts";
import { FreeAddresses, type AddressRun } from "./free-address.ts";
import { SharedAddresses } from "./shared-addresses.ts";
import type { Sharer, SharingTerms } from "./sharing.ts";

/** The addresses of one pool, as a list of runs in allocation order. */
export class PoolTable {
  readonly pool: Pool;
  readonly #blocks: readonly Block[];
  /** Each prefix of the pool with the block it is part of. */
  readonly prefixes: readonly (readonly [Prefix, Slot])[];

  constructor(pool: Pool) {
    this.pool = pool;
    const runs = joinPrefixes(pool.prefixes);
    this.#blocks = runs.map(({ run }) => new Block(run, pool.avoidBuggyIps));
    this.prefixes = runs.flatMap(({ parts }, index) => {
      const slot = { table: this, block: this.#blocks[index] as Block };
      return parts.map((prefix) => [prefix, slot] as const);
    });
  }

  /** IPAM-10: entries in listed order, ascending inside, the first that admits the claimant. */
  firstFor(family: Family, claim: SharingTerms): IpAddress | undefined {
    for (const block of this.#blocks) {
      const value = block.family === family ? block.firstFor(claim) : undefined;
      if (value !== undefined) return { family, value };
    }
    return undefined;
  }

  /** Distinct addresses held. */
  countTaken(family: Family): number {
    const blocks = this.#blocks.filter((block) => block.family === family);
    return blocks.reduce((count, block) => count + block.takenCount, 0);
  }
}

/** Where an address lives. */
export interface Slot {
  readonly table: PoolTable;
  readonly block: Block;
}

/** One run with the holders of each of its taken addresses. */
class Block {
  readonly family: Family;
  readonly #holders = new Map<bigint, readonly Sharer[]>();
  readonly #free: FreeAddresses;
  readonly #shared = new SharedAddresses();

  constructor(run: AddressRun, skipsBuggy: boolean) {
    this.family = run.family;
    this.#free = new FreeAddresses(run, skipsBuggy);
  }

  get takenCount(): number {
    return this.#free.takenCount;
  }

  holdersOf(value: bigint): readonly Sharer[] {
    return this.#holders.get(value) ?? [];
  }

  /** IPAM-41: the lowest address that is free or that its holders would share. */
  firstFor(claim: SharingTerms): bigint | undefined {
    const free = this.#free.lowest();
    const shared = this.#shared.lowestFor(claim);
    if (free === undefined || shared === undefined) return free ?? shared;
    return free < shared ? free : shared;
  }

  add(value: bigint, holder: Sharer): void {
    this.#change(value, [...this.holdersOf(value), holder]);
  }

  remove(value: bigint, service: string): void {
    const left = this.holdersOf(value).filter((holder) => holder.service !== service);
    this.#change(value, left);
  }

  #change(value: bigint, after: readonly Sharer[]): void {
    this.#shared.file(value, after);
    if (after.length === 0) {
      this.#holders.delete(value);
      this.#free.giveBack(value);
    } else {
      this.#holders.set(value, after);
      this.#free.take(value);
    }
  }
}

/** Joins neighbouring prefixes, such as those of one range: fewer runs to ask. */
function joinPrefixes(prefixes: readonly Prefix[]): { run: AddressRun; parts: Prefix[] }[] {
  const runs: { run: AddressRun; parts: Prefix[] }[] = [];
  for (const prefix of prefixes) {
    const { family, first } = prefix;
    const previous = runs.at(-1);
    const last = prefixLast(prefix);
    if (previous?.run.family === family && previous.run.last + 1n === first) {
      previous.run = { ...previous.run, last };
      previous.parts.push(prefix);
    } else {
      runs.push({ run: { family, first, last }, parts: [prefix] });
    }
  }
  return runs;
}
