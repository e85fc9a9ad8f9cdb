/** The election of v0.9.5, with each service's order kept: digests are computed only when its endpoints changed. */
import { type AbilityOf, electAnswering, type Offer } from "./advertised-readiness.ts";
import { legacyEligibleNodes } from "./eligible-nodes.ts";
import { electionOrder, legacyElectionKey } from "./layer2-election.ts";
import type { ServiceEndpoint } from "./service-endpoints.ts";

interface Ranking {
  readonly endpoints: readonly ServiceEndpoint[];
  readonly order: readonly string[];
}

/** What is offered, and who can answer for it. */
export interface Answering {
  readonly offer: Offer;
  readonly abilityOf: AbilityOf;
}

export class LegacyElection {
  readonly #rankings = new Map<string, Ranking>();

  /**
   * The first in the order whose speaker is alive (L2-22, L2-48), and which can answer; undefined when there is none
   * alive (L2-20). Without `answering` all can.
   */
  elected(
    serviceKey: string,
    endpoints: readonly ServiceEndpoint[],
    isAlive: (nodeName: string) => boolean,
    answering?: Answering,
  ): string | undefined {
    let ranking = this.#rankings.get(serviceKey);
    if (ranking?.endpoints !== endpoints) {
      const order = electionOrder(legacyEligibleNodes(endpoints), legacyElectionKey(serviceKey));
      ranking = { endpoints, order };
      this.#rankings.set(serviceKey, ranking);
    }
    if (answering === undefined) return ranking.order.find(isAlive);
    const living = ranking.order.filter(isAlive);
    return electAnswering(() => living, answering.offer, answering.abilityOf).owner;
  }

  /** Drops what is kept for a service that is gone. */
  forget(serviceKey: string): void {
    this.#rankings.delete(serviceKey);
  }
}
