/** The controller's decisions in order: which service is looked at when, under which configuration, and what follows. */

import { Allocator, type Holding } from "../allocator/index.ts";
import { compileConfigMap, findStrandedAddress, type Config } from "../config/index.ts";
import { formatAddress } from "../ip/index.ts";
import { WorkQueue, type Service } from "../kube/index.ts";
import type { ServiceLog, ServiceNote, ServiceOutcome } from "./service-outcome.ts";

export type ReconcilerEvent =
  /** A Service as the API server has it now; undefined: it was deleted. */
  | { readonly kind: "service"; readonly key: string; readonly service: Service | undefined }
  /** The first whole list of Services has been told. */
  | { readonly kind: "servicesListed" }
  /** The configuration's document; undefined: its ConfigMap was deleted. */
  | { readonly kind: "config"; readonly text: string | undefined }
  /** The answer to `writeStatus`: the Service as stored, or why it was not. */
  | { readonly kind: "written"; readonly key: string; readonly service: Service }
  | { readonly kind: "writeFailed"; readonly key: string; readonly error: string }
  | { readonly kind: "wake" };

export type ReconcilerCommand =
  /** Store `service` through its status subresource; answer with `written` or `writeFailed`. */
  | { readonly kind: "writeStatus"; readonly key: string; readonly service: Service }
  | { readonly kind: "recordOnService"; readonly service: Service; readonly note: ServiceNote }
  | { readonly kind: "recordOnConfig"; readonly note: ServiceNote }
  | { readonly kind: "log"; readonly level: LogLevel; readonly fields: Fields }
  | { readonly kind: "count"; readonly what: "updates" | "updateErrors" }
  | { readonly kind: "gauge"; readonly what: "configLoaded" | "configStale"; readonly value: 0 | 1 }
  /** Send `wake` after so long, at the latest; a later `wakeAfter` replaces it. */
  | { readonly kind: "wakeAfter"; readonly ms: number };

type Fields = ServiceLog["fields"];
type LogLevel = ServiceLog["level"];

/** The rules of allocation; `mayAllocate` false: adopt what the status shows, give out nothing new (LC-20). */
export type JudgeService = (
  service: Service,
  allocator: Allocator,
  options: { readonly mayAllocate: boolean },
) => ServiceOutcome;

/** A status write: what it started from, what it wants stored, and whether to come back after it. */
interface Write {
  readonly from: Service;
  readonly wanted: Service;
  readonly result: ServiceOutcome["result"];
}

/** Work on so many keys, then let the event loop turn: a pass over 10,000 services must not hold it. */
const keysPerStep = 100;

// Keys of services contain a slash; these do not.
const configKey = "config";
const listedKey = "services listed";
const freedKey = "address freed";
const replayedKey = "holders replayed";

/** The machine; moments are monotonic milliseconds. */
export class Reconciler {
  readonly #allocator = new Allocator();
  readonly #queue = new WorkQueue();
  readonly #services = new Map<string, Service>();
  readonly #judge: JudgeService;
  #document: string | undefined;
  #config: Config | undefined;
  #isListed = false;
  #mayAllocate = false;
  /** Services that asked for an address in vain, in the order of asking. */
  readonly #waiting = new Set<string>();
  readonly #writes = new Map<string, Write>();
  readonly #failedWrites = new Map<string, Write>();
  #commands: ReconcilerCommand[] = [];

  constructor(judge: JudgeService) {
    this.#judge = judge;
  }

  /** For the metrics: one row a pool. */
  usage(): ReturnType<Allocator["usage"]> {
    return this.#allocator.usage();
  }

  /** Takes one event, works off the queue, and answers what to do, in order. */
  step(event: ReconcilerEvent, nowMs: number): ReconcilerCommand[] {
    this.#commands = [];
    this.#take(event, nowMs);
    for (let worked = 0; worked < keysPerStep; worked++) {
      const key = this.#queue.take(nowMs);
      if (key === undefined) break;
      this.#do({ kind: "count", what: "updates" });
      this.#work(key, nowMs);
    }
    const dueMs = this.#queue.nextDueMs();
    if (dueMs !== undefined) this.#do({ kind: "wakeAfter", ms: Math.max(0, dueMs - nowMs) });
    return this.#commands;
  }

