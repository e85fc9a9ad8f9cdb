/** Owners that our speakers agree on beside MetalLB's order: what others claim, what is spread, what the ring is told. */

import {
  type AddressClaims,
  type ElectionSubject,
  type ModernElection,
} from "../election/index.ts";
import type { ClaimNews } from "../ring/index.ts";
import type { Decision } from "./announcements.ts";
import { ClaimedAddresses } from "./claimed-addresses.ts";
import { ClaimsValidity } from "./claims-validity.ts";
import type { SpeakerCommand } from "./speaker-messages.ts";

export interface AgreedOwnersOptions {
  readonly nodeName: string;
  /** Gossip is on: without it nobody's claims are known. */
  readonly hasGossip: boolean;
  readonly claims: AddressClaims;
  readonly election: ModernElection;
}

export class AgreedOwners {
  readonly #claims: AddressClaims;
  readonly #election: ModernElection;
  readonly #claimed = new ClaimedAddresses();
  readonly #validity: ClaimsValidity;
  /** Something happened since the last look at all addresses that are spread. */
  #isSpreadOld = false;

  constructor({ nodeName, hasGossip, claims, election }: AgreedOwnersOptions) {
    this.#claims = claims;
    this.#election = election;
    this.#validity = new ClaimsValidity(nodeName, hasGossip);
    this.#claims.areValid = this.#validity.areValid;
  }

  /** Something may have changed who is to have which address. */
  touch(): void {
    this.#isSpreadOld = true;
  }

  /** `stock`: members of the ring whose speaker is MetalLB's own. The result is whether claims count now, or do not any more. */
  setMembers(alive: ReadonlySet<string>, stock: ReadonlySet<string>): boolean {
    const { areValid } = this.#claims;
    this.#validity.setMembers(alive, stock);
    this.#claims.areValid = this.#validity.areValid;
    return areValid !== this.#claims.areValid;
  }

  /** The result are the keys of Services that are to be looked at: only those of these addresses can notice. */
  take({ news, forgotten }: ClaimNews): string[] {
    for (const address of forgotten) this.#claims.forget(address);
    return news.flatMap(({ address, owner }) => {
      this.#claims.set(address, owner);
      // A claim of what is to be so anyway changes nothing about others.
      if (this.#election.spreadOwner(address) !== owner) this.#isSpreadOld = true;
      return [...this.#claimed.servicesOf(address)];
    });
  }

  /**
   * Finds the owners of all addresses that are spread, if anything happened. The result are the keys of Services whose
   * addresses are to go elsewhere.
   */
  spread(subjects: () => Iterable<ElectionSubject>): string[] {
    if (!this.#isSpreadOld) return [];
    this.#isSpreadOld = false;
    const moved = this.#election.spread(subjects());
    return moved.flatMap((address) => [...this.#claimed.servicesOf(address)]);
  }

  /** What the ring is to know after a decision about the Service. */
  follow(key: string, decision: Decision): SpeakerCommand[] {
    return this.#claimed.follow(key, decision).map((use) => ({ kind: "use", use }));
  }

  /** What users are to know: why claims do not count now, or that they do again. */
  report(): SpeakerCommand[] {
    return this.#validity.report(this.#claimed.size > 0);
  }
}
