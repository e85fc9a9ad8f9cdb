/**
 * The owner whose interfaces cannot answer hands over to a node that can. Only speakers of our own say what their
 * interfaces can do, so only they hand over and stand in; stock speakers elect by the order alone, and so whoever of
 * them comes first is the owner.
 */
import { formatAddress, type IpAddress, prefixContains } from "../ip/index.ts";
import { type AnsweringAbility, type AnsweringInterface, canAnswerNow } from "../layer2/index.ts";

/** `settling`: the link came back a short while ago, and is used only where nobody has a better one. */
export type Readiness = "ready" | "settling" | "unable";

/** What is asked of a node: to answer for this address, on these interfaces. */
export interface AnsweringTask {
  readonly ip: IpAddress;
  /** Undefined: on all that take part. */
  readonly interfaces: ReadonlySet<string> | undefined;
  /** Only interfaces with an address in a subnet that contains `ip` count. */
  readonly isSubnetAware: boolean;
}

export interface AnsweringOwner {
  readonly owner: string | undefined;
  /** It is the first of the order. */
  readonly isFirst: boolean;
  readonly isAble: boolean;
}

/**
 * The first who is ready; else the first of those that settle; else, where no node of ours can answer, the first of
 * all, as MetalLB has it. `order`: candidates in the order of the election. `readinessOf`: undefined for stock nodes.
 */
export function answeringOwner(
  order: Iterable<string>,
  readinessOf: (node: string) => Readiness | undefined,
): AnsweringOwner {
  let first: string | undefined;
  let settling: string | undefined;
  for (const node of order) {
    const readiness = readinessOf(node);
    const isFirst = first === undefined;
    first ??= node;
    if (readiness === "ready" || (isFirst && readiness === undefined)) {
      return { owner: node, isFirst, isAble: true };
    }
    if (readiness === "settling") settling ??= node;
  }
  const owner = settling ?? first;
  return { owner, isFirst: owner === first, isAble: settling !== undefined };
}

/**
 * A node that has interfaces in the subnet of the address answers on these, or not at all: where they failed, no client
 * of that subnet is reached by the others. A node that has none there answers on any, unless `isSubnetAware`.
 */
export function readinessFor(ability: AnsweringAbility, task: AnsweringTask): Readiness {
  const { ip, isSubnetAware } = task;
  const { fitting, inSubnet } = fittingInterfaces(ability, task);
  if (inSubnet.length === 0 && mayBeUntold(ability, task)) return "ready";
  if (!ability.tellsLinks) return isSubnetAware && inSubnet.length === 0 ? "unable" : "ready";
  const links = fitting.flatMap(({ link, families }) => {
    return families.includes(ip.family) ? link : [];
  });
  if (links.includes("up")) return "ready";
  return links.includes("settling") ? "settling" : "unable";
}

/** The task asks for an interface in the subnet of the address, and the node has none. */
export function hasNoneInSubnet(ability: AnsweringAbility, task: AnsweringTask): boolean {
  const { inSubnet } = fittingInterfaces(ability, task);
  return task.isSubnetAware && inSubnet.length === 0 && !mayBeUntold(ability, task);
}

/** There may be one that fits among the interfaces that the node did not tell. */
function mayBeUntold(
  { others, interfaces: told }: AnsweringAbility,
  { interfaces, isSubnetAware }: AnsweringTask,
): boolean {
  const isThere = isSubnetAware ? others === "any" : others !== "none";
  return isThere && (interfaces === undefined || [...interfaces].some((name) => !told.has(name)));
}

/** What speaks against the node, as half a sentence about it; for nodes that are not ready. */
export function whyNotReady(ability: AnsweringAbility, task: AnsweringTask): string {
  const { ip, interfaces, isSubnetAware } = task;
  const { asked, fitting, inSubnet } = fittingInterfaces(ability, task);
  if (isSubnetAware && inSubnet.length === 0 && (interfaces === undefined || asked.length > 0)) {
    return `${noneOf(interfaces && asked)} address in the subnet of ${formatAddress(ip)}`;
  }
  const [one] = fitting;
  if (one !== undefined) return whyNot(one, ip);
  if (interfaces === undefined) return "it has no interface that could answer";
  const names = [...interfaces].sort();
  return names.length === 1
    ? `it has no interface ${names[0]}`
    : `it has none of the interfaces ${names.join(", ")}`;
}

/** `asked`: undefined where any would do. */
function noneOf(asked: readonly AnsweringInterface[] | undefined): string {
  if (asked === undefined) return "none of its interfaces has an";
  const names = asked.map(({ name }) => name).sort();
  return names.length === 1
    ? `its interface ${names[0]} has no`
    : `none of its interfaces ${names.join(", ")} has an`;
}

function whyNot(one: AnsweringInterface, { family }: IpAddress): string {
  const { name, link, families } = one;
  if (canAnswerNow(one) && !families.includes(family)) {
    return `its interface ${name} cannot answer for IPv${family}`;
  }
  switch (link) {
    case "carrier":
      return `its interface ${name} has no carrier`;
    case "settling":
      return `its interface ${name} came back a moment ago`;
    default:
      return `its interface ${name} is ${link}`;
  }
}

interface Fitting {
  /** Those that the advertisement names, or all. */
  readonly asked: readonly AnsweringInterface[];
  readonly inSubnet: readonly AnsweringInterface[];
  /** Those that count. */
  readonly fitting: readonly AnsweringInterface[];
}

function fittingInterfaces(ability: AnsweringAbility, task: AnsweringTask): Fitting {
  const { ip, interfaces, isSubnetAware } = task;
  const asked = [...ability.interfaces.values()].filter(
    ({ name }) => interfaces?.has(name) ?? true,
  );
  const inSubnet = asked.filter(({ subnets }) =>
    subnets.some((subnet) => prefixContains(subnet, ip)),
  );
  return { asked, inSubnet, fitting: inSubnet.length > 0 || isSubnetAware ? inSubnet : asked };
}
