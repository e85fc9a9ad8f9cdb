/** The election of v0.9.5, with each service's order kept: digests are computed only when its endpoints changed. */
import { answeringOwner, type Readiness } from "./answering-owner.ts";
import { legacyEligibleNodes } from "./eligible-nodes.ts";
import { electionOrder, legacyElectionKey } from "./layer2-election.ts";
import type { ServiceEndpoint } from "./service-endpoints.ts";

interface Ranking {
  readonly endpoints: readonly ServiceEndpoint[];
  readonly order: readonly string[];
}

export class LegacyElection {
  readonly #rankings = new Map<string, Ranking>();

  /**
   * The first in the order whose speaker is alive (L2-22, L2-48), and which can answer; undefined when there is none
   * alive (L2-20). `readinessOf`: undefined for stock nodes.
   */
  elected(
    serviceKey: string,
    endpoints: readonly ServiceEndpoint[],
    isAlive: (nodeName: string) => boolean,
    readinessOf: (nodeName: string) => Readiness | undefined = stock,
  ): string | undefined {
    let ranking = this.#rankings.get(serviceKey);
    if (ranking?.endpoints !== endpoints) {
      const order = electionOrder(legacyEligibleNodes(endpoints), legacyElectionKey(serviceKey));
      ranking = { endpoints, order };
      this.#rankings.set(serviceKey, ranking);
    }
    return answeringOwner(livingOf(ranking.order, isAlive), readinessOf).owner;
  }

  /** Drops what is kept for a service that is gone. */
  forget(serviceKey: string): void {
    this.#rankings.delete(serviceKey);
  }
}

const stock = (): undefined => undefined;

function* livingOf(
  order: readonly string[],
  isAlive: (nodeName: string) => boolean,
): IterableIterator<string> {
  for (const name of order) if (isAlive(name)) yield name;
}
