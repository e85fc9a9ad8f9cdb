/** The controller's decisions in order: which service is looked at when, under which configuration, and what follows. */
import { Allocator, type Holding, type PoolUsage } from "../allocator/index.ts";
import type { Config, ConfigOutcome, Generation, HeldAddress } from "../config/index.ts";
import { WorkQueue, type Service } from "../kube/index.ts";
import { AddressProbes, type WithheldAddress } from "./address-probes.ts";
import { ConfigNews } from "./config-news.ts";
import type { Decision, Turn } from "./decision.ts";
import { leavesRoom } from "./holding-changes.ts";
import { isSameVersion, KnownServices } from "./known-services.ts";
import { reconcileModern } from "./reconcile-modern.ts";
import { reconcileService } from "./reconcile-service.ts";
import type {
  JudgeService,
  LogFields,
  LogLevel,
  ProbedEvent,
  ReconcilerCommand,
  ReconcilerEvent,
} from "./reconciler-messages.ts";
import type { ServiceOutcome } from "./service-outcome.ts";
import { ingressCount, showsSame } from "./shown-addresses.ts";
import { UsageReport } from "./usage-report.ts";

export interface ReconcilerOptions {
  /** `--lb-class`; empty: services without a class. Not looked at under a ConfigMap. */
  readonly loadBalancerClass?: string;
  /** Others than the real ones only in tests. */
  readonly rules?: Readonly<Record<Generation, JudgeService>>;
}

const realRules = { legacy: reconcileService, modern: reconcileModern };

/** A status write: what it started from, and what it wants stored. */
interface Write extends Turn {
  readonly from: Service;
  readonly wanted: Service;
}

/** Work on so many keys, then let the event loop turn: a pass over 10,000 services must not hold it. */
const keysPerStep = 100;

// Keys of services contain a slash; these do not.
const missingKey = "config missing";
const listedKey = "services listed";
const freedKey = "address freed";
const replayedKey = "holders replayed";

/** The machine; moments are monotonic milliseconds. */
export class Reconciler {
  readonly #allocator = new Allocator();
  readonly #queue = new WorkQueue();
  readonly #services = new KnownServices();
  readonly #probes = new AddressProbes(this.#allocator);
  readonly #rules: Readonly<Record<Generation, JudgeService>>;
  readonly #loadBalancerClass: string;
  readonly #news = new ConfigNews();
  readonly #usageReport = new UsageReport();
  #config: Config | undefined;
  #isConfigMissing = false;
  #isListed = false;
  #mayAllocate = false;
  /** The configuration under which the replay of holders began. */
  #replayedUnder: Config | undefined;
  /** Keys that an event told of, as against those that a pass over all looks at again. */
  readonly #ownTurns = new Set<string>();
  /** Services that asked for an address in vain, in the order of asking. */
  readonly #waiting = new Set<string>();
  readonly #writes = new Map<string, Write>();
  readonly #failedWrites = new Map<string, Write>();
  /** Services that the watch told of while their write was under way. */
  readonly #heard = new Set<string>();
  #commands: ReconcilerCommand[] = [];

  constructor({ loadBalancerClass = "", rules = realRules }: ReconcilerOptions = {}) {
    this.#loadBalancerClass = loadBalancerClass;
    this.#rules = rules;
  }

  /** For the metrics: one row a pool. */
  usage(): PoolUsage[] {
    return this.#allocator.usage();
  }

  /** The addresses in use, which a new configuration must not strand (LC-21). */
  *held(): Generator<HeldAddress> {
    for (const { service, pool, addresses } of this.#allocator.holdings()) {
      for (const address of addresses) yield { service, pool, address };
    }
  }

  /** Addresses of pools with probes that nobody is given for now. */
  withheld(): Iterable<WithheldAddress> {
    return this.#probes.withheld();
  }

