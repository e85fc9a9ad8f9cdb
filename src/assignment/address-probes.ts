/**
 * Asks before a new address of a pool with `metallb-ts/probe` is given: what the rules decided is held back until
 * somebody on the wire was asked for each new address of it, and an address that another machine uses is withheld.
 */
import type { Allocator, Holding } from "../allocator/index.ts";
import type { Pool } from "../config/index.ts";
import { formatAddress, type IpAddress, parseAddress } from "../ip/index.ts";
import type { Service } from "../kube/index.ts";
import { Deadlines } from "./deadlines.ts";
import type { Decision } from "./decision.ts";
import type { ProbeAnswer } from "./probe-answer.ts";
import { ProbeNews } from "./probe-news.ts";
import type { ReconcilerCommand } from "./reconciler-messages.ts";

export interface WithheldAddress {
  readonly address: string;
  readonly pool: string;
  readonly why: string;
  /** Monotonic milliseconds. */
  readonly untilMs: number;
}

export interface ProbeResult {
  readonly commands: readonly ReconcilerCommand[];
  /** All their new addresses may be given: they may be carried out. */
  readonly sure: readonly Decision[];
  /** They gave an address that is withheld now: the rules must be asked again. */
  readonly undone: readonly Decision[];
}

/** Long enough for the machine to be found and for events not to flood, short enough for a small pool. */
const usedMs = 10 * 60_000;
/** The other one goes on or gives up within RFC 5227's ten seconds, and then has it or not. */
const probedMs = 30_000;
/** One of our own speakers has not heard yet that the Service is gone. */
const oursMs = 5_000;
/** So long after a Service left an address one of our own nodes may still answer for it. */
const lingersMs = 30_000;
/** An address that was free a moment ago is not asked for again, as when a write must be repeated. */
const sureMs = 10_000;

interface Open {
  readonly address: IpAddress;
  readonly pool: string;
  readonly waiting: Set<string>;
}

interface HeldBack {
  readonly decision: Decision;
  readonly awaited: Set<string>;
}

interface Withheld extends WithheldAddress {
  readonly ip: IpAddress;
}

export class AddressProbes {
  readonly #allocator: Allocator;
  /** By address. */
  readonly #open = new Map<string, Open>();
  /** By service. */
  readonly #held = new Map<string, HeldBack>();
  /** Addresses, until when they need not be asked for. */
  readonly #sure = new Deadlines();
  /** Address -> when a Service left it; the earliest first. */
  readonly #left = new Map<string, number>();
  readonly #withheld = new Map<string, Withheld>();
  readonly #rests = new Deadlines();
  readonly #news = new ProbeNews();
  /** Names of pools. */
  #prepared: ReadonlySet<string> = new Set();

  constructor(allocator: Allocator) {
    this.#allocator = allocator;
  }

  withheld(): IterableIterator<WithheldAddress> {
    return this.#withheld.values();
  }

  /** Undefined: nobody needs to be asked, the decision may be carried out. What the service leaves stays its own meanwhile. */
  holdBack(decision: Decision, nowMs: number): ReconcilerCommand[] | undefined {
    const { key, before } = decision;
    const after = this.#allocator.holdingOf(key);
    const addresses = this.#unsure(decision, after, nowMs);
    if (after === undefined || addresses.length === 0) return undefined;
    const texts = addresses.map(formatAddress);
    this.#held.set(key, { decision, awaited: new Set(texts) });
    if (before !== undefined) {
      const leaving = before.addresses.filter((one) => !isAmong(one, after.addresses));
      this.#allocator.keepUnder(nameWhileAsking(key), before, leaving);
    }
    const commands: ReconcilerCommand[] = [];
    for (const [at, address] of addresses.entries()) {
      const text = texts[at] as string;
      const open = this.#open.get(text);
      if (open === undefined) commands.push({ kind: "probe", address: text, pool: after.pool });
      const waiting = open?.waiting ?? new Set();
      this.#open.set(text, { address, pool: after.pool, waiting: waiting.add(key) });
    }
    return commands;
  }

