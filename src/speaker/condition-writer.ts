/** Writes conditions of ServiceL2Status objects: also of other nodes', because their owners cannot see themselves. */

import { type Condition, type ServiceL2Status, WorkQueue } from "../kube/index.ts";
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
import { EventBudget } from "./event-budget.ts";

/** The owner writes its object first; so often we look for it, twice as long apart each time: some 10 s. */
const mostTries = 12;
/** While the API server does not answer all waits, twice as long each time, and nothing is given up. */
const firstPauseMs = 250;
const lastPauseMs = 30_000;
/** Where the definition does not know conditions, the server drops them; so long we leave it at that. */
const prunedMs = 600_000;
/** Services at once; then five a second, so that whoever forges answers does not keep the API server busy. */
const most = 100;
const refillMs = 200;

interface Wanted {
  readonly node: string;
  readonly conditions: ReadonlyMap<string, WireCondition>;
  tries: number;
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
  readonly #queue = new WorkQueue();
  readonly #budget = new EventBudget(most, refillMs);
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
    const conditions = new Map([...kept, [condition.type, condition]]);
    this.#wanted.set(service, { node, conditions, tries: 0 });
    this.#queue.add(service);
    void this.#work();
  }

  /** It is another's to tell, or nobody announces it. */
  forget(service: string): void {
    this.#wanted.delete(service);
  }

  /** Takes back what an earlier life of this speaker said of conflicts, of which nothing is known now. */
  async clearConflicts(node: string): Promise<void> {
    try {
      const labelSelector = statusesOfNode(node);
      const { items } = await this.#options.client.list<ServiceL2Status>(this.#ref, {
        labelSelector,
      });
      for (const { status = {} } of items) {
        const { conditions = [], serviceNamespace, serviceName } = status;
        const service = `${serviceNamespace}/${serviceName}`;
        const isStale = conditions.some((one) => one.type === "Conflict" && one.status === "True");
        const isKnown = this.#wanted.get(service)?.conditions.has("Conflict") === true;
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
      if (this.#isStopped || !this.#mayWrite()) break;
      const service = this.#queue.take(monotonicMs());
      if (service === undefined) break;
      await this.#tryWrite(service);
    }
    this.#isWorking = false;
    const dueMs = this.#queue.nextDueMs();
    if (dueMs === undefined || this.#isStopped) return;
    const atMs = Math.max(dueMs, this.#pausedUntilMs);
    this.#timers.set("work", Math.max(refillMs, atMs - monotonicMs()));
  }

  #mayWrite(): boolean {
    const nowMs = monotonicMs();
    if (nowMs < this.#pausedUntilMs) return false;
    const dueMs = this.#queue.nextDueMs() ?? Number.POSITIVE_INFINITY;
    return dueMs <= nowMs && this.#budget.spend(nowMs);
  }

  async #tryWrite(service: string): Promise<void> {
    const wanted = this.#wanted.get(service);
    if (wanted === undefined || monotonicMs() < this.#prunedUntilMs) {
      this.#queue.done(service);
      return;
    }
    try {
      if (await this.#write(service, wanted)) this.#queue.done(service);
      else if (++wanted.tries < mostTries) this.#queue.retry(service, monotonicMs());
      else this.#queue.done(service);
      this.#isTroubleTold = false;
      this.#outages = 0;
    } catch (error) {
      // Somebody else wrote it meanwhile: look again.
      if (!hasStatus(error, 409)) this.#tellTrouble(error);
      if (isOutage(error)) this.#comeBack(service);
      else if (++wanted.tries < mostTries) this.#queue.retry(service, monotonicMs());
      else this.#queue.done(service);
    }
  }

  /** It goes behind all others: the trouble may be its own. */
  #comeBack(service: string): void {
    this.#queue.add(service);
    this.#queue.done(service);
    this.#pausedUntilMs = monotonicMs() + this.#pause();
  }

  /** How long to leave the API server alone now; milliseconds. */
  #pause(): number {
    return Math.min(lastPauseMs, firstPauseMs * 2 ** Math.min(this.#outages++, 10));
  }

  /** False: there is no object of the owner yet. */
  async #write(service: string, { node, conditions }: Wanted): Promise<boolean> {
    const { client } = this.#options;
    const labelSelector = statusesAbout(service, node);
    const { items } = await client.list<ServiceL2Status>(this.#ref, { labelSelector });
    const [object] = items;
    if (object?.status?.node === undefined) return false;
    const now = timestamp().replace(/\.\d+/, "");
    const merged = mergeConditions(object.status.conditions ?? [], [...conditions.values()], now);
    if (merged !== undefined) await this.#patch(object, merged);
    return true;
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
