/**
 * Which interfaces of a node can answer for addresses, and in which subnets they are: what our speakers tell each other
 * about themselves, as a short text.
 *
 *     eth0:192.168.1.0/24,2001:db8::/64;eth1!carrier:10.0.0.0/8;eth2?/4;*
 *
 * Interfaces with their subnets; `?`: came back just now, `!` and why: cannot answer; `/4`, `/6`: for that family only.
 * `*`: there are more, without subnets; `*:*`: there are more of any kind. A `+` at the beginning: whatever the links
 * do, the node counts as able to answer.
 */

import { type Family, formatPrefix, parsePrefix, type Prefix } from "../ip/index.ts";

/** Why an interface cannot answer: no carrier; set down; deleted, or part of another one, or without ARP. */
const failures = ["carrier", "down", "gone"] as const;

export type LinkFailure = (typeof failures)[number];

export interface AnsweringInterface {
  readonly name: string;
  /** `settling`: it came back a short while ago, and is used only where nobody has a better one. */
  readonly link: "up" | "settling" | LinkFailure;
  /** Which questions it answers while it is up: 4 by ARP, 6 by NDP; never empty. */
  readonly families: readonly Family[];
  /** Of its global addresses; of one that failed, those that it had. */
  readonly subnets: readonly Prefix[];
}

export interface AnsweringAbility {
  /** False: whatever its links do the node counts as able, as MetalLB's nodes do. */
  readonly tellsLinks: boolean;
  /** By name. */
  readonly interfaces: ReadonlyMap<string, AnsweringInterface>;
  /** Interfaces that are not told, for want of room. */
  readonly others: "none" | "without-subnets" | "any";
}

/** Nothing is known: the node counts as able to answer on any interface. */
export const unknownAbility: AnsweringAbility = {
  tellsLinks: true,
  interfaces: new Map(),
  others: "any",
};

const bothFamilies: readonly Family[] = [4, 6];
const moreMarks = { none: "", "without-subnets": "*", any: "*:*" } as const;
/** What the longest mark and its separator need. */
const markChars = 4;

export function canAnswerNow({ link }: AnsweringInterface): boolean {
  return link === "up" || link === "settling";
}

/**
 * At most so many characters of printable ASCII. Where they are too few, the least useful interfaces are left out:
 * first those that never had a subnet, last those that answer and have one. Then the mark says so.
 */
export function formatAbility(ability: AnsweringAbility, mostChars: number): string {
  const { tellsLinks, interfaces } = ability;
  let { others } = ability;
  let left = mostChars - (tellsLinks ? 0 : 1) - markChars;
  const told: AnsweringInterface[] = [];
  for (const one of [...interfaces.values()].sort((a, b) => usefulness(b) - usefulness(a))) {
    left -= itemOf(one).length + 1;
    if (left >= 0) told.push(one);
    else if (one.subnets.length > 0) others = "any";
    else if (others === "none" && canAnswerNow(one)) others = "without-subnets";
  }
  const items = told.sort((a, b) => (a.name < b.name ? -1 : 1)).map(itemOf);
  const mark = moreMarks[others];
  return `${tellsLinks ? "" : "+"}${[...items, ...(mark === "" ? [] : [mark])].join(";")}`;
}

/** What cannot be read, as of a later version, is not known. Never throws. */
export function parseAbility(text: string): AnsweringAbility {
  const tellsLinks = !text.startsWith("+");
  const interfaces = new Map<string, AnsweringInterface>();
  let others: AnsweringAbility["others"] = "none";
  for (const item of text.slice(tellsLinks ? 0 : 1).split(";")) {
    if (item === moreMarks.any) others = "any";
    else if (item === moreMarks["without-subnets"]) others = "without-subnets";
    else if (item !== "") {
      const one = readItem(item);
      if (one === undefined) return { ...unknownAbility, tellsLinks };
      interfaces.set(one.name, one);
    }
  }
  return { tellsLinks, interfaces, others };
}

function usefulness(one: AnsweringInterface): number {
  return (one.subnets.length > 0 ? 2 : 0) + (canAnswerNow(one) ? 1 : 0);
}

function itemOf({ name, link, families, subnets }: AnsweringInterface): string {
  const state = link === "up" ? "" : link === "settling" ? "?" : `!${link}`;
  const only = families.length === 1 ? `/${families[0]}` : "";
  const list = subnets.length === 0 ? "" : `:${subnets.map(formatPrefix).join(",")}`;
  return `${encodeName(name)}${state}${only}${list}`;
}

const itemPattern = /^([\w.%-]+)(\?|![a-z]+)?(?:\/([46]))?(?::(.+))?$/;

function readItem(item: string): AnsweringInterface | undefined {
  const [, written = "", state = "", only, list] = itemPattern.exec(item) ?? [];
  const name = decodeName(written);
  const link = linkOf(state);
  const subnets = list?.split(",").map(parsePrefix) ?? [];
  if (name === undefined || link === undefined) return undefined;
  if (!subnets.every((subnet) => subnet !== undefined)) return undefined;
  const families = only === undefined ? bothFamilies : [Number(only) as Family];
  return { name, link, families, subnets };
}

function linkOf(state: string): AnsweringInterface["link"] | undefined {
  if (state === "") return "up";
  return state === "?" ? "settling" : failures.find((failure) => state === `!${failure}`);
}

/** The kernel allows nearly every character in a name. */
function encodeName(name: string): string {
  return encodeURIComponent(name).replace(
    /[!'()*~]/g,
    (character) => `%${character.charCodeAt(0).toString(16)}`,
  );
}

function decodeName(text: string): string | undefined {
  try {
    return decodeURIComponent(text) || undefined;
  } catch {
    return undefined;
  }
}
