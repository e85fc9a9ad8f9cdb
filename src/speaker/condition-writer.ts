/** Writes conditions of ServiceL2Status objects: also of other nodes', because their owners cannot see themselves. */

import type { Condition, ServiceL2Status, WorkQueue } from "../kube/index.ts";
import {
  hasStatus,
  KubeApiError,
  type KubeClient,
  type Logger,
  monotonicMs,
  NamedTimers,
  type ResourceRef,
  timestamp,
} from "../platform/index.ts";
import { mergeConditions, statusesAbout, statusesOfNode } from "../status/index.ts";
import type { WireCondition } from "../wire/index.ts";
import { ConditionLane } from "./condition-lane.ts";

/** The owner writes its object first; so often we look for it, twice as long apart each time: some 5 minutes. */
const mostTries = 16;
/** While the API server does not answer all waits, twice as long each time, and nothing is given up. */
const firstPauseMs = 250;
const lastPauseMs = 30_000;
/** Where the definition does not know conditions, the server drops them; so long we leave it at that. */
const prunedMs = 600_000;
/** Less would be more requests than are of use. */
const shortestMs = 100;
const urgentRoundMs = 500;
const calmRoundMs = 5000;
const pageSize = 500;

interface Wanted {
  readonly node: string;
  /** One of each type. */
  readonly conditions: readonly WireCondition[];
  tries: number;
}

interface Batch {
  readonly queue: WorkQueue;
  readonly services: readonly string[];
}

export interface ConditionWriterOptions {
  readonly client: Pick<KubeClient, "list" | "patch">;
  readonly logger: Logger;
  readonly namespace: string;
}