  /** Takes one event, works off the queue, and answers what to do, in order. */
  step(event: ReconcilerEvent, nowMs: number): ReconcilerCommand[] {
    this.#commands = [];
    this.#take(event, nowMs);
    if (this.#probes.releaseDue(nowMs) && this.#waiting.size > 0) this.#queue.add(freedKey);
    for (let worked = 0; worked < keysPerStep; worked++) {
      const key = this.#queue.take(nowMs);
      if (key === undefined) break;
      this.#work(key, nowMs);
    }
    const usage = this.#usageReport.take(this.#allocator);
    if (usage !== undefined) this.#do(usage);
    const dueMs = Math.min(this.#queue.nextDueMs() ?? Infinity, this.#probes.nextDueMs());
    if (dueMs !== Infinity) this.#do({ kind: "wakeAfter", ms: Math.max(0, dueMs - nowMs) });
    return this.#commands;
  }

  #take(event: ReconcilerEvent, nowMs: number): void {
    switch (event.kind) {
      case "service":
        return this.#onService(event.key, event.service);
      case "servicesListed":
        return this.#queue.add(listedKey);
      case "config":
        return this.#onConfig(event.outcome);
      case "written":
        return this.#onWritten(event.key, event.service, nowMs);
      case "writeFailed":
        return this.#onWriteFailed(event.key, event.error, nowMs);
      case "probed":
        return this.#onProbed(event, nowMs);
      case "wake":
        return undefined;
      default:
        return event satisfies never;
    }
  }

  #onService(key: string, service: Service | undefined): void {
    if (!this.#services.tell(key, service)) return;
    // Most often it is that very write, which is not to be judged again: the answer will tell.
    if (this.#writes.has(key)) this.#heard.add(key);
    else this.#askFor(key);
  }

  #askFor(key: string): void {
    this.#ownTurns.add(key);
    this.#queue.add(key);
  }

  /** What the watch told while a write was under way, unless it is just what was stored. */
  #askForHeard(key: string, stored?: Service): void {
    const isHeard = this.#heard.delete(key);
    const isOurs = stored !== undefined && isSameVersion(this.#services.get(key), stored);
    if (isHeard && !isOurs) this.#askFor(key);
  }

  #work(key: string, nowMs: number): void {
    const isOwnTurn = this.#ownTurns.delete(key);
    if (isOwnTurn || !this.#isModern()) this.#do({ kind: "count", what: "updates" });
    if (key === missingKey) this.#onStillMissing(nowMs);
    else if (key === listedKey) this.#onListed();
    else if (key === replayedKey) this.#onReplayed();
    else if (key === freedKey) this.#onFreed();
    else this.#reconcile(key, isOwnTurn, nowMs);
  }

  #isModern(): boolean {
    return this.#config?.generation === "modern";
  }

  // Services

