/** In which order those who may announce an address do so, with the reason of each; and whom subnets leave out. */
import type { AnsweringAbility } from "../layer2/index.ts";
import { electAnswering, isOutsideSubnet, notReadyBy, type Offer } from "./advertised-readiness.ts";
import type { Ownership } from "./ownership.ts";

type Abilities = ReadonlyMap<string, AnsweringAbility>;

export interface PlacesQuestion {
  /** Those who may announce, in MetalLB's order. */
  readonly order: readonly string[];
  readonly ownership: Ownership;
  readonly offer: Offer;
  /** Undefined: nothing is known of anybody's interfaces. */
  readonly abilities: Abilities | undefined;
  readonly announcer?: string | undefined;
  readonly spreadTo?: string | undefined;
  readonly stock?: ReadonlySet<string>;
}

export interface Place {
  readonly node: string;
  readonly reason: string;
}

/** `ranked`: who announces, who does when that one is gone, and so on; last those whose interfaces cannot answer. */
export function placesOf(question: PlacesQuestion): {
  readonly ranked: readonly Place[];
  readonly leftOut: readonly Place[];
} {
  const { order, offer, abilities = new Map() as Abilities } = question;
  const agreed = agreedOwners(question);
  const all = answeringOrder(new Set([...agreed.keys(), ...order]), offer, abilities);
  const isLeftOut = leftOutBy(all[0], offer, abilities);
  const names = all.filter((node) => !isLeftOut(node));
  const first = order.find((node) => names.includes(node) && !agreed.has(node));
  const ranked = names.map((node, index) => {
    const ahead = names[index - 1];
    const place =
      ahead === undefined
        ? (agreed.get(node) ?? firstPlace(node === first, question))
        : `comes after ${ahead}`;
    const ability = abilities.get(node);
    const problem =
      index === 0 && isBlind(question)
        ? "it is not known here whether it is in the subnet (metallb-ts/subnet-aware)"
        : ability && notReadyBy(ability, offer, node);
    return { node, reason: problem === undefined ? place : `${place}, but ${problem}` };
  });
  const leftOut = all.filter(isLeftOut).map((node) => {
    const problem = notReadyBy(abilities.get(node)!, offer, node);
    const reason = `${problem} (metallb-ts/subnet-aware), and another node can answer`;
    return { node, reason };
  });
  return { ranked, leftOut };
}

/** Subnets are to count, and nobody told of theirs. */
function isBlind({ abilities, offer }: PlacesQuestion): boolean {
  return abilities === undefined && offer.advertisements.some((one) => one.isSubnetAware === true);
}

/** Whom the speakers agree on before MetalLB's order, with the reason. */
function agreedOwners(question: PlacesQuestion): ReadonlyMap<string, string> {
  const { order, ownership, announcer, spreadTo, stock } = question;
  const agreed = new Map<string, string>();
  if (stock !== undefined && stock.size > 0) return agreed;
  const add = (node: string | undefined, why: string) => {
    if (node !== undefined && order.includes(node)) agreed.set(node, why);
  };
  if (ownership.spreads) add(spreadTo, "spread: shares of nodes are even");
  if (ownership.keeps) add(announcer, "keeps it (preempt is false)");
  return agreed;
}

function firstPlace(isFirst: boolean, { ownership, stock }: PlacesQuestion): string {
  const place = `first in the order${isFirst ? "" : " of those that can answer"}`;
  const [other] = stock ?? [];
  if (other !== undefined && (ownership.keeps || ownership.spreads)) {
    return `${place}, which alone counts while node ${other} has MetalLB's own speaker`;
  }
  if (!ownership.keeps) return place;
  return `${place}; whoever has it when another starts keeps it (preempt is false)`;
}

function answeringOrder(
  order: ReadonlySet<string>,
  offer: Offer,
  abilities: Abilities,
): readonly string[] {
  const left = new Set(order);
  const found: string[] = [];
  while (left.size > 0) {
    const { owner } = electAnswering(
      () => left,
      offer,
      (node) => abilities.get(node),
    );
    if (owner === undefined) break;
    left.delete(owner);
    found.push(owner);
  }
  return found;
}

/** While the owner is in the subnet of the address, or need not be: whoever is not, and needs to. */
function leftOutBy(
  owner: string | undefined,
  offer: Offer,
  abilities: Abilities,
): (node: string) => boolean {
  const isOutside = (node: string): boolean => {
    const ability = abilities.get(node);
    return ability !== undefined && isOutsideSubnet(ability, offer, node);
  };
  return owner === undefined || isOutside(owner) ? () => false : isOutside;
}
