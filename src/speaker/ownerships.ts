/** Who announces each service now, this node or another: told only when it changes. */

import { standingWords } from "../election/index.ts";
import { formatAddress } from "../ip/index.ts";
import type { Subject } from "../wire/index.ts";
import type { Decision, KnownService } from "./announcements.ts";
import type { SpeakerCommand } from "./speaker-messages.ts";

export class Ownerships {
  readonly #self: string;
  /** What was told of each service that has an owner, as text. */
  readonly #told = new Map<string, string>();

  constructor(self: string) {
    this.#self = self;
  }

  /** The command about it, if there is news. */
  follow(key: string, decision: Decision, known: KnownService | undefined): SpeakerCommand[] {
    if (decision.kind === "wait") return [];
    const subject = this.#subjectOf(key, decision, known);
    if (subject === undefined || known === undefined) {
      return this.#told.delete(key) ? [{ kind: "owned", service: key }] : [];
    }
    const object = known.reference;
    const { owner, ips, interfaces = [], standing } = subject;
    const places = [ips.map(formatAddress), [...interfaces]];
    const text = JSON.stringify([object.uid, owner, ...places, standing?.[0]]);
    if (this.#told.get(key) === text) return [];
    this.#told.set(key, text);
    return [{ kind: "owned", service: key, object, subject }];
  }

  #subjectOf(
    service: string,
    decision: Exclude<Decision, { kind: "wait" }>,
    known: KnownService | undefined,
  ): Subject | undefined {
    const { standing } = decision;
    const why = standing === undefined ? {} : { standing: standingWords[standing] };
    if (decision.kind === "announce") {
      const { ips, interfaces } = decision.announcement;
      return { service, ips, owner: this.#self, interfaces, ...why };
    }
    const { owner, interfaces } = decision;
    const ips = known?.ips ?? [];
    return owner === undefined || ips.length === 0
      ? undefined
      : { service, ips, owner, interfaces, ...why };
  }
}
