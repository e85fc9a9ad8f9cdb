/** Who of the candidates can answer for an address by the advertisements that select them. */
import type { L2Advertisement } from "../config/index.ts";
import type { IpAddress } from "../ip/index.ts";
import type { AnsweringAbility } from "../layer2/index.ts";
import {
  answeringOwner,
  type AnsweringTask,
  hasNoneInSubnet,
  type Readiness,
  readinessFor,
  whyNotReady,
} from "./answering-owner.ts";

/** An address and the advertisements of its pool that match the Service. */
export interface Offer {
  readonly ip: IpAddress;
  readonly advertisements: readonly L2Advertisement[];
}

/** What a node says that it can answer; undefined for stock speakers. */
export type AbilityOf = (node: string) => AnsweringAbility | undefined;

export interface AnsweringElected {
  readonly owner: string | undefined;
  /** It is the first of the order. */
  readonly isFirst: boolean;
  /** An advertisement asks for nodes in the subnet of the address, and none of those can answer. */
  readonly isOutsideSubnets: boolean;
}

/**
 * Where no node is in the subnet, or none of them can answer, those that are not in it count as well: an address that
 * nobody announces helps no one, and routers may know a way. `order`: candidates in the order of the election.
 */
export function electAnswering(
  order: () => Iterable<string>,
  offer: Offer,
  abilityOf: AbilityOf,
): AnsweringElected {
  const elect = (ignoresSubnets: boolean) =>
    answeringOwner(order(), (node) => {
      const ability = abilityOf(node);
      return ability && readinessBy(ability, offer, { node, ignoresSubnets });
    });
  const { owner, isFirst, isAble } = elect(false);
  const isAware = offer.advertisements.some(({ isSubnetAware }) => isSubnetAware === true);
  if (isAble || !isAware || owner === undefined) return { owner, isFirst, isOutsideSubnets: false };
  const among = elect(true);
  const ability = among.owner === undefined ? undefined : abilityOf(among.owner);
  return {
    owner: among.owner,
    isFirst: among.isFirst,
    isOutsideSubnets: ability !== undefined && isOutsideSubnet(ability, offer, among.owner!),
  };
}

/** No interface of the node is in the subnet of the address, and all advertisements that select the node ask for one. */
export function isOutsideSubnet(ability: AnsweringAbility, offer: Offer, node: string): boolean {
  const tasks = tasksOf(offer, { node, ignoresSubnets: false });
  return tasks.length > 0 && tasks.every((task) => hasNoneInSubnet(ability, task));
}

/**
 * All of the nodes that can answer as well as the best of them: whom an election may choose without anybody being worse
 * served. All, in the same list, where that tells none apart.
 */
export function equallyReady(
  nodes: readonly string[],
  offer: Offer,
  abilityOf: AbilityOf,
): readonly string[] {
  for (const ignoresSubnets of [false, true]) {
    const found = nodes.map((node): readonly [string, Readiness] => {
      const ability = abilityOf(node);
      return [node, ability ? readinessBy(ability, offer, { node, ignoresSubnets }) : "ready"];
    });
    for (const wanted of ["ready", "settling"]) {
      const some = found.filter(([, readiness]) => readiness === wanted).map(([node]) => node);
      if (some.length > 0) return some.length === nodes.length ? nodes : some;
    }
  }
  return nodes;
}

/** What keeps a node from answering, as half a sentence about it; undefined: nothing. */
export function notReadyBy(
  ability: AnsweringAbility,
  offer: Offer,
  node: string,
): string | undefined {
  const by = { node, ignoresSubnets: false };
  if (readinessBy(ability, offer, by) === "ready") return undefined;
  const [task] = tasksOf(offer, by);
  return task && whyNotReady(ability, task);
}

interface By {
  readonly node: string;
  readonly ignoresSubnets: boolean;
}

/** By the advertisement that suits the node best. */
function readinessBy(ability: AnsweringAbility, offer: Offer, by: By): Readiness {
  const found = tasksOf(offer, by).map((task) => readinessFor(ability, task));
  if (found.includes("ready")) return "ready";
  return found.includes("settling") ? "settling" : "unable";
}

function tasksOf({ ip, advertisements }: Offer, { node, ignoresSubnets }: By): AnsweringTask[] {
  return advertisements
    .filter(({ nodes }) => nodes?.has(node) ?? true)
    .map(({ interfaces, isSubnetAware = false }) => {
      return { ip, interfaces, isSubnetAware: isSubnetAware && !ignoresSubnets };
    });
}