  #take(event: ReconcilerEvent, nowMs: number): void {
    switch (event.kind) {
      case "service":
        return this.#onService(event.key, event.service);
      case "servicesListed":
        return this.#queue.add(listedKey);
      case "config":
        this.#document = event.text;
        return this.#queue.add(configKey);
      case "written":
        return this.#onWritten(event.key, event.service, nowMs);
      case "writeFailed":
        return this.#onWriteFailed(event.key, event.error, nowMs);
      case "wake":
        return undefined;
      default:
        return event satisfies never;
    }
  }

  #onService(key: string, service: Service | undefined): void {
    const known = this.#services.get(key);
    if (service === undefined) this.#services.delete(key);
    else if (isSameVersion(known, service)) return;
    else this.#services.set(key, service);
    this.#queue.add(key);
  }

  #work(key: string, nowMs: number): void {
    if (key === configKey) this.#loadConfig(nowMs);
    else if (key === listedKey) this.#onListed();
    else if (key === replayedKey) this.#onReplayed();
    else if (key === freedKey) this.#onFreed();
    else return this.#reconcile(key, nowMs);
    return undefined;
  }

  // Services

  #reconcile(key: string, nowMs: number): void {
    const service = this.#services.get(key);
    if (service === undefined) return this.#forget(key);
    // LC-20: without a configuration nothing is touched.
    if (this.#config === undefined) return this.#queue.done(key);

    const before = this.#allocator.holdingOf(key);
    const proposal = this.#proposalFor(key, service);
    const outcome = this.#judge(proposal, this.#allocator, { mayAllocate: this.#mayAllocate });
    const changed = outcome.changed ?? proposal;
    if (changed !== service) {
      // The key stays in work until the answer comes, so no second write can overtake this one.
      this.#writes.set(key, { from: service, wanted: changed, result: outcome.result });
      // First of all: somebody waits for the address, and nobody for the log.
      this.#do({ kind: "writeStatus", key, service: changed });
    }
    this.#tell(key, service, outcome);
    if (outcome.result === "done") this.#waiting.delete(key);
    else this.#waiting.add(key);
    const after = this.#allocator.holdingOf(key);
    // LC-25: a service that asks for no address any more leaves its own silently.
    const isSilent = after === undefined && outcome.result === "done";
    if (!isSilent && leavesRoom(before, after)) this.#queue.add(freedKey);
    if (changed === service) this.#finish(key, outcome.result, nowMs);
  }

  #tell(key: string, service: Service, { logs, notes, result }: ServiceOutcome): void {
    for (const { level, fields } of logs) this.#log(level, { service: key, ...fields });
    for (const note of notes) this.#do({ kind: "recordOnService", service, note });
    if (result === "retry") this.#do({ kind: "count", what: "updateErrors" });
  }

  /** LC-22: each deletion, of any service, looks at those that wait: the address may be for one of them. */
  #forget(key: string): void {
    this.#log("info", { event: "serviceDeleted", service: key, msg: "service deleted" });
    this.#allocator.unassign(key);
    this.#waiting.delete(key);
    this.#failedWrites.delete(key);
    this.#queue.done(key);
    this.#queue.add(freedKey);
  }

  #onWritten(key: string, stored: Service, nowMs: number): void {
    const write = this.#writes.get(key);
    if (write === undefined) return;
    this.#writes.delete(key);
    // Unless the watch was faster, this is the newest that we know: judging the old one would free the address.
    if (isSameVersion(this.#services.get(key), write.from)) this.#services.set(key, stored);
    this.#log("info", { event: "serviceUpdated", service: key, msg: "updated service object" });
    this.#finish(key, write.result, nowMs);
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
    if (!this.#services.has(key)) return this.#queue.done(key);
    const fields = { op: "updateServiceStatus", service: key, error };
    this.#log("error", { ...fields, msg: "failed to update service status" });
    this.#do({ kind: "count", what: "updateErrors" });
    return this.#queue.retry(key, nowMs);
  }

  #finish(key: string, result: ServiceOutcome["result"], nowMs: number): void {
    if (result === "retry") this.#queue.retry(key, nowMs);
    else this.#queue.done(key);
  }

  // Full passes

  /** In any order: who holds an address keeps it, and before the replay nobody gets one. */
  #startPass(): void {
    for (const key of this.#services.keys()) this.#queue.add(key);
  }

  /** Whoever has what it asks for keeps it (CTL-13): looking at the others alone comes to the same, and scales. */
  #onFreed(): void {
    this.#queue.done(freedKey);
    for (const key of this.#waiting) this.#queue.add(key);
  }

  #onListed(): void {
    this.#isListed = true;
    this.#queue.done(listedKey);
    if (this.#config !== undefined) this.#replay();
  }

  /** LC-20: all holders go through once under a configuration before the first new address is given. */
  #replay(): void {
    this.#startPass();
    this.#queue.add(replayedKey);
  }

  #onReplayed(): void {
    this.#mayAllocate = true;
    this.#queue.done(replayedKey);
    this.#log("info", { event: "stateSynced", msg: "controller synced, can allocate IPs now" });
    for (const key of this.#waiting) this.#queue.add(key);
  }

  // Configuration

  #loadConfig(nowMs: number): void {
    if (this.#document === undefined) return this.#onConfigMissing(nowMs);
    this.#queue.done(configKey);
    const compiled = compileConfigMap(this.#document);
    if (!compiled.ok) return this.#refuseConfig(compiled.error.message);
    const stranded = findStrandedAddress(compiled.config, heldBy(this.#allocator));
    if (stranded !== undefined) return this.#refuseConfig(stranded.message);
    for (const msg of compiled.warnings) this.#log("warn", { op: "setConfig", msg });
    return this.#acceptConfig(compiled.config);
  }

  #acceptConfig(config: Config): void {
    this.#config = config;
    this.#allocator.setPools(config.pools);
    this.#log("info", { event: "configLoaded", msg: "config (re)loaded" });
    this.#do({ kind: "gauge", what: "configLoaded", value: 1 });
    this.#do({ kind: "gauge", what: "configStale", value: 0 });
    if (this.#isListed && !this.#mayAllocate) this.#replay();
    else this.#startPass();
  }

  /** LC-21, LC-28: the last good configuration stays in force until the document changes again. */
  #refuseConfig(error: string): void {
    const kept = this.#config === undefined ? "no configuration is" : "the previous one stays";
    const msg = `configuration refused, ${kept} in force`;
    this.#log("error", { event: "configStale", error, msg });
    this.#do({ kind: "gauge", what: "configStale", value: 1 });
    const note: ServiceNote = {
      type: "Warning",
      reason: "ConfigRefused",
      message: `${msg}: ${error}`,
    };
    this.#do({ kind: "recordOnConfig", note });
  }

  /** LC-27: an error for as long as it lasts, while the old configuration works on. */
  #onConfigMissing(nowMs: number): void {
    const error = "the ConfigMap was deleted; create it again, or the next restart has no pools";
    this.#log("error", { op: "setConfig", error, msg: "no MetalLB configuration in cluster" });
    this.#do({ kind: "gauge", what: "configStale", value: 1 });
    this.#do({ kind: "count", what: "updateErrors" });
    this.#queue.retry(configKey, nowMs);
  }

  #log(level: LogLevel, fields: Fields): void {
    this.#do({ kind: "log", level, fields });
  }

  #do(command: ReconcilerCommand): void {
    this.#commands.push(command);
  }
}

/** IPAM-43, IPAM-60: whether an address, a port of it, or a key to share it by is there for others now. */
function leavesRoom(before: Holding | undefined, after: Holding | undefined): boolean {
  if (before === undefined) return after !== undefined && after.sharingKey !== "";
  return after === undefined || termsOf(before) !== termsOf(after);
}

function termsOf({ addresses, sharingKey, backendKey, ports }: Holding): string {
  return [addresses.map(formatAddress), sharingKey, backendKey, ports].join("\n");
}

function isSameVersion(a: Service | undefined, b: Service): boolean {
  const version = b.metadata.resourceVersion;
  return a !== undefined && version !== undefined && a.metadata.resourceVersion === version;
}

function* heldBy(allocator: Allocator) {
  for (const { service, pool, addresses } of allocator.holdings()) {
    for (const address of addresses) yield { service, pool, address };
  }
}
