/** The election of later releases, with the front of each service's order kept: few digests are computed twice. */
import type { L2Advertisement } from "../config/index.ts";
import { type AnsweringElected, electAnswering, type Offer } from "./advertised-readiness.ts";
import { AddressClaims } from "./address-claims.ts";
import { spreadAddresses } from "./address-spread.ts";
import {
  type ElectionOutcome,
  type ElectionSubject,
  isLocal,
  refusalOfAll,
} from "./election-outcome.ts";
import type { Electorate } from "./electorate.ts";
import { advertisementsFor, scoresOf, selectsNode } from "./layer2-advertisements.ts";
import { electionKey, electionOrder, leadingNodes, type Scores } from "./layer2-election.ts";
import { type Ownership, ownershipOf } from "./ownership.ts";
import type { OwnerStanding } from "./owner-standing.ts";
import { servingNodes } from "./service-endpoints.ts";
import { SpreadCandidates } from "./spread-candidates.ts";
import type { SpreadAddress } from "./spread-groups.ts";

/**
 * How many nodes of an order are kept. All of them are dead or unfit only where most nodes are; the few others are
 * then looked at anew.
 */
const FRONT = 8;

type Advertisements = readonly L2Advertisement[];
type Names = ReadonlySet<string>;

/** What is asked for, whoever the nodes are: found without a digest. */
interface Terms {
  readonly subject: ElectionSubject;
  readonly key: string;
  readonly advertisements: Advertisements;
  readonly ownership: Ownership;
}

/** What the election of one service looked at, and what it keeps for the next time. */
interface Ranking extends Terms {
  readonly scores: Scores;
  /** Who stands, if alive and fit. Services with the same advertisements have the same set. */
  readonly base: Names;
  /** The first of `base` in the order; all of them where there are few. */
  readonly front: readonly string[];
}

/** Whom the speakers agree on before MetalLB's order, where they may announce; undefined: nobody. */
interface Agreed {
  readonly spreadTo: string | undefined;
  readonly keeper: string | undefined;
}

const orderAlone: Agreed = { spreadTo: undefined, keeper: undefined };

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

  /** One election, with all that is asked about it. No digest is computed where no node may announce. */
  elect(subject: ElectionSubject): ElectionOutcome {
    const known = this.#current(subject);
    const terms = known ?? termsOf(subject);
    const { advertisements } = terms;
    const claimed = claimedBy(terms);
    const refusal = refusalOfAll(subject, advertisements);
    if (refusal !== undefined) {
      const nobody = { owner: undefined, standing: undefined, claimant: undefined };
      return { subject, advertisements, refusal, claimed, ...nobody };
    }
    const ranking = known ?? this.#rank(terms);
    const agreed = this.#agreed(ranking);
    const elected = this.#elect(ranking, agreed);
    const standing = this.#standing(ranking, agreed, elected);
    const { owner } = elected;
    const isToMove = owner === agreed.keeper && owner !== agreed.spreadTo;
    const claimant = isToMove ? agreed.spreadTo : undefined;
    return { subject, advertisements, refusal, claimed, owner, standing, claimant };
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
    const current = this.#current(subject);
    const terms = current ?? termsOf(subject);
    const { ownership, key, advertisements } = terms;
    if (!ownership.spreads || advertisements.length === 0) return undefined;
    if (refusalOfAll(subject, advertisements) !== undefined) return undefined;
    const ranking = current ?? this.#rank(terms);
    const candidates = known.of(ranking.base, offerOf(ranking));
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

  /** Drops what is kept for a service that is gone. */
  forget(serviceKey: string): void {
    this.#rankings.delete(serviceKey);
  }

  #elect(ranking: Ranking, agreed: Agreed): AnsweringElected {
    const abilityOf = (name: string) => this.#electorate.abilityOf(name);
    const order = () =>
      agreed === orderAlone ? this.#inOrder(ranking) : this.#agreedFirst(ranking, agreed);
    return electAnswering(order, offerOf(ranking), abilityOf);
  }

  #standing(
    ranking: Ranking,
    { spreadTo, keeper }: Agreed,
    { owner, isFirst, isOutsideSubnets }: AnsweringElected,
  ): OwnerStanding | undefined {
    if (owner === undefined) return undefined;
    if (isOutsideSubnets) return "outside-subnets";
    if (owner === keeper) return ranking.ownership.keeps ? "kept" : "spread";
    if (owner === spreadTo) return "spread";
    if (isFirst) return undefined;
    // Where nobody was before the order, its first was looked at already.
    if (keeper === undefined && spreadTo === undefined) return "stands-in";
    const [first] = this.#inOrder(ranking);
    return owner === first ? undefined : "stands-in";
  }

  #agreed(ranking: Ranking): Agreed {
    const { keeps, spreads } = ranking.ownership;
    if (!keeps && !spreads) return orderAlone;
    return { spreadTo: this.#spreadTo(ranking), keeper: this.#keeper(ranking) };
  }

  /**
   * Whom the speakers agree on comes before MetalLB's order. An owner that lives goes on until another claims, so that
   * one whose view of the cluster is old leaves no address to nobody.
   */
  *#agreedFirst(ranking: Ranking, { spreadTo, keeper }: Agreed): IterableIterator<string> {
    if (keeper !== undefined) yield keeper;
    if (spreadTo !== undefined && keeper !== spreadTo) yield spreadTo;
    for (const name of this.#inOrder(ranking)) {
      if (name !== spreadTo && name !== keeper) yield name;
    }
  }

  /** Where the last look at all addresses sent this one; undefined: it is not spread, or new, or claims do not count now. */
  #spreadTo(ranking: Ranking): string | undefined {
    const { ownership, key } = ranking;
    const node = ownership.spreads && this.#claims.areValid ? this.#spread.get(key) : undefined;
    return node !== undefined && this.#isCandidate(node, ranking) ? node : undefined;
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

  /** What is kept of the last time, if it holds for the subject as it is now. */
  #current(subject: ElectionSubject): Ranking | undefined {
    const known = this.#rankings.get(subject.service.key);
    if (known === undefined || !isSame(known.subject, subject)) return undefined;
    const isCurrent = isLocal(subject) || known.base === this.#shared(known.advertisements);
    return isCurrent ? known : undefined;
  }

  #rank(terms: Terms): Ranking {
    const { subject, key, advertisements } = terms;
    const known = this.#rankings.get(subject.service.key);
    const base = this.#base(subject, advertisements);
    const scores = scoresOf(advertisements);
    const kept = known?.key === key ? this.#follow(known, base, scores) : undefined;
    const front = kept ?? leadingNodes(base, key, scores, FRONT);
    const ranking = { ...terms, scores, base, front };
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

function termsOf(subject: ElectionSubject): Terms {
  const { service, pool, ip } = subject;
  const advertisements = advertisementsFor(pool, service.labels);
  const ownership = ownershipOf(pool, advertisements, service);
  return { subject, key: electionKey(ip), advertisements, ownership };
}

function claimedBy({ ownership, key, advertisements }: Terms): string | undefined {
  if (advertisements.length === 0) return undefined;
  return ownership.keeps || ownership.spreads ? key : undefined;
}

function offerOf({ subject, advertisements }: Ranking): Offer {
  return { ip: subject.ip, advertisements };
}

function isSame(a: ElectionSubject, b: ElectionSubject): boolean {
  return (
    a.service === b.service && a.ip === b.ip && a.pool === b.pool && a.endpoints === b.endpoints
  );
}
