/**
 * Events about speakers that died, left or came back, on the Node that each is of: there an operator looks when a node
 * is in trouble, `kubectl describe node` shows them beside those of the kubelet, and one speaker writes for all.
 */

import { duration } from "../election/index.ts";
import type { EventNote, ObjectReference } from "../kube/index.ts";
import { watchersOf } from "../ring/index.ts";
import { EventBudget } from "./event-budget.ts";

/** A change in the ring. Times are in milliseconds; undefined: not known here. */
export type MemberStory =
  | {
      readonly kind: "dead";
      readonly node: string;
      readonly foundBy: string;
      readonly silentMs: number | undefined;
      /** Where we asked ourselves. */
      readonly inquiry:
        | { readonly tookMs: number; readonly asked: number; readonly agree: number }
        | undefined;
    }
  | { readonly kind: "left"; readonly node: string }
  | { readonly kind: "returned"; readonly node: string; readonly awayMs: number };

const reasons = { dead: "SpeakerDead", left: "SpeakerLeft", returned: "SpeakerReturned" } as const;

/** At once; then one every `refillMs`: a flapping ring writes 120 an hour. */
const most = 20;
const refillMs = 30_000;

export class MemberEvents {
  readonly #self: string;
  readonly #budget = new EventBudget(most, refillMs);
  #untold = 0;

  constructor(self: string) {
    this.#self = self;
  }

  /**
   * The event about it, if it is ours to write: that is the first of its watchers among `ours`, the speakers of our kind
   * that are alive, since it knows how long it was silent. Undefined also while there are too many.
   */
  note(story: MemberStory, ours: Iterable<string>, nowMs: number): EventNote | undefined {
    // Several may find it dead in the same moment: not each of them writes.
    if (watchersOf(story.node, ours)[0] !== this.#self) return undefined;
    if (!this.#budget.spend(nowMs)) {
      this.#untold++;
      return undefined;
    }
    const more = this.#untold > 0 ? ` (${this.#untold} changes before were not told)` : "";
    this.#untold = 0;
    return {
      object: nodeReference(story.node),
      type: story.kind === "dead" ? "Warning" : "Normal",
      reason: reasons[story.kind],
      message: `${memberText(story)}${more}`,
    };
  }
}

function memberText(story: MemberStory): string {
  const speaker = `the speaker of node "${story.node}"`;
  switch (story.kind) {
    case "left":
      return `${speaker} said goodbye, and others take its addresses`;
    case "returned":
      return `${speaker} is ${whyChanged(story)}`;
    default:
      return `${speaker} counts as dead: ${whyChanged(story)}; others take its addresses`;
  }
}

/** The reason alone, as in the log and in `metallb members`, which name the member beside it. */
export function whyChanged(story: MemberStory): string {
  switch (story.kind) {
    case "left":
      return "it said goodbye";
    case "returned":
      return `back in the ring after ${duration(story.awayMs)}`;
    default:
      return howFound(story);
  }
}

function howFound({ foundBy, silentMs, inquiry }: Extract<MemberStory, { kind: "dead" }>): string {
  const silence = silentMs === undefined ? "" : `silent for ${Math.round(silentMs)} ms, `;
  if (inquiry === undefined) return `${silence}found by node ${foundBy}`;
  const { tookMs, asked, agree } = inquiry;
  const answers = asked === 0 ? "nobody else to ask" : `${agree} of ${asked} asked agree`;
  return `${silence}found by node ${foundBy} after an inquiry of ${Math.round(tookMs)} ms (${answers})`;
}

/** `kubectl describe node` looks for events by the node's name in place of its uid, as the kubelet writes them. */
export function nodeReference(name: string): ObjectReference {
  return { kind: "Node", apiVersion: "v1", name, uid: name };
}
