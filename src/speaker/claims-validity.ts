/** Whether claims of addresses may count, and who tells it where they may not. */

import { preemptAnnotation, spreadAnnotation } from "../config/index.ts";
import { nodeReference } from "./member-events.ts";
import type { SpeakerCommand } from "./speaker-messages.ts";

/** Node -> what is wrong there. */
type Obstacles = ReadonlyMap<string, string>;

const none: Obstacles = new Map();
const annotations = `${preemptAnnotation} and ${spreadAnnotation}`;

export class ClaimsValidity {
  readonly #self: string;
  #obstacles: Obstacles;
  #teller: string;
  #told: Obstacles = none;

  constructor(self: string, hasGossip: boolean) {
    this.#self = self;
    this.#teller = self;
    const problem = "gossip is off here, so that this speaker knows nobody's claims";
    this.#obstacles = hasGossip ? none : new Map([[self, problem]]);
  }

  get areValid(): boolean {
    return this.#obstacles.size === 0;
  }

  /** `stock`: members of the ring whose speaker is MetalLB's own. */
  setMembers(alive: ReadonlySet<string>, stock: ReadonlySet<string>): void {
    const ours = [...alive].filter((name) => !stock.has(name)).sort();
    this.#teller = ours[0] ?? this.#self;
    const problem = "the speaker on this node is MetalLB's own, which elects by the order alone";
    this.#obstacles = new Map([...stock].sort().map((name) => [name, problem]));
  }

  /** Once for each change, while some Service asks for more than the order. Only one speaker writes events. */
  report(isUsed: boolean): SpeakerCommand[] {
    const obstacles = isUsed ? this.#obstacles : none;
    const before = this.#told;
    this.#told = obstacles;
    const come = [...obstacles].filter(([node]) => !before.has(node));
    const told = come.flatMap(([node, problem]): SpeakerCommand[] => {
      const msg = `${problem}: ${annotations} have no effect until it is replaced or gone`;
      const note = { object: nodeReference(node), type: "Warning", reason, message: msg } as const;
      const fields = { op: "ownership", node, msg };
      const log: SpeakerCommand = { kind: "log", level: "warn", fields };
      return this.#teller === this.#self ? [log, { kind: "record-event", note }] : [log];
    });
    if (before.size === 0 || obstacles.size > 0 || !isUsed) return told;
    const msg = `all speakers of the ring tell their claims: ${annotations} are followed again`;
    return [{ kind: "log", level: "info", fields: { op: "ownership", msg } }];
  }
}

/** Of the event on the Node that stands in the way. */
const reason = "OwnershipByOrderOnly";
