/** Tells what is seen on the wire in conditions of ServiceL2Status objects: also of other nodes', as owners cannot see themselves. */

import type { Condition, ServiceL2Status } from "../kube/index.ts";
import {
  hasStatus,
  KubeApiError,
  type KubeClient,
  type Logger,
  monotonicMs,
  NamedTimers,
} from "../platform/index.ts";
import type { WireCondition } from "../wire/index.ts";
import { ConditionLane } from "./condition-lane.ts";
import { ConditionObjects, subjectOfStatus } from "./condition-objects.ts";

/** The owner writes its object first; so often we look for it, twice as long apart each time: some 3 minutes. */
const mostTries = 16;
/** While the API server does not answer all waits, twice as long each time, and nothing is given up. */
const firstPauseMs = 250;
const lastPauseMs = 30_000;
/** Where the definition does not know conditions, the server drops them; so long we leave it at that. */
const prunedMs = 600_000;
/** So long all that is told at one time gathers. */
const gatherMs = 100;
/** Ten a second: whoever forges answers must not keep the API server busy. */
const urgentPace = { everyMs: 100, roundMs: 500 };
const newsPace = { everyMs: 100, roundMs: 5000 };
/** What was so at our start is told already, or nobody missed it; ten a second would be most of what a speaker does. */
const restPace = { everyMs: 1000, roundMs: 50_000 };

/** `rest`: it was so at our start, and is of less hurry where nobody was told otherwise. */
export type Hurry = "news" | "rest";

interface Wanted {
  readonly node: string;
  /** One of each type. */
  readonly conditions: readonly WireCondition[];
  /** Where it waits; what the other lane still has of it is passed over. */
  readonly lane: ConditionLane;
  tries: number;
}

export interface ConditionWriterOptions {
  readonly client: Pick<KubeClient, "list" | "patch">;
  readonly logger: Logger;
  readonly namespace: string;
}

