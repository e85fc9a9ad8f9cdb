/**
 * Claims among the speakers of our own kind: made by whoever holds an address, passed on like rumours, and carried whole
 * where tables are exchanged. Nothing is sent, timed or kept while no Service asks for an owner that is claimed.
 */

import {
  type GossipCommand,
  isUsable,
  type Member,
  type Place,
  placeOf,
} from "../memberlist/index.ts";
import { claimMessages, decodeClaims, encodeClaims } from "./claim-messages.ts";
import { type AddressUse, type Claim, Claims } from "./claims.ts";
import { readOwnKind } from "./own-kind.ts";
import { batchEveryMs, batchSize, UntoldClaims } from "./untold-claims.ts";

export interface ClaimingTools {
  readonly name: string;
  /** From 0 up to 1. */
  readonly random: () => number;
  members(): ReadonlyMap<string, Member>;
  user(to: Place, payload: Uint8Array): GossipCommand;
}

export interface ClaimNews {
  /** Claims, of others or our own, that count from now on. */
  readonly news: readonly Claim[];
  /** Addresses that nobody claims any more. */
  readonly forgotten: readonly string[];
}

export type ClaimingCommand = GossipCommand | ({ readonly kind: "claims" } & ClaimNews);

const timer = "claims";
const batchTimer = "claims-batch";
const everyMs = 250;
/** To so many members news are passed on at once; whoever misses them shows it with its beats. */
const audience = 4;
/**
 * A ring that nobody came to for so long is complete: only then its owners claim what nobody claimed before. Until then
 * the order alone decides, or the first speaker that starts would keep all addresses; but who takes over claims at once.
 */
const settledMs = 30_000;
/** Who hears nobody for so long is cut off, though it counts others as alive. */
const deafMs = 2000;
const expireEveryMs = 60_000;

export class Claiming {
  readonly #tools: ClaimingTools;
  readonly #claims: Claims;
  readonly #untold = new UntoldClaims();
  #isTimed = false;
  /** A batch went a moment ago. */
  #isPaced = false;
  #isLeaving = false;
  #pods = 0;
  #joinedMs = Number.NEGATIVE_INFINITY;
  #heardMs = Number.NEGATIVE_INFINITY;
  #expiredMs = Number.NEGATIVE_INFINITY;

  constructor(tools: ClaimingTools) {
    this.#tools = tools;
    this.#claims = new Claims(tools.name);
  }

  get digest(): number {
    return this.#claims.digest;
  }

  /** How many addresses are claimed, by anybody. */
  get size(): number {
    return this.#claims.size;
  }

