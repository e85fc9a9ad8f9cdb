/** The conditions of one service's status object, from what is known of the wire now. */

import { formatAddress, type MacAddress } from "../ip/index.ts";
import {
  announcedBy,
  type Conflicts,
  namedMac,
  seenByNobodyElse,
  seenOfService,
  type Subject,
  type WireCheck,
  type WireCondition,
} from "../wire/index.ts";

export interface WireConditionsOptions {
  readonly self: string;
  readonly check: Pick<WireCheck, "assignments" | "findingOf">;
  readonly conflicts: Pick<Conflicts, "toldOf">;
  /** The node whose MAC address it is; undefined: nobody's that we know. */
  readonly nodeWith: (mac: MacAddress) => string | undefined;
}

export class WireConditions {
  readonly #options: WireConditionsOptions;

  constructor(options: WireConditionsOptions) {
    this.#options = options;
  }

  /** Undefined: not all of its addresses were asked for yet; the others are told of later. */
  seenOf({ ips, owner }: Subject): WireCondition | undefined {
    const { check, nodeWith } = this.#options;
    const findings = ips.map(formatAddress).flatMap((ip) => {
      const finding = check.findingOf(ip);
      return finding === undefined ? [] : [[ip, finding] as const];
    });
    return findings.length < ips.length ? undefined : seenOfService(owner, findings, nodeWith);
  }

  /** Undefined: no other machine uses its addresses. */
  conflictOf({ ips }: Subject): WireCondition | undefined {
    const { conflicts, nodeWith } = this.#options;
    const told = ips.map(formatAddress).flatMap((ip) => [...conflicts.toldOf(ip)]);
    if (told.length === 0) return undefined;
    const message = told
      .map(({ mac, kind, ip }) => `${namedMac(mac, nodeWith(mac))} ${kind} ${ip}`)
      .join("; ");
    return { type: "Conflict", status: "True", reason: "AnotherMachine", message };
  }

  /** What its owner, this node, can say of the service before anybody was asked: its first status has it from the start. */
  first(service: string): readonly WireCondition[] {
    const { self, check } = this.#options;
    const subject = check.assignments.subjectOf(service);
    if (subject === undefined || subject.owner !== self) return [];
    const isAlone = check.assignments.askerOf(service) === self;
    const told = [isAlone ? seenByNobodyElse(subject) : undefined, this.conflictOf(subject)];
    return [announcedBy(subject), ...told.filter((one) => one !== undefined)];
  }
}
