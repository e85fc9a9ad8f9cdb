/** Services whose conditions wait to be written: a hundred at once, then so many a second, however many there are. */

import { WorkQueue } from "../kube/index.ts";
import { EventBudget } from "./event-budget.ts";

const most = 100;
/** So many are written after one list: the API server looks at all objects of the kind for it, also where it gives a few. */
const mostTogether = 50;

export class ConditionLane {
  readonly queue = new WorkQueue();
  readonly #budget: EventBudget;
  readonly #roundMs: number;
  /** Until then those that wait gather, whatever else is asked for meanwhile. */
  #gathersUntilMs = 0;

  /** `everyMs`: time for one more; `roundMs`: how long services gather once there is none left, to be written together. */
  constructor({ everyMs, roundMs }: { readonly everyMs: number; readonly roundMs: number }) {
    this.#budget = new EventBudget(most, everyMs);
    this.#roundMs = roundMs;
  }

  /** Whether `take` would give anything now. */
  isDue(nowMs: number): boolean {
    return nowMs >= this.#gathersUntilMs && this.#waits(nowMs);
  }

  /** Services to write now, at most 50; the caller answers for each with `done` or `retry` of the queue. */
  take(nowMs: number): string[] {
    const services: string[] = [];
    while (services.length < mostTogether && this.isDue(nowMs)) {
      const service = this.#budget.spend(nowMs) ? this.queue.take(nowMs) : undefined;
      if (service !== undefined) services.push(service);
      else this.#gathersUntilMs = nowMs + this.#roundMs;
    }
    return services;
  }

  /** When to call `take` again; undefined: nothing waits. */
  nextMs(nowMs: number): number | undefined {
    const dueMs = this.queue.nextDueMs();
    return dueMs === undefined ? undefined : Math.max(dueMs, this.#gathersUntilMs, nowMs);
  }

  #waits(nowMs: number): boolean {
    return (this.queue.nextDueMs() ?? Number.POSITIVE_INFINITY) <= nowMs;
  }
}
