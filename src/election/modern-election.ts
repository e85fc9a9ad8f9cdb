/** The election of later releases, with the front of each service's order kept: few digests are computed twice. */
import type { L2Advertisement, Pool } from "../config/index.ts";
import type { IpAddress } from "../ip/index.ts";
import type { ServiceView } from "../kube/index.ts";
import {
  type AnsweringElected,
  electAnswering,
  notReadyBy,
  type Offer,
} from "./advertised-readiness.ts";
import { AddressClaims } from "./address-claims.ts";
import { type SpreadAddress, spreadAddresses } from "./address-spread.ts";
import type { Electorate } from "./electorate.ts";
import {
  advertisementsFor,
  isSharedButSelected,
  scoresOf,
  selectsNode,
} from "./layer2-advertisements.ts";
import { electionKey, electionOrder, leadingNodes, type Scores } from "./layer2-election.ts";
import { type Ownership, ownershipOf } from "./ownership.ts";
import type { OwnerStanding } from "./owner-standing.ts";
import { type ServiceEndpoint, servingNodes } from "./service-endpoints.ts";
import { SpreadCandidates } from "./spread-candidates.ts";

/**
 * How many nodes of an order are kept. All of them are dead or unfit only where most nodes are; the few others are
 * then looked at anew.
 */
const FRONT = 8;

/** What an election is about. The same objects again mean that nothing changed. */
export interface ElectionSubject {
  readonly service: ServiceView;
  /** The first ingress address (L2-41). */
  readonly ip: IpAddress;
  readonly pool: Pool;
  readonly endpoints: readonly ServiceEndpoint[];
}

/** Why a service is announced by no node, or not by this one: words of the log. */
export type ElectionRefusal =
  | "notOwner"
  | "noMatchingAdvertisement"
  | "sharedIPWithServiceSelector";

/** Why a node may not announce one service. */
export interface ServiceObjection {
  readonly because: "configuration" | "endpoints" | "link";
  readonly detail: string;
}

type Advertisements = readonly L2Advertisement[];
type Names = ReadonlySet<string>;

/** What the election of one service looked at, and what it keeps for the next time. */
interface Ranking {
  readonly subject: ElectionSubject;
  readonly key: string;
  readonly advertisements: Advertisements;
  readonly scores: Scores;
  readonly ownership: Ownership;
  /** Who stands, if alive and fit. Services with the same advertisements have the same set. */
  readonly base: Names;
  /** The first of `base` in the order; all of them where there are few. */
  readonly front: readonly string[];
}

/** Elects for any number of services; what is kept never shows in what is decided. */
export class ModernElection {
  readonly #electorate: Electorate;
  readonly #claims: AddressClaims;
  readonly #rankings = new Map<string, Ranking>();
  /** Owners of the addresses that are spread, as of the last look at all of them. */
  #spread: ReadonlyMap<string, string> = new Map();
  readonly #unions = new WeakMap<Advertisements, Names>();
  /** By a set of names: the set that came after it, and what that has more. */
  readonly #additions = new WeakMap<Names, { readonly to: Names; readonly names: string[] }>();

  constructor(electorate: Electorate, claims = new AddressClaims()) {
    this.#electorate = electorate;
    this.#claims = claims;
  }

  /** The advertisements by which `node` announces the service, or why it does not (L2-20, L2-31, L2-32, L2-37). */
  decide(subject: ElectionSubject, node: string): ElectionRefusal | Advertisements {
    if (!subject.endpoints.some(({ canServe }) => canServe)) return "notOwner";
    const ranking = this.#ranking(subject);
    const { advertisements } = ranking;
    if (isSharedButSelected(advertisements, subject.service)) return "sharedIPWithServiceSelector";
    if (!selectsNode(advertisements, node)) return "noMatchingAdvertisement";
    return this.#elected(ranking) === node ? advertisements : "notOwner";
  }

  /** Who announces the service, this node or another; undefined: nobody. */
  owner(subject: ElectionSubject): string | undefined {
    if (!subject.endpoints.some(({ canServe }) => canServe)) return undefined;
    const ranking = this.#ranking(subject);
    if (isSharedButSelected(ranking.advertisements, subject.service)) return undefined;
    return this.#elected(ranking);
  }