export class ConditionWriter {
  readonly #logger: Logger;
  readonly #objects: ConditionObjects;
  readonly #wanted = new Map<string, Wanted>();
  /** Trouble does not wait behind ten thousand services of which all is well. */
  readonly #urgent = new ConditionLane(urgentPace);
  readonly #news = new ConditionLane(newsPace);
  readonly #rest = new ConditionLane(restPace);
  /** The first goes first. */
  readonly #lanes = [this.#urgent, this.#news, this.#rest];
  /** Services of which an earlier life, or another speaker, told trouble that is not confirmed or taken back yet. */
  readonly #suspects = new Set<string>();
  readonly #timers = new NamedTimers<"wake" | "work" | "clear">((name) => {
    if (name !== "clear") void this.#work();
    else if (this.#unread !== undefined) void this.readBefore(this.#unread);
  });
  /** Our node, while what was told before could not be read. */
  #unread: string | undefined;
  #prunedUntilMs = 0;
  #pausedUntilMs = 0;
  /** Requests in a row to which the API server did not answer. */
  #outages = 0;
  #isWorking = false;
  #isStopped = false;
  #isTroubleTold = false;

  constructor({ client, logger, namespace }: ConditionWriterOptions) {
    this.#logger = logger;
    this.#objects = new ConditionObjects(client, namespace);
  }

  /** What is so from now on of the service that `node` announces. */
  set(service: string, node: string, condition: WireCondition, hurry: Hurry = "news"): void {
    const before = this.#wanted.get(service);
    const kept = before?.node === node ? before.conditions : [];
    const others = kept.filter(({ type }) => type !== condition.type);
    const isUrgent = isConflict(condition) || [condition, ...kept].some(isTrouble);
    const isNews = hurry === "news" || before?.lane === this.#news;
    const lane = isUrgent ? this.#urgent : this.#calmLane(service, isNews);
    // How long the object of another owner was not there says nothing of this one's.
    if (before?.node !== node) this.#forgetFailures(service);
    this.#wanted.set(service, { node, conditions: others.concat(condition), lane, tries: 0 });
    lane.queue.add(service);
    if (!this.#isStopped) this.#timers.setOnce("wake", gatherMs);
  }

  #calmLane(service: string, isNews: boolean): ConditionLane {
    return isNews || this.#suspects.has(service) ? this.#news : this.#rest;
  }

  /** It is another's to tell, or nobody announces it. */
  forget(service: string): void {
    this.#wanted.delete(service);
    this.#suspects.delete(service);
    this.#forgetFailures(service);
  }

  /**
   * Reads what was told before we began: conflicts of our own node `node`, of which nothing is known now, are taken back;
   * where trouble was told of another's, what is so now does not wait.
   */
  async readBefore(node: string): Promise<void> {
    try {
      for await (const object of this.#objects.all()) this.#takeBefore(object, node);
      this.#unread = undefined;
    } catch (error) {
      this.#tellTrouble(error);
      if (!isOutage(error) || this.#isStopped) return;
      this.#unread = node;
      this.#timers.set("clear", this.#pause());
    }
  }

  #takeBefore(object: ServiceL2Status, self: string): void {
    const { service, node } = subjectOfStatus(object);
    const told = (object.status?.conditions ?? []).filter((one) => isTrouble(one));
    const wanted = this.#wanted.get(service);
    const isKnown = wanted?.conditions.some(isConflict) === true;
    if (node === self && told.some(isConflict) && !isKnown) this.set(service, self, noConflict);
    if (!told.some((one) => !isConflict(one))) return;
    if (wanted === undefined) this.#suspects.add(service);
    else for (const one of wanted.conditions) this.set(service, wanted.node, one);
  }

  stop(): void {
    this.#isStopped = true;
    this.#timers.cancelAll();
  }

  #forgetFailures(service: string): void {
    for (const { queue } of this.#lanes) queue.done(service);
  }

  async #work(): Promise<void> {
    if (this.#isWorking || this.#isStopped) return;
    this.#isWorking = true;
    while (this.#mayGoOn()) {
      const lane = this.#lanes.find((one) => one.isDue(monotonicMs()));
      if (lane === undefined) break;
      await this.#writeSome(lane);
    }
    this.#isWorking = false;
    this.#workLater(monotonicMs());
  }

  /** An outage, or our own end, ends what is under way as well. */
  #mayGoOn(): boolean {
    return !this.#isStopped && monotonicMs() >= this.#pausedUntilMs;
  }

  #workLater(nowMs: number): void {
    const dueMs = this.#lanes.flatMap((lane) => lane.nextMs(nowMs) ?? []);
    if (dueMs.length === 0 || this.#isStopped) return;
    const atMs = Math.max(Math.min(...dueMs), this.#pausedUntilMs);
    this.#timers.set("work", Math.max(gatherMs, atMs - nowMs));
  }

  async #writeSome(lane: ConditionLane): Promise<void> {
    const services = lane.take(monotonicMs()).filter((service) => {
      const isOurs = this.#wanted.get(service)?.lane === lane && !this.#isPruned();
      if (!isOurs) lane.queue.done(service);
      return isOurs;
    });
    if (services.length === 0) return;
    let objects: readonly ServiceL2Status[];
    try {
      objects = await this.#objects.about(services);
    } catch (error) {
      this.#failed(lane, services, error);
      return;
    }
    const found = new Map(objects.map((object) => [keyOf(subjectOfStatus(object)), object]));
    for (const service of services) await this.#tryWrite(lane, service, found);
  }

  async #tryWrite(
    lane: ConditionLane,
    service: string,
    found: ReadonlyMap<string, ServiceL2Status>,
  ): Promise<void> {
    const isOvertaken = lane !== this.#urgent && this.#urgent.isDue(monotonicMs());
    if (isOvertaken || !this.#mayGoOn()) return comeBack(lane, service);
    const wanted = this.#wanted.get(service);
    if (wanted === undefined || this.#isPruned()) return lane.queue.done(service);
    const object = found.get(keyOf({ service, node: wanted.node }));
    if (object === undefined) return this.#tryAgain(lane, service);
    try {
      if ((await this.#objects.write(object, wanted.conditions)) === "pruned") this.#tellPruned();
      lane.queue.done(service);
      this.#suspects.delete(service);
      // Ten thousand services of which all is well need not be remembered.
      const isOld = this.#wanted.get(service) !== wanted;
      if (!isOld && !wanted.conditions.some(isTrouble)) this.#wanted.delete(service);
      this.#isTroubleTold = false;
      this.#outages = 0;
    } catch (error) {
      this.#failed(lane, [service], error);
    }
  }

  #failed(lane: ConditionLane, services: readonly string[], error: unknown): void {
    // Somebody else wrote it meanwhile: look again.
    if (!hasStatus(error, 409)) this.#tellTrouble(error);
    if (!isOutage(error)) {
      for (const service of services) this.#tryAgain(lane, service);
      return;
    }
    for (const service of services) comeBack(lane, service);
    this.#pausedUntilMs = monotonicMs() + this.#pause();
  }

  #tryAgain({ queue }: ConditionLane, service: string): void {
    const wanted = this.#wanted.get(service);
    if (wanted !== undefined && ++wanted.tries < mostTries) queue.retry(service, monotonicMs());
    else queue.done(service);
  }

  /** How long to leave the API server alone now; milliseconds. */
  #pause(): number {
    return Math.min(lastPauseMs, firstPauseMs * 2 ** Math.min(this.#outages++, 10));
  }

  #isPruned(): boolean {
    return monotonicMs() < this.#prunedUntilMs;
  }

  #tellPruned(): void {
    this.#prunedUntilMs = monotonicMs() + prunedMs;
    const msg =
      "the CustomResourceDefinition of ServiceL2Status has no conditions (MetalLB's has none, ours has), so what is " +
      "seen on the wire is told in events, metrics and on the page /wire only";
    this.#logger.info({ op: "reportWire", msg });
  }

  #tellTrouble(error: unknown): void {
    if (this.#isTroubleTold || this.#isStopped) return;
    this.#isTroubleTold = true;
    const msg = "conditions of service statuses cannot be written, trying again";
    this.#logger.warn({ op: "reportWire", error, msg });
  }
}

function keyOf({ service, node = "" }: { service: string; node: string | undefined }): string {
  return `${service} ${node}`;
}

/** It goes behind all others: the trouble may be its own. */
function comeBack({ queue }: ConditionLane, service: string): void {
  queue.add(service);
  queue.done(service);
}

type Told = Pick<Condition, "type" | "status">;

function isConflict({ type }: Told): boolean {
  return type === "Conflict";
}

function isTrouble(condition: Told): boolean {
  return condition.status === (isConflict(condition) ? "True" : "False");
}

/** No answer, or none for now: says nothing about what was to be written. */
function isOutage(error: unknown): boolean {
  if (!(error instanceof KubeApiError)) return true;
  return error.status === 0 || error.status === 429 || error.status >= 500;
}

export const noConflict: WireCondition = {
  type: "Conflict",
  status: "False",
  reason: "NobodyElse",
  message: "no other machine was heard with its addresses lately",
};