  /** What goes along with our table. */
  state(): Uint8Array {
    return encodeClaims(this.#claims.told());
  }

  /** How many speakers' pods there are, dead ones too. */
  setPods(count: number): void {
    this.#pods = count;
  }

  /** Something came in from another speaker. */
  heard(nowMs: number): void {
    this.#heardMs = nowMs;
  }

  /** A member came into the ring, we ourselves too. */
  joined(nowMs: number): void {
    this.#joinedMs = nowMs;
  }

  /** We leave: what we still hold goes to others, and is not claimed any more. */
  leave(): ClaimingCommand[] {
    this.#isLeaving = true;
    const timers = [...(this.#isTimed ? [timer] : []), ...(this.#isPaced ? [batchTimer] : [])];
    this.#isTimed = false;
    this.#isPaced = false;
    return timers.map((name) => ({ kind: "cancel-timer", name }));
  }

  use(use: AddressUse, nowMs: number): ClaimingCommand[] {
    const forgotten = this.#claims.use(use, nowMs) ? [use.address] : [];
    return [...tell([], forgotten), ...this.#time()];
  }

  /** A message of our own kind; undefined: it is none about claims. */
  onMessage(payload: Uint8Array, nowMs: number): ClaimingCommand[] | undefined {
    const claims = decodeClaims(payload);
    if (claims === undefined) return undefined;
    return this.#take(claims, nowMs);
  }

  /** What came along with another's table. */
  onState(bytes: Uint8Array, nowMs: number): ClaimingCommand[] {
    // Old news for all others, where we know nothing yet.
    const isFirst = this.#claims.size === 0;
    const claims = decodeClaims(bytes) ?? [];
    return isFirst ? tell(this.#claims.merge(claims, nowMs)) : this.#take(claims, nowMs);
  }

  /** Undefined for timers of others. */
  onTimer(name: string, nowMs: number): ClaimingCommand[] | undefined {
    if (name === batchTimer) {
      this.#isPaced = false;
      return this.#tellBatch();
    }
    if (name !== timer) return undefined;
    this.#isTimed = false;
    if (this.#isLeaving) return [];
    if (!this.#isConnected(nowMs)) return this.#time();
    return this.#make(nowMs);
  }

  /** No more at once than can be told: a claim that others do not hear of for long makes tables differ. */
  #make(nowMs: number): ClaimingCommand[] {
    const mayBeFirst = nowMs - this.#joinedMs >= settledMs;
    const most = Math.max(0, batchSize - this.#untold.size);
    const made = this.#claims.make(nowMs, { mayBeFirst, most });
    const news = tell(made, this.#expire(nowMs));
    const againMs = made.length < most ? everyMs : batchEveryMs;
    return [...news, ...this.#passOn(made), ...this.#time(againMs)];
  }

  #take(claims: readonly Claim[], nowMs: number): ClaimingCommand[] {
    const forgotten = this.#expire(nowMs);
    const news = this.#claims.merge(claims, nowMs);
    return [...tell(news, forgotten), ...this.#passOn(news), ...this.#time()];
  }

  /** At once where nothing was told a moment ago. */
  #passOn(news: readonly Claim[]): ClaimingCommand[] {
    if (this.#isLeaving) return [];
    this.#untold.add(news);
    return this.#isPaced ? [] : this.#tellBatch();
  }

  /** To a few of our own, each of which passes on what is new to it; who claims all of it knows. */
  #tellBatch(): ClaimingCommand[] {
    const batch = this.#untold.take();
    if (batch.length === 0) return [];
    this.#isPaced = true;
    const owners = new Set(batch.map(({ owner }) => owner));
    const others = [...this.#tools.members().values()].filter((member) => {
      const { name, meta } = member;
      if (name === this.#tools.name || (owners.has(name) && owners.size === 1)) return false;
      return isUsable(member) && readOwnKind(meta) !== undefined;
    });
    const messages = claimMessages(batch);
    const sent = this.#some(others).flatMap((member) =>
      messages.map((payload) => this.#tools.user(placeOf(member), payload)),
    );
    return [...sent, { kind: "set-timer", name: batchTimer, ms: batchEveryMs }];
  }

  #some(members: Member[]): Member[] {
    while (members.length > audience) {
      members.splice(Math.floor(this.#tools.random() * members.length), 1);
    }
    return members;
  }

  #time(ms = everyMs): ClaimingCommand[] {
    if (this.#isTimed || this.#isLeaving || !this.#claims.isDue) return [];
    this.#isTimed = true;
    return [{ kind: "set-timer", name: timer, ms }];
  }

  /**
   * The smaller part of a ring that fell apart announces what it must, and claims nothing: when the parts meet again, all
   * goes on as the larger part had it. With two speakers each is half of the ring.
   */
  #isConnected(nowMs: number): boolean {
    const count = { alive: 0, dead: 0, usable: 0 };
    for (const member of this.#tools.members().values()) {
      if (member.state === "alive") count.alive++;
      if (member.state === "dead") count.dead++;
      if (isUsable(member)) count.usable++;
    }
    const isAlone = count.usable <= 1;
    if (!isAlone && nowMs - this.#heardMs > deafMs) return false;
    return 2 * count.alive >= Math.max(this.#pods, count.usable + count.dead);
  }

  #expire(nowMs: number): string[] {
    if (nowMs - this.#expiredMs < expireEveryMs) return [];
    this.#expiredMs = nowMs;
    return this.#claims.expire(nowMs);
  }
}

function tell(news: readonly Claim[], forgotten: readonly string[] = []): ClaimingCommand[] {
  return news.length + forgotten.length === 0 ? [] : [{ kind: "claims", news, forgotten }];
}