export class ConditionWriter {
  readonly #options: ConditionWriterOptions;
  readonly #ref: ResourceRef;
  readonly #wanted = new Map<string, Wanted>();
  /** Trouble does not wait behind ten thousand services of which all is well. */
  readonly #urgent = new ConditionLane(urgentRoundMs);
  readonly #calm = new ConditionLane(calmRoundMs);
  readonly #timers = new NamedTimers<"work" | "clear">((name) => {
    if (name === "work") void this.#work();
    else if (this.#uncleared !== undefined) void this.clearConflicts(this.#uncleared);
  });
  /** The node whose conflicts could not be looked at yet. */
  #uncleared: string | undefined;
  #prunedUntilMs = 0;
  #pausedUntilMs = 0;
  /** Requests in a row to which the API server did not answer. */
  #outages = 0;
  #isWorking = false;
  #isStopped = false;
  #isTroubleTold = false;

  constructor(options: ConditionWriterOptions) {
    this.#options = options;
    const { namespace } = options;
    this.#ref = { group: "metallb.io", version: "v1beta1", plural: "servicel2statuses", namespace };
  }

  /** What is so from now on of the service that `node` announces. */
  set(service: string, node: string, condition: WireCondition): void {
    const before = this.#wanted.get(service);
    const kept = before?.node === node ? before.conditions : [];
    const others = kept.filter(({ type }) => type !== condition.type);
    this.#wanted.set(service, { node, conditions: others.concat(condition), tries: 0 });
    const isUrgent = isTrouble(condition) || kept.some(isTrouble);
    (isUrgent ? this.#urgent : this.#calm).queue.add(service);
    void this.#work();
  }

  /** It is another's to tell, or nobody announces it. */
  forget(service: string): void {
    this.#wanted.delete(service);
  }

  /** Takes back what an earlier life of this speaker said of conflicts, of which nothing is known now. */
  async clearConflicts(node: string): Promise<void> {
    try {
      for await (const object of this.#allOf(node)) {
        const { conditions = [] } = object.status ?? {};
        const service = serviceOf(object);
        const isStale = conditions.some((one) => one.type === "Conflict" && one.status === "True");
        const isKnown = this.#wanted.get(service)?.conditions.some(isConflict) === true;
        if (isStale && !isKnown) this.set(service, node, noConflict);
      }
    } catch (error) {
      this.#tellTrouble(error);
      if (!isOutage(error) || this.#isStopped) return;
      this.#uncleared = node;
      this.#timers.set("clear", this.#pause());
    }
  }

  stop(): void {
    this.#isStopped = true;
    this.#timers.cancelAll();
  }

  async #work(): Promise<void> {
    if (this.#isWorking || this.#isStopped) return;
    this.#isWorking = true;
    for (;;) {
      const batch = this.#takeSome(monotonicMs());
      if (batch === undefined) break;
      await this.#writeSome(batch);
    }
    this.#isWorking = false;
    this.#workLater(monotonicMs());
  }

  #takeSome(nowMs: number): Batch | undefined {
    if (this.#isStopped || nowMs < this.#pausedUntilMs) return undefined;
    for (const lane of [this.#urgent, this.#calm]) {
      const services = lane.take(nowMs);
      if (services.length > 0) return { queue: lane.queue, services };
    }
    return undefined;
  }

  #workLater(nowMs: number): void {
    const dueMs = [this.#urgent, this.#calm].flatMap((lane) => lane.nextMs(nowMs) ?? []);
    if (dueMs.length === 0 || this.#isStopped) return;
    const atMs = Math.max(Math.min(...dueMs), this.#pausedUntilMs);
    this.#timers.set("work", Math.max(shortestMs, atMs - nowMs));
  }

  async #writeSome({ queue, services }: Batch): Promise<void> {
    const byNode = new Map<string, string[]>();
    for (const service of services) {
      const node = this.#wanted.get(service)?.node;
      if (node === undefined || this.#isPruned()) queue.done(service);
      else byNode.set(node, [...(byNode.get(node) ?? []), service]);
    }
    for (const [node, ofNode] of byNode) await this.#writeOfNode(node, { queue, services: ofNode });
  }

  async #writeOfNode(node: string, { queue, services }: Batch): Promise<void> {
    const labelSelector = statusesAbout(services, node);
    let items: readonly ServiceL2Status[];
    try {
      ({ items } = await this.#options.client.list<ServiceL2Status>(this.#ref, { labelSelector }));
    } catch (error) {
      this.#failed(queue, services, error);
      return;
    }
    const objects = new Map(items.map((object) => [serviceOf(object), object]));
    for (const service of services) {
      try {
        const isWritten =
          this.#isPruned() || (await this.#write(objects.get(service), this.#wanted.get(service)));
        if (isWritten) queue.done(service);
        else this.#tryAgain(queue, service);
        this.#isTroubleTold = false;
        this.#outages = 0;
      } catch (error) {
        this.#failed(queue, [service], error);
      }
    }
  }

  #isPruned(): boolean {
    return monotonicMs() < this.#prunedUntilMs;
  }

  #failed(queue: WorkQueue, services: readonly string[], error: unknown): void {
    // Somebody else wrote it meanwhile: look again.
    if (!hasStatus(error, 409)) this.#tellTrouble(error);
    if (!isOutage(error)) {
      for (const service of services) this.#tryAgain(queue, service);
      return;
    }
    for (const service of services) comeBack(queue, service);
    this.#pausedUntilMs = monotonicMs() + this.#pause();
  }

  #tryAgain(queue: WorkQueue, service: string): void {
    const wanted = this.#wanted.get(service);
    if (wanted !== undefined && ++wanted.tries < mostTries) queue.retry(service, monotonicMs());
    else queue.done(service);
  }

  /** How long to leave the API server alone now; milliseconds. */
  #pause(): number {
    return Math.min(lastPauseMs, firstPauseMs * 2 ** Math.min(this.#outages++, 10));
  }

  /** False: there is no object of the owner yet. */
  async #write(object: ServiceL2Status | undefined, wanted: Wanted | undefined): Promise<boolean> {
    if (wanted === undefined) return true;
    if (object?.status?.node !== wanted.node) return false;
    const now = timestamp().replace(/\.\d+/, "");
    const merged = mergeConditions(object.status.conditions ?? [], wanted.conditions, now);
    if (merged !== undefined) await this.#patch(object, merged);
    return true;
  }

  /** In pages: a node may have ten thousand. */
  async *#allOf(node: string): AsyncIterableIterator<ServiceL2Status> {
    const { client } = this.#options;
    const labelSelector = statusesOfNode(node);
    let next: string | undefined;
    do {
      const page = await client.list<ServiceL2Status>(this.#ref, {
        labelSelector,
        limit: pageSize,
        ...(next === undefined ? {} : { continue: next }),
      });
      yield* page.items;
      next = page.continue || undefined;
    } while (next !== undefined);
  }

  async #patch({ metadata }: ServiceL2Status, conditions: readonly Condition[]): Promise<void> {
    const { name, resourceVersion } = metadata;
    // Of the version that was looked at: a merge replaces the whole list.
    const patch = { metadata: { resourceVersion }, status: { conditions } };
    const options = { type: "merge", subresource: "status" } as const;
    const { client, logger } = this.#options;
    const patched = await client.patch<ServiceL2Status>(this.#ref, name, patch, options);
    if (patched.status?.conditions !== undefined) return;
    this.#prunedUntilMs = monotonicMs() + prunedMs;
    const msg =
      "the CustomResourceDefinition of ServiceL2Status has no conditions (MetalLB's has none, ours has), so what is " +
      "seen on the wire is told in events, metrics and on the page /wire only";
    logger.info({ op: "reportWire", msg });
  }

  #tellTrouble(error: unknown): void {
    if (this.#isTroubleTold || this.#isStopped) return;
    this.#isTroubleTold = true;
    const msg = "conditions of service statuses cannot be written, trying again";
    this.#options.logger.warn({ op: "reportWire", error, msg });
  }
}

/** It goes behind all others: the trouble may be its own. */
function comeBack(queue: WorkQueue, service: string): void {
  queue.add(service);
  queue.done(service);
}

/** By the status, whose fields the server lets nobody change. */
function serviceOf({ status }: ServiceL2Status): string {
  return `${status?.serviceNamespace}/${status?.serviceName}`;
}

function isConflict({ type }: WireCondition): boolean {
  return type === "Conflict";
}

/** Also that a conflict is over: that of the watch, and what the wire check found, stand until it is written. */
function isTrouble(condition: WireCondition): boolean {
  return isConflict(condition) || condition.status === "False";
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
