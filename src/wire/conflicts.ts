/**
 * Who else uses our addresses (RFC 5227 section 2.4): each machine said once for each address and way, taken back after a while of
 * silence, and bounded, because anybody can forge a frame.
 */
import type { MacAddress } from "../ip/index.ts";

/** `instead`: it answers, and the owner does not. */
export type ClaimKind = "answers" | "instead" | "claims" | "uses" | "probes";

export interface Conflict {
  readonly ip: string;
  readonly mac: MacAddress;
  /** The interface of ours that heard it. */
  readonly on: string;
  readonly kind: ClaimKind;
}

export interface Claim extends Conflict {
  readonly nowMs: number;
  /**
   * `twice`: it was heard more than once already, from where no hand-over shows; `anew`: that too, and after the address
   * was well, or in another way than before, so that it is told again.
   */
  readonly confirmed: "no" | "twice" | "anew";
  /** It says that it is a speaker of ours, which may be heard for a moment when all is well. */
  readonly isMember: boolean;
}

export type ConflictNews =
  | { readonly kind: "told"; readonly conflict: Conflict }
  /** Not heard for minutes. */
  | { readonly kind: "over"; readonly conflict: Conflict };

interface Known {
  conflict: Conflict;
  /** Of what no hand-over explains. */
  firstMs: number;
  lastMs: number;
  isMember: boolean;
  isTold: boolean;
}

/** So long the owner before, or the next one, may still be heard: a hand-over is no conflict. */
const handOverMs = 3000;
/** Taken back after so long a silence, and after two questions without that answer. */
const silentMs = 180_000;
const silentPeriods = 2.5;
/** What was never told is forgotten sooner. */
const doubtfulMs = 30_000;
const mostOfAddress = 8;
const most = 1000;

export class Conflicts {
  readonly #byIp = new Map<string, Map<MacAddress, Known>>();
  /** When the address came to this node; absent: it is not announced here. */
  readonly #ownedMs = new Map<string, number>();
  #size = 0;
  #overflow = 0;

  /** Claims that found no place, since the start. */
  get overflow(): number {
    return this.#overflow;
  }

  /** This node announces the address from now on. */
  owned(ip: string, nowMs: number): void {
    if (!this.#ownedMs.has(ip)) this.#ownedMs.set(ip, nowMs);
  }

  /** Another node does, or nobody. */
  notOwned(ip: string): void {
    this.#ownedMs.delete(ip);
  }

  /** Nothing of it matters any more. */
  forget(ip: string): void {
    this.#size -= this.#byIp.get(ip)?.size ?? 0;
    this.#byIp.delete(ip);
  }

  /** Takes what was heard. Costs the same however much is heard, and keeps at most 8 machines for an address. */
  claim({ nowMs, confirmed, isMember, ...conflict }: Claim): ConflictNews[] {
    const { ip, mac } = conflict;
    const ofAddress = this.#byIp.get(ip) ?? new Map<MacAddress, Known>();
    let known = ofAddress.get(mac);
    if (known === undefined) {
      if (ofAddress.size >= mostOfAddress || this.#size >= most) {
        this.#overflow++;
        return [];
      }
      known = { conflict, firstMs: nowMs, lastMs: nowMs, isMember, isTold: false };
      this.#byIp.set(ip, ofAddress.set(mac, known));
      this.#size++;
    }
    // What a hand-over explains says nothing of the next one.
    const ownedMs = this.#ownedMs.get(ip);
    if (ownedMs !== undefined && known.lastMs - ownedMs < handOverMs) known.firstMs = nowMs;
    known.lastMs = nowMs;
    known.isMember = isMember;
    if (confirmed === "no") return [];
    if (confirmed === "anew") Object.assign(known, { conflict, isTold: false });
    return this.#tell(known);
  }

  /**
   * To be called now and then, at least once a second while `isWaiting`. `periodMs`: how long until an address is asked for
   * again; who answers in silence is heard only then.
   */
  tick(nowMs: number, periodMs: number): ConflictNews[] {
    const patienceMs = Math.max(silentMs, silentPeriods * periodMs);
    const news: ConflictNews[] = [];
    for (const ofAddress of this.#byIp.values()) {
      for (const known of ofAddress.values()) news.push(...this.#look(known, nowMs, patienceMs));
    }
    return news;
  }

  /** Is there anything to tell or to take back later? */
  get isWaiting(): boolean {
    return this.#size > 0;
  }

  /** What was told and not taken back. */
  *told(): IterableIterator<Conflict> {
    for (const ofAddress of this.#byIp.values()) {
      for (const { conflict, isTold } of ofAddress.values()) if (isTold) yield conflict;
    }
  }

  *toldOf(ip: string): IterableIterator<Conflict> {
    for (const { conflict, isTold } of this.#byIp.get(ip)?.values() ?? []) {
      if (isTold) yield conflict;
    }
  }

  #look(known: Known, nowMs: number, patienceMs: number): ConflictNews[] {
    const { conflict, firstMs, lastMs, isTold } = known;
    const quietMs = nowMs - lastMs;
    if (quietMs >= (isTold ? patienceMs : doubtfulMs)) {
      this.#remove(conflict);
      return isTold ? [{ kind: "over", conflict }] : [];
    }
    // An owner that gives the address up hears the next one begin; that one hears the former one end.
    const ownedMs = this.#ownedMs.get(conflict.ip);
    const isSettled = ownedMs !== undefined && lastMs - ownedMs >= handOverMs;
    // A speaker of ours that is wrong goes on; a burst that came late, or round about, does not.
    const throughMs = known.isMember ? lastMs : nowMs;
    return !isTold && isSettled && throughMs - firstMs >= handOverMs ? this.#tell(known) : [];
  }

  #tell(known: Known): ConflictNews[] {
    if (known.isTold) return [];
    known.isTold = true;
    return [{ kind: "told", conflict: known.conflict }];
  }

  #remove({ ip, mac }: Conflict): void {
    const ofAddress = this.#byIp.get(ip);
    if (ofAddress?.delete(mac) === true) this.#size--;
    if (ofAddress?.size === 0) this.#byIp.delete(ip);
  }
}
