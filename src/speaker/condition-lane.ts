/** Services whose conditions wait to be written: a hundred at once, then few a second, however many there are. */

import { WorkQueue } from "../kube/index.ts";
import { EventBudget } from "./event-budget.ts";

const most = 100;
/** Whoever forges answers must not keep the API server busy. */
const refillMs = 100;
/**
 * So many are written after one list, and waited for where the budget is used up: the API server looks at all objects of
 * the kind for each list, also where it gives only a few.
 */
const mostTogether = 50;

export class ConditionLane {
  readonly queue = new WorkQueue();
  readonly #budget = new EventBudget(most, refillMs);
  readonly #roundMs: number;

  /** How long the lane waits for others to write together once its budget is used up; milliseconds. */
  constructor(roundMs: number) {
    this.#roundMs = roundMs;
  }

  /** Services to write now, at most 50; the caller answers for each with `done` or `retry` of the queue. */
  take(nowMs: number): string[] {
    const services: string[] = [];
    while (services.length < mostTogether && this.#isDue(nowMs) && this.#budget.spend(nowMs)) {
      const service = this.queue.take(nowMs);
      if (service === undefined) break;
      services.push(service);
    }
    return services;
  }

  /** When to call `take` again; undefined: nothing waits. */
  nextMs(nowMs: number): number | undefined {
    const dueMs = this.queue.nextDueMs();
    return dueMs === undefined || dueMs > nowMs ? dueMs : nowMs + this.#roundMs;
  }

  #isDue(nowMs: number): boolean {
    return (this.queue.nextDueMs() ?? Number.POSITIVE_INFINITY) <= nowMs;
  }
}