  #reconcile(key: string, isOwnTurn: boolean, nowMs: number): void {
    const service = this.#services.get(key);
    if (service === undefined) return this.#forget(key, nowMs);
    const config = this.#config;
    // CTL-3, LC-20: without a configuration nothing is touched; IPAM-53: nor before all services are known.
    if (config === undefined || (this.#isModern() && !this.#isListed)) {
      this.#log("debug", { event: "noConfig", service: key, msg: "not all is known yet" });
      return this.#queue.done(key);
    }
    const before = this.#allocator.holdingOf(key);
    const proposal = this.#proposalFor(key, service);
    const outcome = this.#rules[config.generation](proposal, this.#allocator, {
      mayAllocate: this.#mayAllocate,
      loadBalancerClass: this.#loadBalancerClass,
    });
    const decision = { key, service, proposal, config, before, outcome, isOwnTurn };
    // The key stays in work until the answers come; what the decision took is held meanwhile.
    const commands = this.#probes.holdBack(decision, nowMs);
    if (commands === undefined) this.#carryOut(decision, nowMs);
    else this.#commands.push(...commands);
  }

  #carryOut(decision: Decision, nowMs: number): void {
    const { key, service, proposal, outcome, before, isOwnTurn } = decision;
    const { result } = outcome;
    const changed = outcome.changed ?? proposal;
    // A retry whose address is no longer to be had may come back to what is stored.
    const isNews = changed !== service && !showsSame(changed, service);
    if (isNews) {
      // The key stays in work until the answer comes, so no second write can overtake this one.
      this.#writes.set(key, { from: service, wanted: changed, result, isOwnTurn });
      // First of all: somebody waits for the address, and nobody for the log.
      const isAwaited = ingressCount(service) === 0;
      this.#do({ kind: "writeStatus", key, service: changed, isAwaited });
    }
    this.#tell(key, service, outcome);
    this.#probes.left(before, this.#allocator.holdingOf(key), nowMs);
    this.#follow(key, before, { result, isOwnTurn });
    if (!isNews) this.#finish(key, { result, isOwnTurn }, nowMs);
  }

  // Addresses that somebody on the wire was asked for

  #onProbed({ address, answer }: ProbedEvent, nowMs: number): void {
    const { commands, sure, undone } = this.#probes.answered(address, answer, nowMs);
    this.#commands.push(...commands);
    const isCurrent = ({ key, service, config }: Decision) =>
      this.#services.get(key) === service && this.#config === config;
    for (const decision of sure) if (isCurrent(decision)) this.#carryOut(decision, nowMs);
    // Only when nobody of them holds the address any more is anybody given another one.
    const again = [...undone, ...sure.filter((decision) => !isCurrent(decision))];
    for (const decision of again) this.#undo(decision);
    const own = new Set(again.map(({ key }) => key));
    const others = again.length === 0 ? [] : [...this.#waiting].filter((key) => !own.has(key));
    for (const { key, isOwnTurn } of again) this.#reconcile(key, isOwnTurn, nowMs);
    // They may have left something: what was held for them is not told as freed.
    this.#addInOrder(others);
  }

  #undo({ key, before }: Decision): void {
    this.#allocator.unassign(key);
    if (before !== undefined) this.#allocator.keepUnder(key, before, before.addresses);
  }

  /** What an evaluation means for others, and for the next pass. */
  #follow(key: string, before: Holding | undefined, { result, isOwnTurn }: Turn): void {
    if (result === "done") this.#waiting.delete(key);
    else this.#waiting.add(key);
    const isFreeing = this.#isFreeing(before, this.#allocator.holdingOf(key), result);
    if (isFreeing) this.#queue.add(freedKey);
    // CTL-11: to look at the others again is no error.
    const isError = result === "retry" || (result === "failed" && !isFreeing);
    if (isError) this.#countError(isOwnTurn);
  }

  /** Full passes count neither objects nor errors, but v0.9.5 counts all. */
  #countError(isOwnTurn: boolean): void {
    if (isOwnTurn || !this.#isModern()) this.#do({ kind: "count", what: "updateErrors" });
  }

  /** CTL-11: whether those that wait are to be looked at again. */
  #isFreeing(
    before: Holding | undefined,
    after: Holding | undefined,
    result: ServiceOutcome["result"],
  ): boolean {
    // LC-25: in v0.9.5 a service that asks for no address any more leaves its own silently.
    const isSilent = after === undefined && result === "done" && !this.#isModern();
    return !isSilent && leavesRoom(before, after);
  }

  #tell(key: string, service: Service, { logs, notes }: ServiceOutcome): void {
    for (const { level, fields } of logs) this.#log(level, { service: key, ...fields });
    for (const note of notes) this.#do({ kind: "recordOnService", service, note });
  }

  /** CTL-2; LC-22: in v0.9.5 each deletion, of any service, looks at those that wait. */
  #forget(key: string, nowMs: number): void {
    const held = this.#allocator.unassign(key);
    this.#probes.left(held, undefined, nowMs);
    this.#waiting.delete(key);
    this.#failedWrites.delete(key);
    this.#queue.done(key);
    if (held === undefined && this.#isModern()) return;
    this.#log("info", { event: "serviceDeleted", service: key, msg: "service deleted" });
    this.#queue.add(freedKey);
  }

  #onWritten(key: string, stored: Service, nowMs: number): void {
    const write = this.#writes.get(key);
    if (write === undefined) return;
    this.#writes.delete(key);
    // Unless the watch was faster, this is the newest that we know: judging the old one would free the address.
    this.#services.stored(key, write.from, stored);
    this.#askForHeard(key, stored);
    this.#log("info", { event: "serviceUpdated", service: key, msg: "updated service object" });
    this.#finish(key, write, nowMs);
  }

  /**
   * CTL-7, CTL-8: the retry goes on from what was wanted, so that the address stays held; the write may have been
   * stored after all. When the service changed meanwhile, it starts from that.
   */
  #proposalFor(key: string, service: Service): Service {
    const failed = this.#failedWrites.get(key);
    this.#failedWrites.delete(key);
    return failed !== undefined && isSameVersion(failed.from, service) ? failed.wanted : service;
  }

  #onWriteFailed(key: string, error: string, nowMs: number): void {
    const write = this.#writes.get(key);
    this.#writes.delete(key);
    if (write !== undefined) this.#failedWrites.set(key, write);
    this.#askForHeard(key);
    if (!this.#services.has(key)) return this.#queue.done(key);
    const fields = { op: "updateServiceStatus", service: key, error };
    this.#log("error", { ...fields, msg: "failed to update service status" });
    const isOwnTurn = write?.isOwnTurn ?? true;
    this.#countError(isOwnTurn);
    return this.#finish(key, { result: "retry", isOwnTurn }, nowMs);
  }

  #finish(key: string, { result, isOwnTurn }: Turn, nowMs: number): void {
    if (result !== "retry") return this.#queue.done(key);
    if (isOwnTurn) this.#ownTurns.add(key);
    return this.#queue.retry(key, nowMs);
  }

  // Full passes

  #startPass(): void {
    this.#addInOrder(this.#services.keys());
  }

  /** IPAM-53, CTL-14: those that show most addresses first. */
  #addInOrder(keys: Iterable<string>): void {
    const shown = (key: string): number => ingressCount(this.#services.get(key));
    const ordered = [...keys].sort((a, b) => shown(b) - shown(a));
    for (const key of ordered) this.#queue.add(key);
  }

  /** Whoever has what it asks for keeps it (CTL-13): looking at the others alone comes to the same, and scales. */
  #onFreed(): void {
    this.#queue.done(freedKey);
    this.#addInOrder(this.#waiting);
  }

  #onListed(): void {
    this.#isListed = true;
    this.#queue.done(listedKey);
    if (this.#config !== undefined) this.#startReplay();
  }

  /** One that is under way starts anew at its end, if the configuration has changed by then. */
  #startReplay(): void {
    if (this.#replayedUnder === undefined) this.#replay();
  }

  /** LC-20, IPAM-53: all holders go through once under a configuration before the first new address is given. */
  #replay(): void {
    this.#replayedUnder = this.#config;
    this.#startPass();
    this.#queue.add(replayedKey);
  }

  #onReplayed(): void {
    this.#queue.done(replayedKey);
    if (this.#replayedUnder !== this.#config) return this.#replay();
    this.#mayAllocate = true;
    this.#log("info", { event: "stateSynced", msg: "controller synced, can allocate IPs now" });
    return this.#startPass();
  }

  // Configuration

  /** In force at once: what was checked against the addresses in use must not meet others later (LC-21). */
  #onConfig(outcome: ConfigOutcome): void {
    this.#isConfigMissing = outcome.kind === "missing";
    if (this.#isConfigMissing) return this.#queue.add(missingKey);
    this.#do({ kind: "count", what: "updates" });
    this.#commands.push(...this.#news.tell(outcome, this.#config?.generation));
    if (outcome.kind === "accepted") this.#acceptConfig(outcome.config);
    return undefined;
  }

  #acceptConfig(config: Config): void {
    this.#config = config;
    this.#allocator.setPools(config.pools);
    this.#commands.push(...this.#probes.poolsChanged(config.pools.values()));
    if (this.#mayAllocate) this.#startPass();
    else if (this.#isListed) this.#startReplay();
    // v0.9.5 adopts what it sees before the list is complete.
    else if (!this.#isModern()) this.#startPass();
  }

  #onStillMissing(nowMs: number): void {
    if (!this.#isConfigMissing) return this.#queue.done(missingKey);
    this.#commands.push(...this.#news.tell({ kind: "missing" }, this.#config?.generation));
    this.#do({ kind: "count", what: "updateErrors" });
    return this.#queue.retry(missingKey, nowMs);
  }

  #log(level: LogLevel, fields: LogFields): void {
    this.#do({ kind: "log", level, fields });
  }

  #do(command: ReconcilerCommand): void {
    this.#commands.push(command);
  }
}
