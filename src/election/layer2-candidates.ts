/** Every node's place in the election for one address, with the reason: the same rules that speakers follow. */
import type { Generation, L2Advertisement, Pool } from "../config/index.ts";
import type { IpAddress } from "../ip/index.ts";
import type { Node, ServiceView } from "../kube/index.ts";
import { type AnsweringAbility, formatAbility } from "../layer2/index.ts";
import { placesOf } from "./candidate-places.ts";
import { legacyEligibleNodes, unfitness } from "./eligible-nodes.ts";
import {
  advertisementsFor,
  interfacesOn,
  isSharedButSelected,
  scoresOf,
  selectsNode,
} from "./layer2-advertisements.ts";
import { electionKey, electionOrder, legacyElectionKey, type Scores } from "./layer2-election.ts";
import { type Ownership, ownershipOf } from "./ownership.ts";
import { type ServiceEndpoint, servingNodes } from "./service-endpoints.ts";

type Abilities = ReadonlyMap<string, AnsweringAbility>;

export interface Layer2Question {
  readonly service: ServiceView;
  /** The service's first address: later releases elect by it, also for a second one (L2-41). */
  readonly ip: IpAddress;
  /** The pool that the address is of. */
  readonly pool: Pool;
  readonly endpoints: readonly ServiceEndpoint[];
  /** All nodes that the API knows, by name. */
  readonly nodes: ReadonlyMap<string, Node>;
  /** Names in the gossip list; absent: gossip is off and every node of the API stands (L2-21, L2-22). */
  readonly speakers?: ReadonlySet<string>;
  /** May the speaker of this node be counted on? */
  readonly isAlive: (node: string) => boolean;
  /** Those of them whose speaker is MetalLB's own, as far as it is known: while there is one the order alone counts. */
  readonly stock?: ReadonlySet<string>;
  /** What the interfaces of our speakers' nodes can answer; no entry for stock speakers. Default: nothing is known. */
  readonly abilities?: Abilities;
  /** `--ignore-exclude-lb` */
  readonly ignoresExcludeLabel: boolean;
  readonly generation: Generation;
  /** Who announces it now, as far as anybody knows: it goes on where owners keep their addresses. */
  readonly announcer?: string | undefined;
  /** To whom the address goes where all are spread; the caller knows the others. */
  readonly spreadTo?: string | undefined;
}

export interface Layer2Candidate {
  readonly node: string;
  readonly eligible: boolean;
  /** For people: why not, or what decides. */
  readonly reason: string;
  /** 1 announces, 2 is next; absent where the node is not eligible. */
  readonly rank?: number;
  /** Sorted; absent: all interfaces, or the node is not eligible. */
  readonly interfaces?: readonly string[];
  /** What its speaker tells of its interfaces, each as `formatAbility` writes it; absent: nothing. */
  readonly links?: readonly string[];
}

/** Candidates by rank, then the nodes that are not eligible by name. */
export function layer2Candidates(question: Layer2Question): readonly Layer2Candidate[] {
  const rules = question.generation === "legacy" ? legacyRules(question) : modernRules(question);
  const eligible: string[] = [];
  const others: Layer2Candidate[] = [];
  for (const node of rules.nodes) {
    const reason = rules.refusal ?? rules.refusalOf(node);
    if (reason === undefined) eligible.push(node);
    else others.push({ node, eligible: false, reason });
  }
  const { advertisements, ownership, key, scores } = rules;
  const { abilities, ip, ...owners } = question;
  const order = electionOrder(eligible, key, scores);
  const places = placesOf({
    ...owners,
    order,
    ownership,
    abilities,
    offer: { ip, advertisements },
  });
  for (const one of places.leftOut) others.push({ ...one, eligible: false });
  const ranked = places.ranked.map(({ node, reason }, index) => {
    const interfaces = interfacesOn(advertisements, node);
    return {
      node,
      eligible: true,
      reason,
      rank: index + 1,
      ...(interfaces !== undefined && { interfaces: [...interfaces].sort() }),
    };
  });
  others.sort((a, b) => (a.node < b.node ? -1 : 1));
  return [...ranked, ...others].map((one) => withLinks(one, abilities?.get(one.node)));
}

function withLinks(one: Layer2Candidate, ability: AnsweringAbility | undefined): Layer2Candidate {
  if (ability === undefined) return one;
  const text = formatAbility(ability, Number.MAX_SAFE_INTEGER);
  return { ...one, links: text.split(";").filter((item) => item !== "") };
}

/** What one generation says about a question. */
interface ElectionRules {
  readonly key: string;
  readonly nodes: Iterable<string>;
  readonly advertisements: readonly L2Advertisement[];
  readonly scores: Scores;
  readonly ownership: Ownership;
  /** Why no node may announce. */
  readonly refusal: string | undefined;
  readonly refusalOf: (node: string) => string | undefined;
}

/** v0.9.5 (L2-20..L2-22, L2-51): nodes with a ready endpoint, whatever the traffic policy. */
function legacyRules(question: Layer2Question): ElectionRules {
  const { service, pool, endpoints, nodes, isAlive } = question;
  const ready = legacyEligibleNodes(endpoints);
  const isLayer2 = pool.protocol === "layer2";
  return {
    key: legacyElectionKey(service.key),
    nodes: new Set([...nodes.keys(), ...ready]),
    advertisements: pool.l2Advertisements,
    scores: new Map(),
    ownership: { keeps: false, spreads: false },
    refusal: isLayer2 ? undefined : `pool "${pool.name}" is not announced by layer 2`,
    refusalOf: (node) => {
      if (!ready.has(node)) return "no endpoint of the service is ready on the node";
      return isAlive(node) ? undefined : "the node's speaker is not alive";
    },
  };
}

/** Later releases (L2-20..L2-37). */
function modernRules(question: Layer2Question): ElectionRules {
  const { service, ip, pool, endpoints, nodes, speakers, isAlive, ignoresExcludeLabel } = question;
  const advertisements = advertisementsFor(pool, service.labels);
  const serving = servingNodes(endpoints);
  const isLocal = service.externalTrafficPolicy === "Local";
  return {
    key: electionKey(ip),
    nodes: new Set([...nodes.keys(), ...(speakers ?? [])]),
    advertisements,
    scores: scoresOf(advertisements),
    ownership: ownershipOf(pool, advertisements, service),
    refusal: modernRefusal(question, advertisements),
    refusalOf: (node) => {
      if (!isAlive(node) || !(speakers?.has(node) ?? true)) {
        return "the node's speaker is not alive";
      }
      // A name unknown to the API has neither the label nor the condition (L2-29).
      const known = nodes.get(node);
      const unfit = known && unfitness(known, ignoresExcludeLabel);
      if (unfit !== undefined) return unfit;
      if (!selectsNode(advertisements, node)) return "no matching L2Advertisement selects the node";
      if (!isLocal || serving.has(node)) return undefined;
      return "externalTrafficPolicy is Local and no endpoint on the node can serve";
    },
  };
}

function modernRefusal(
  { service, pool, endpoints }: Layer2Question,
  advertisements: readonly L2Advertisement[],
): string | undefined {
  if (!endpoints.some(({ canServe }) => canServe)) return "no endpoint of the service can serve";
  if (advertisements.length === 0) {
    return `no L2Advertisement of pool "${pool.name}" matches the service`;
  }
  if (!isSharedButSelected(advertisements, service)) return undefined;
  return "the service shares its address, and an L2Advertisement has serviceSelectors";
}
