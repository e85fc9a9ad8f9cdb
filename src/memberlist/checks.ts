/** Pings that somebody beside the prober asked for, until they are answered or nobody waits for that any more. */

import type { GossipCommand } from "./gossip-messages.ts";
import type { Member } from "./member.ts";
import { placeOf, type Postman } from "./postman.ts";

interface Check {
  readonly name: string;
  readonly sentMs: number;
}

export class Checks {
  readonly #postman: Postman;
  readonly #forgottenAfterMs: number;
  readonly #bySeqNo = new Map<number, Check>();

  constructor(postman: Postman, forgottenAfterMs: number) {
    this.#postman = postman;
    this.#forgottenAfterMs = forgottenAfterMs;
  }

  begin(member: Member, through: readonly Member[], nowMs: number): GossipCommand[] {
    // In order of their age.
    for (const [known, { sentMs }] of this.#bySeqNo) {
      if (nowMs - sentMs <= this.#forgottenAfterMs) break;
      this.#bySeqNo.delete(known);
    }
    const seqNo = this.#postman.nextSeqNo();
    this.#bySeqNo.set(seqNo, { name: member.name, sentMs: nowMs });
    return [
      this.#postman.send(placeOf(member), [this.#postman.pingOf(member.name, seqNo)]),
      ...through.map((helper) => this.#postman.askFor(member, helper, seqNo).command),
    ];
  }

  /** Undefined where the number is none of ours. How long it took says little: only who was silent is asked so. */
  onAck(seqNo: number): GossipCommand | undefined {
    const check = this.#bySeqNo.get(seqNo);
    this.#bySeqNo.delete(seqNo);
    return check && { kind: "checked", name: check.name };
  }
}
