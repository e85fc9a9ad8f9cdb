/** Events about addresses that moved: one on each of a few Services, and one on our Node for all the others. */

import {
  addressesAnnotation,
  addressesMoved,
  addressMoved,
  moveAnnotation,
  moveText,
  whyMoved,
} from "../election/index.ts";
import type { EventNote } from "../kube/index.ts";
import { EventBudget } from "./event-budget.ts";
import { nodeReference } from "./member-events.ts";
import type { MoveGroup, ToldMove } from "./move-log.ts";

/** Services that get an event of their own when many move at once. */
const mostServices = 25;
/** Summaries at once: addresses may go to, or come from, each node. */
const mostSummaries = 10;
/** So long a ring may take to be put together. */
const startMs = 60_000;

export class MoveEvents {
  readonly #node: string;
  readonly #startedMs: number;
  // A ring that flaps for hours writes 360 an hour, however many Services there are.
  readonly #services = new EventBudget(4 * mostServices, 10_000);
  readonly #summaries = new EventBudget(mostSummaries, 60_000);

  /** `node`: ours, which carries the summaries; `startedMs`: when this speaker started. */
  constructor(node: string, startedMs: number) {
    this.#node = node;
    this.#startedMs = startedMs;
  }

  /** Events for all moves of one time; at most 25, and 10 summaries, whatever their number. */
  notes(groups: readonly MoveGroup[], nowMs: number): EventNote[] {
    let left = mostServices;
    const notes: EventNote[] = [];
    const summaries: EventNote[] = [];
    for (const group of groups) {
      if (this.#isOfStart(group, nowMs)) continue;
      let told = 0;
      for (const one of group) {
        if (left === 0 || !this.#services.spend(nowMs)) break;
        left--;
        told++;
        notes.push(noteOf(one));
      }
      const isWhole = told === group.length;
      if (!isWhole && this.#summaries.spend(nowMs)) summaries.push(this.#summary(group, told));
    }
    // The whole picture first: writing takes a while.
    return [...summaries, ...notes];
  }

  /** While a ring is put together, addresses go to each speaker that starts: no news, unless it was there before. */
  #isOfStart([{ move }]: MoveGroup, nowMs: number): boolean {
    const isFirst = move.because === "joined" && move.awayMs === undefined;
    return isFirst && nowMs - this.#startedMs < startMs;
  }

  #summary(group: MoveGroup, told: number): EventNote {
    const [{ move: first }] = group;
    const { from, to } = first;
    const addresses = addressesIn(group);
    const lateMs = (group.at(-1)?.move.announcedMs ?? 0) - (first.announcedMs ?? 0);
    const late = lateMs > 0 ? `; the last one ${Math.round(lateMs)} ms after the first` : "";
    const own = `${told} of ${group.length} Services have an event ${addressMoved} of their own`;
    const many = `${addresses} addresses moved from node "${from}" to node "${to}"`;
    return {
      object: nodeReference(this.#node),
      type: "Normal",
      reason: addressesMoved,
      message: `${many}: ${whyMoved(first)}${late}; ${own}`,
      annotations: {
        [moveAnnotation]: JSON.stringify(first),
        [addressesAnnotation]: String(addresses),
      },
    };
  }
}

function noteOf({ move, object }: ToldMove): EventNote {
  return {
    object,
    type: "Normal",
    reason: addressMoved,
    message: moveText(move),
    annotations: { [moveAnnotation]: JSON.stringify(move) },
  };
}

/** How many addresses they are together; Services may share one. */
export function addressesIn(group: MoveGroup): number {
  return new Set(group.flatMap(({ move }) => move.ips)).size;
}
