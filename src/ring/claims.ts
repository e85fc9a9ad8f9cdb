/**
 * Which node keeps which address, as our speakers tell each other. Of all claims to an address the one of the highest
 * term counts, of equal terms that of the first owner by name: so everybody ends with the same ones, in whatever order
 * they came, and nobody has to lead. Reads no clock.
 */

import { LostClaims } from "./lost-claims.ts";
import { hashOf } from "./watchers.ts";

export interface Claim {
  /** Canonical text of the address that elects. */
  readonly address: string;
  /** Name of the node that keeps it. */
  readonly owner: string;
  /** 1 to 2^32 - 1; each new owner claims with one more than the last. */
  readonly term: number;
}

/** What one speaker does with an address whose owner is claimed. */
export interface AddressUse {
  readonly address: string;
  /** Some Service has it and asks for an owner that is claimed. */
  readonly isWanted: boolean;
  /** This node announces it. */
  readonly isHeld: boolean;
  /** And another did before, which may not any more; absent: no. */
  readonly isTakenOver?: boolean;
  /** This node does not, and is to claim it from one that does; absent: no. */
  readonly isToClaim?: boolean;
}

interface Known {
  readonly claim: Claim;
  readonly hash: number;
  /** When it was last heard of, for those that nobody here wants. */
  heardMs: number;
}

/** So long an address must have been held before it is claimed: until then its last owner may have been lost by mistake. */
export const claimAfterMs = 500;
/** A claim of an address that no Service here has: the API server may tell of the Service later. */
export const keptUnwantedMs = 10 * 60_000;
/** More would be an attack, or a fault. */
const mostClaims = 65_536;
const highestTerm = 0xffff_ffff;

export class Claims {
  readonly #self: string;
  readonly #known = new Map<string, Known>();
  readonly #wanted = new Set<string>();
  readonly #held = new Set<string>();
  readonly #takenOver = new Set<string>();
  readonly #toClaim = new Set<string>();
  readonly #lost = new LostClaims();
  /** Held by us, or to be claimed, and not claimed by us: since when. */
  readonly #unclaimed = new Map<string, number>();
  #digest = 0;

  constructor(self: string) {
    this.#self = self;
  }

  /** All claims that we tell, in four bytes; 0 where there are none. The order is of no importance. */
  get digest(): number {
    return this.#digest >>> 0;
  }

  get size(): number {
    return this.#known.size;
  }

  /** Whether some address of ours is still to be claimed. */
  get isDue(): boolean {
    return this.#unclaimed.size > 0;
  }

  ownerOf(address: string): string | undefined {
    return this.#known.get(address)?.claim.owner;
  }

  /** Claims of addresses that some Service has: what we tell. Of others nobody speaks, so they are forgotten everywhere. */
  told(): Claim[] {
    return [...this.#wanted].flatMap((address) => this.#known.get(address)?.claim ?? []);
  }

  /** Whether the claim of it was forgotten: so old a one of an address that nobody wanted is none any more. */
  use(use: AddressUse, nowMs: number): boolean {
    const { address, isWanted, isHeld, isTakenOver = false, isToClaim = false } = use;
    const isForgotten = isWanted && this.#isOld(address, nowMs) && this.#known.delete(address);
    const known = this.#known.get(address);
    if (isWanted !== this.#wanted.has(address)) {
      include(this.#wanted, address, isWanted);
      if (!isWanted) this.#lost.forget(address);
      if (known !== undefined) {
        this.#digest ^= known.hash;
        known.heardMs = nowMs;
      }
    }
    include(this.#held, address, isHeld);
    include(this.#takenOver, address, isTakenOver);
    include(this.#toClaim, address, isToClaim);
    this.#follow(address, nowMs);
    return isForgotten;
  }

  /** Takes what others claim; the result is what is new here. */
  merge(claims: Iterable<Claim>, nowMs: number): Claim[] {
    const news: Claim[] = [];
    for (const claim of claims) {
      const known = this.#known.get(claim.address);
      if (known !== undefined && !isStronger(claim, known.claim)) continue;
      if (known === undefined && this.#known.size >= mostClaims) continue;
      this.#set(claim, nowMs);
      news.push(claim);
    }
    return news;
  }

  /**
   * Claims what we have held for long enough, `most` addresses. `mayBeFirst`: also ones that nobody claimed yet; while a
   * ring is put together they go by the order alone, but for those taken over: who lost them would take them back.
   */
  make(
    nowMs: number,
    { mayBeFirst, most }: { readonly mayBeFirst: boolean; readonly most: number },
  ): Claim[] {
    const made: Claim[] = [];
    for (const [address, sinceMs] of this.#unclaimed) {
      if (made.length >= most) break;
      const isFirst = !this.#known.has(address);
      if (isFirst && !mayBeFirst && !this.#takenOver.has(address)) continue;
      if (!this.#isRipe(address, sinceMs, nowMs)) continue;
      const claim = this.#nextClaim(address);
      if (claim === undefined) continue;
      if (this.#toClaim.has(address)) this.#lost.claimed(address, nowMs);
      this.#set(claim, nowMs);
      made.push(claim);
    }
    return made;
  }

  /** With one term more than the last; undefined where that is the highest, and counts more. */
  #nextClaim(address: string): Claim | undefined {
    const before = this.#known.get(address)?.claim;
    const term = Math.min((before?.term ?? 0) + 1, highestTerm);
    const claim = { address, owner: this.#self, term };
    return before === undefined || isStronger(claim, before) ? claim : undefined;
  }

  #isRipe(address: string, sinceMs: number, nowMs: number): boolean {
    const patience = this.#toClaim.has(address) ? this.#lost.patience(address, nowMs) : 1;
    return nowMs - sinceMs >= patience * claimAfterMs;
  }

  /** Forgets claims of addresses that no Service has had for long; the result are those addresses. */
  expire(nowMs: number): string[] {
    const old = [...this.#known.keys()].filter((address) => this.#isOld(address, nowMs));
    for (const address of old) this.#known.delete(address);
    return old;
  }

  /** Nobody here has wanted it for so long that its claim counts no more. */
  #isOld(address: string, nowMs: number): boolean {
    const known = this.#known.get(address);
    if (known === undefined || this.#wanted.has(address)) return false;
    return nowMs - known.heardMs > keptUnwantedMs;
  }

  #set(claim: Claim, nowMs: number): void {
    const { address, owner, term } = claim;
    if (owner !== this.#self && this.ownerOf(address) === this.#self)
      this.#lost.lost(address, nowMs);
    const hash = hashOf(address, "\n", owner, "\n", String(term));
    if (this.#wanted.has(address)) {
      this.#digest ^= (this.#known.get(address)?.hash ?? 0) ^ hash;
    }
    this.#known.set(address, { claim, hash, heardMs: nowMs });
    this.#follow(address, nowMs);
  }

  #follow(address: string, nowMs: number): void {
    const isOurs = this.#held.has(address) || this.#toClaim.has(address);
    const isUnclaimed = isOurs && this.ownerOf(address) !== this.#self;
    if (!isUnclaimed) this.#unclaimed.delete(address);
    else if (!this.#unclaimed.has(address)) this.#unclaimed.set(address, nowMs);
  }
}

function isStronger(a: Claim, b: Claim): boolean {
  return a.term > b.term || (a.term === b.term && a.owner < b.owner);
}

function include(set: Set<string>, address: string, isIn: boolean): void {
  if (isIn) set.add(address);
  else set.delete(address);
}
