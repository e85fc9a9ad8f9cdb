/** When an address is announced unasked (L2-130..L2-134), and how thousands of them take turns (L2-139). */
import type { Family, IpAddress } from "../ip/index.ts";
import type { AnnouncedAddresses } from "./announced-addresses.ts";
import { RoundBudget } from "./round-budget.ts";

const BURST_MS = 5000;
export const ROUND_PERIOD_MS = 1100;
export const PACE_MS = 5;

export type BurstEvent =
  | { readonly kind: "announced"; readonly ip: IpAddress; readonly nowMs: number }
  /** Addresses of the family can be told on this interface from now on, or must be told anew. */
  | {
      readonly kind: "interface-came-up";
      readonly name: string;
      readonly family: Family;
      readonly nowMs: number;
    }
  | { readonly kind: "round-timer" | "pace-timer"; readonly nowMs: number };

export type BurstCommand =
  /** One round for the address on one interface, or on all that fit when `on` is undefined. */
  | { readonly kind: "send-round"; readonly ip: IpAddress; readonly on: string | undefined }
  /** Fire `round-timer` once, `ROUND_PERIOD_MS` from now. */
  | { readonly kind: "set-round-timer" }
  /** More rounds wait than may go out at once: fire `pace-timer` once, `PACE_MS` from now. */
  | { readonly kind: "set-pace-timer" };

/** An address, and the only interface that it is told on (undefined: all that fit). */
interface Round {
  readonly ip: IpAddress;
  readonly on: string | undefined;
}

interface Burst extends Round {
  endMs: number;
}

/** All running bursts; they share one timer, which runs only while there is a burst (L2-132). */
export class GratuitousBursts {
  readonly #addresses: AnnouncedAddresses;
  readonly #bursts = new Map<string, Burst>();
  /** Rounds that wait for their turn, each address once: first ones go before repetitions. */
  readonly #first = new Map<string, Round>();
  readonly #repetitions = new Map<string, Round>();
  readonly #budget = new RoundBudget();
  #isPaceTimerSet = false;

  constructor(addresses: AnnouncedAddresses) {
    this.#addresses = addresses;
  }

  step(event: BurstEvent): BurstCommand[] {
    const { nowMs } = event;
    const timer = this.#take(event);
    return [...this.#sendWaiting(nowMs), ...timer];
  }

  #take(event: BurstEvent): BurstCommand[] {
    switch (event.kind) {
      case "announced": {
        const { ip, nowMs } = event;
        if (!this.#isBursting(ip, undefined)) this.#queueFirst({ ip, on: undefined });
        return this.#prolong(ip, undefined, nowMs);
      }
      case "interface-came-up":
        return this.#interfaceCameUp(event);
      case "round-timer":
        return this.#repeatAll(event.nowMs);
      default:
        this.#isPaceTimerSet = false;
        return [];
    }
  }

  /** Only the new link has to learn (L2-87), for as long as a burst lasts. */
  #interfaceCameUp(event: Extract<BurstEvent, { kind: "interface-came-up" }>): BurstCommand[] {
    const { name, family, nowMs } = event;
    const commands: BurstCommand[] = [];
    for (const ip of this.#addresses.addresses(family)) {
      if (!this.#addresses.lookup(ip, name).found) continue;
      this.#queueFirst({ ip, on: name });
      const on = this.#isBursting(ip, undefined) ? undefined : name;
      commands.push(...this.#prolong(ip, on, nowMs));
    }
    return commands;
  }

  #queueFirst(round: Round): void {
    const key = keyOf(round.ip, round.on);
    this.#repetitions.delete(key);
    this.#first.set(key, round);
  }

  /** Starts a burst or moves its end; the timer is started with the first burst. */
  #prolong(ip: IpAddress, on: string | undefined, nowMs: number): BurstCommand[] {
    const isIdle = this.#bursts.size === 0;
    this.#bursts.set(keyOf(ip, on), { ip, on, endMs: nowMs + BURST_MS });
    return isIdle ? [{ kind: "set-round-timer" }] : [];
  }

  #repeatAll(nowMs: number): BurstCommand[] {
    for (const [key, burst] of this.#bursts) {
      if (nowMs > burst.endMs) this.#bursts.delete(key);
      else if (!this.#first.has(key)) this.#repetitions.set(key, burst);
    }
    return this.#bursts.size > 0 ? [{ kind: "set-round-timer" }] : [];
  }

  #sendWaiting(nowMs: number): BurstCommand[] {
    this.#budget.refill(nowMs);
    const commands = [
      ...this.#sendSome(this.#first, "first"),
      ...(this.#first.size === 0 ? this.#sendSome(this.#repetitions, "repetition") : []),
    ];
    const isWaiting = this.#first.size + this.#repetitions.size > 0;
    if (!isWaiting || this.#isPaceTimerSet) return commands;
    this.#isPaceTimerSet = true;
    return [...commands, { kind: "set-pace-timer" }];
  }

  /** Nothing is sent for an address that has lost its last user meanwhile (L2-134). */
  #sendSome(waiting: Map<string, Round>, kind: "first" | "repetition"): BurstCommand[] {
    const commands: BurstCommand[] = [];
    for (const [key, { ip, on }] of waiting) {
      const isInUse = this.#addresses.userCount(ip) > 0;
      if (isInUse && !this.#budget.take(kind)) break;
      waiting.delete(key);
      if (isInUse) commands.push({ kind: "send-round", ip, on });
    }
    return commands;
  }

  #isBursting(ip: IpAddress, on: string | undefined): boolean {
    return this.#bursts.has(keyOf(ip, on));
  }
}

function keyOf(ip: IpAddress, on: string | undefined): string {
  return `${ip.family} ${ip.value} ${on ?? "*"}`;
}