  /** What besides MetalLB's order makes the owner the owner; undefined: nothing, or there is none. */
  standing(subject: ElectionSubject): OwnerStanding | undefined {
    const ranking = this.#ranking(subject);
    const { owner, isOutsideSubnets } = this.#elect(ranking);
    if (owner === undefined) return undefined;
    if (isOutsideSubnets) return "outside-subnets";
    if (ranking.ownership.keeps && this.#keeper(ranking) === owner) return "kept";
    if (this.#spreadTo(ranking) === owner) return "spread";
    const [first] = this.#inOrder(ranking);
    return first === owner ? undefined : "stands-in";
  }

  /**
   * The address whose owner is claimed, so that it stays where it is; undefined where the order alone decides, or nobody
   * announces.
   */
  claimedAddress(subject: ElectionSubject): string | undefined {
    const { ownership, key, advertisements } = this.#ranking(subject);
    if (advertisements.length === 0) return undefined;
    return ownership.keeps || ownership.spreads ? key : undefined;
  }

  /** Who is to announce a spread address, as of the last look; undefined: it is not spread, or new. */
  spreadOwner(address: string): string | undefined {
    return this.#spread.get(address);
  }

  /**
   * Looks at all services anew, and spreads the addresses of those that ask for it. The result are the addresses that
   * have another owner than before.
   */
  spread(subjects: Iterable<ElectionSubject>): string[] {
    const before = this.#spread;
    const candidates = new SpreadCandidates(this.#electorate);
    const spread = new Map<string, { readonly service: string; readonly one: SpreadAddress }>();
    for (const subject of this.#claims.areValid ? subjects : []) {
      const one = this.#spreadAddress(subject, candidates);
      const service = subject.service.key;
      const known = one && spread.get(one.address);
      // Services that share an address are one; the first by name speaks for all.
      if (one && (known === undefined || service < known.service)) {
        spread.set(one.address, { service, one });
      }
    }
    this.#spread = spreadAddresses([...spread.values()].map(({ one }) => one));
    const all = new Set([...before.keys(), ...this.#spread.keys()]);
    return [...all].filter((address) => before.get(address) !== this.#spread.get(address));
  }

  /** Undefined where it is not spread, or nobody may announce it. */
  #spreadAddress(subject: ElectionSubject, known: SpreadCandidates): SpreadAddress | undefined {
    const ranking = this.#ranking(subject);
    const { ownership, base, key, advertisements } = ranking;
    if (!ownership.spreads || advertisements.length === 0) return undefined;
    if (!subject.endpoints.some(({ canServe }) => canServe)) return undefined;
    if (isSharedButSelected(advertisements, subject.service)) return undefined;
    const candidates = known.of(base, offerOf(ranking));
    const keeper = this.#keeper(ranking);
    const isClaimed = keeper !== undefined && candidates.includes(keeper);
    const at = isClaimed ? keeper : this.#firstOf(candidates, ranking);
    if (at === undefined) return undefined;
    return {
      address: key,
      candidates,
      at,
      isClaimed,
      isFixed: isClaimed && ownership.keeps,
    };
  }

  /** What keeps `node` from announcing this service, where its Node object and its speaker do not; undefined: nothing. */
  objection(subject: ElectionSubject, node: string): ServiceObjection | undefined {
    const { advertisements } = this.#ranking(subject);
    if (!selectsNode(advertisements, node)) {
      return { because: "configuration", detail: "no matching L2Advertisement selects it" };
    }
    if (isLocal(subject) && !servingNodes(subject.endpoints).has(node)) {
      const detail = "externalTrafficPolicy is Local and no endpoint on it can serve";
      return { because: "endpoints", detail };
    }
    const ability = this.#electorate.abilityOf(node);
    const detail = ability && notReadyBy(ability, offerOf(this.#ranking(subject)), node);
    return detail === undefined ? undefined : { because: "link", detail };
  }

  /** Drops what is kept for a service that is gone. */
  forget(serviceKey: string): void {
    this.#rankings.delete(serviceKey);
  }

  #elected(ranking: Ranking): string | undefined {
    return this.#elect(ranking).owner;
  }

  #elect(ranking: Ranking): AnsweringElected {
    const abilityOf = (name: string) => this.#electorate.abilityOf(name);
    return electAnswering(() => this.#candidates(ranking), offerOf(ranking), abilityOf);
  }

  /** Whom the speakers agree on comes before MetalLB's order. */
  *#candidates(ranking: Ranking): IterableIterator<string> {
    const { keeps, spreads } = ranking.ownership;
    if (!keeps && !spreads) {
      yield* this.#inOrder(ranking);
      return;
    }
    const agreed = new Set<string>();
    const spread = this.#spreadTo(ranking);
    if (spread !== undefined && this.#isCandidate(spread, ranking)) agreed.add(spread);
    const keeper = keeps ? this.#keeper(ranking) : undefined;
    if (keeper !== undefined) agreed.add(keeper);
    yield* agreed;
    for (const name of this.#inOrder(ranking)) if (!agreed.has(name)) yield name;
  }

  /** Where the last look at all addresses sent this one; undefined: it is not spread, or new, or claims do not count now. */
  #spreadTo({ ownership, key }: Ranking): string | undefined {
    return ownership.spreads && this.#claims.areValid ? this.#spread.get(key) : undefined;
  }

  /** The node that claims the address, if it may announce it now. */
  #keeper(ranking: Ranking): string | undefined {
    const owner = this.#claims.ownerOf(ranking.key);
    return owner !== undefined && this.#isCandidate(owner, ranking) ? owner : undefined;
  }

  #isCandidate(name: string, { base }: Ranking): boolean {
    return base.has(name) && this.#electorate.isCandidate(name);
  }

  #firstOf(candidates: readonly string[], ranking: Ranking): string | undefined {
    for (const name of this.#inOrder(ranking)) if (candidates.includes(name)) return name;
    return undefined;
  }

  /** In MetalLB's order; those behind the front only if anybody asks for them. */
  *#inOrder({ front, base, key, scores }: Ranking): IterableIterator<string> {
    for (const name of front) if (this.#electorate.isCandidate(name)) yield name;
    if (front.length === base.size) return;
    const others = [...base].filter(
      (name) => this.#electorate.isCandidate(name) && !front.includes(name),
    );
    yield* electionOrder(others, key, scores);
  }

  #ranking(subject: ElectionSubject): Ranking {
    const known = this.#rankings.get(subject.service.key);
    if (known !== undefined && isSame(known.subject, subject)) {
      const isCurrent = isLocal(subject) || known.base === this.#shared(known.advertisements);
      if (isCurrent) return known;
    }
    const advertisements = advertisementsFor(subject.pool, subject.service.labels);
    const base = this.#base(subject, advertisements);
    const key = electionKey(subject.ip);
    const scores = scoresOf(advertisements);
    const kept = known?.key === key ? this.#follow(known, base, scores) : undefined;
    const front = kept ?? leadingNodes(base, key, scores, FRONT);
    const ownership = ownershipOf(subject.pool, advertisements, subject.service);
    const ranking = { subject, key, advertisements, scores, ownership, base, front };
    this.#rankings.set(subject.service.key, ranking);
    return ranking;
  }

  #base(subject: ElectionSubject, advertisements: Advertisements): Names {
    if (!isLocal(subject)) return this.#shared(advertisements);
    const names = [...servingNodes(subject.endpoints)];
    return new Set(names.filter((name) => selectsNode(advertisements, name)));
  }

  /** Every node that some advertisement selects (L2-30). */
  #shared(advertisements: Advertisements): Names {
    if (advertisements.some(({ nodes }) => nodes === undefined)) return this.#electorate.names;
    const union =
      this.#unions.get(advertisements) ??
      new Set(advertisements.flatMap(({ nodes }) => [...(nodes ?? [])]));
    this.#unions.set(advertisements, union);
    return union;
  }

  /** The front after the base changed, if what is kept tells: then only names that came need digests. */
  #follow(known: Ranking, base: Names, scores: Scores): readonly string[] | undefined {
    if (known.base === base && known.scores === scores) return known.front;
    if (known.scores.size > 0 || scores.size > 0 || known.front.length < FRONT / 2)
      return undefined;
    const kept = known.front.filter((name) => base.has(name));
    const last = kept.at(-1);
    if (last === undefined || kept.length < FRONT / 2) return undefined;
    const added = this.#added(known.base, base);
    if (added.length === 0) return kept;
    const front = leadingNodes([...kept, ...added], known.key, scores, FRONT);
    // Behind the last one kept there may be others that were never kept.
    return front.includes(last) ? front.slice(0, front.indexOf(last) + 1) : front;
  }

  #added(from: Names, to: Names): readonly string[] {
    const known = this.#additions.get(from);
    if (known?.to === to) return known.names;
    const names = [...to].filter((name) => !from.has(name));
    this.#additions.set(from, { to, names });
    return names;
  }
}

function offerOf({ subject, advertisements }: Ranking): Offer {
  return { ip: subject.ip, advertisements };
}

function isSame(a: ElectionSubject, b: ElectionSubject): boolean {
  return (
    a.service === b.service && a.ip === b.ip && a.pool === b.pool && a.endpoints === b.endpoints
  );
}

function isLocal({ service }: ElectionSubject): boolean {
  return service.externalTrafficPolicy === "Local";
}
