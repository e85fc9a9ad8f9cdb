/** Among which nodes an address is spread: those that may announce it and can answer for it. Found once for addresses alike. */
import { formatPrefix, type Prefix, prefixContains } from "../ip/index.ts";
import type { AnsweringAbility } from "../layer2/index.ts";
import { equallyReady, type Offer } from "./advertised-readiness.ts";
import type { Electorate } from "./electorate.ts";

/** For one look at all addresses. */
export class SpreadCandidates {
  readonly #electorate: Electorate;
  readonly #bases = new Map<ReadonlySet<string>, Base>();

  constructor(electorate: Electorate) {
    this.#electorate = electorate;
  }

  /** Of `base`; the same list for addresses that are alike, as far as that is easy. */
  of(base: ReadonlySet<string>, offer: Offer): readonly string[] {
    const known = this.#bases.get(base) ?? this.#look(base);
    this.#bases.set(base, known);
    const { candidates, subnets, lists } = known;
    const { ip, advertisements } = offer;
    // What an ability says of an address depends on its family and the subnets that it is in, and on nothing else.
    const inSubnets = subnets.flatMap((one, index) => (prefixContains(one, ip) ? index : []));
    const likeness = `${ip.family} ${inSubnets.join(" ")}`;
    const alike = lists.get(advertisements) ?? new Map<string, readonly string[]>();
    const abilityOf = (name: string) => this.#electorate.abilityOf(name);
    const list = alike.get(likeness) ?? equallyReady(candidates, offer, abilityOf);
    lists.set(advertisements, alike.set(likeness, list));
    return list;
  }

  #look(base: ReadonlySet<string>): Base {
    const candidates = [...base].filter((name) => this.#electorate.isCandidate(name));
    const abilities = candidates.flatMap((name) => this.#electorate.abilityOf(name) ?? []);
    return { candidates, subnets: subnetsOf(abilities), lists: new Map() };
  }
}

interface Base {
  readonly candidates: readonly string[];
  /** Of all their interfaces, each once. */
  readonly subnets: readonly Prefix[];
  /** By advertisements, then by what the address is like. */
  readonly lists: Map<Offer["advertisements"], Map<string, readonly string[]>>;
}

function subnetsOf(abilities: readonly AnsweringAbility[]): Prefix[] {
  const subnets = abilities.flatMap(({ interfaces }) =>
    [...interfaces.values()].flatMap((one) => one.subnets),
  );
  return [...new Map(subnets.map((one) => [formatPrefix(one), one])).values()];
}