  /** An answer that nobody waits for any more does nothing. */
  answered(text: string, answer: ProbeAnswer, nowMs: number): ProbeResult {
    const open = this.#open.get(text);
    if (open === undefined) return { commands: [], sure: [], undone: [] };
    this.#open.delete(text);
    const waiting = [...open.waiting].flatMap((key) => this.#held.get(key) ?? []);
    const lingers = nowMs - (this.#left.get(text) ?? Number.NEGATIVE_INFINITY) < lingersMs;
    // The annotation may be gone by now: then nobody wants to know.
    const isWanted = this.#allocator.poolAround(open.address)?.probe === true;
    const foundMs = restMs(answer, lingers);
    const forMs = isWanted ? foundMs : 0;
    const services = waiting.map(({ decision }) => decision.service);
    const { pool, address } = open;
    const told = { address: text, family: address.family, pool, answer, lingers, forMs };
    const commands = isWanted ? this.#news.tell(told, services) : [];
    if (forMs > 0) {
      const why = this.#news.why(told);
      const untilMs = nowMs + forMs;
      this.#withheld.set(text, { address: text, ip: open.address, pool: open.pool, why, untilMs });
      this.#rests.set(text, untilMs);
      this.#allocator.withhold(open.address, why);
      for (const { decision } of waiting) this.#letGo(decision.key);
      return { commands, sure: [], undone: waiting.map(({ decision }) => decision) };
    }
    // Whether it is wanted or not: what another machine has is not sure when the annotation comes back.
    if (foundMs === 0) this.#sure.set(text, nowMs + sureMs);
    for (const { awaited } of waiting) awaited.delete(text);
    const sure = waiting.filter(({ awaited }) => awaited.size === 0);
    for (const { decision } of sure) this.#letGo(decision.key);
    return { commands, sure: sure.map(({ decision }) => decision), undone: [] };
  }

  /** What a service left, by whatever way: one of our nodes may still answer for it. */
  left(before: Holding | undefined, after: Holding | undefined, nowMs: number): void {
    for (const address of before?.addresses ?? []) {
      if (isAmong(address, after?.addresses ?? [])) continue;
      if (this.#allocator.poolAround(address)?.probe !== true) continue;
      const text = formatAddress(address);
      this.#left.delete(text);
      this.#left.set(text, nowMs);
    }
    for (const [text, atMs] of this.#left) {
      if (nowMs - atMs < lingersMs) break;
      this.#left.delete(text);
    }
  }

  /** Of pools that are asked for no more nothing is withheld; those that are new are to be made ready. */
  poolsChanged(pools: Iterable<Pool>): ReconcilerCommand[] {
    const probing = [...pools].filter(({ probe }) => probe === true);
    const fresh = probing.filter(({ name }) => !this.#prepared.has(name));
    this.#prepared = new Set(probing.map(({ name }) => name));
    for (const { ip, address } of this.#withheld.values()) {
      if (this.#allocator.poolAround(ip)?.probe !== true) this.#release(address, ip);
    }
    return fresh.flatMap(({ name, prefixes }) =>
      ([4, 6] as const).flatMap((family): ReconcilerCommand[] => {
        const first = prefixes.find((prefix) => prefix.family === family)?.first;
        if (first === undefined) return [];
        const address = formatAddress({ family, value: first });
        return [{ kind: "prepareProbe", address, pool: name }];
      }),
    );
  }

  /** Gives addresses back whose time is over: whoever gets one asks for it again. True: there were some. */
  releaseDue(nowMs: number): boolean {
    this.#sure.takeDue(nowMs);
    const due = this.#rests.takeDue(nowMs).flatMap((text) => this.#withheld.get(text) ?? []);
    for (const { ip, address } of due) this.#release(address, ip);
    return due.length > 0;
  }

  /** Infinity: never. */
  nextDueMs(): number {
    return this.#rests.nextMs();
  }

  /**
   * New addresses of pools with probes that nobody has, and that were not found free a moment ago. What the Service
   * holds is not new, whatever became of its status: our own speaker would answer.
   */
  #unsure(decision: Decision, after: Holding | undefined, nowMs: number): IpAddress[] {
    const { key, proposal, before } = decision;
    const own = [...(before?.addresses ?? []), ...shownAddresses(proposal)];
    return (after?.addresses ?? []).filter((address) => {
      if (this.#allocator.poolAround(address)?.probe !== true) return false;
      if (isAmong(address, own)) return false;
      const text = formatAddress(address);
      if (this.#open.has(text)) return true;
      if (this.#sure.isAhead(text, nowMs)) return false;
      return !this.#allocator.isHeldByOthers(address, key);
    });
  }

  /** The service waits for nothing any more. */
  #letGo(key: string): void {
    for (const text of this.#held.get(key)?.awaited ?? [])
      this.#open.get(text)?.waiting.delete(key);
    this.#held.delete(key);
    this.#allocator.unassign(nameWhileAsking(key));
  }

  #release(text: string, ip: IpAddress): void {
    this.#withheld.delete(text);
    this.#rests.delete(text);
    this.#allocator.release(ip);
  }
}

/** How long the address is not given to anybody; 0: it may be given. */
function restMs(answer: ProbeAnswer, lingers: boolean): number {
  if (answer.kind === "ours") return oursMs;
  if (answer.kind !== "used") return 0;
  if (answer.how === "probes") return probedMs;
  return lingers ? oursMs : usedMs;
}

/** Holds the addresses that a service would leave. No service has such a name. */
function nameWhileAsking(key: string): string {
  return `${key} (until it has another address)`;
}

function isAmong({ family, value }: IpAddress, addresses: readonly IpAddress[]): boolean {
  return addresses.some((one) => one.family === family && one.value === value);
}

/** By value: somebody else may have written the status, in another spelling. */
function shownAddresses({ status }: Service): IpAddress[] {
  const ingress = status?.loadBalancer?.ingress ?? [];
  return ingress.flatMap(({ ip = "" }) => parseAddress(ip) ?? []);
}
