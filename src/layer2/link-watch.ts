/** What to tell others about our interfaces, and when: a failure at once, a return only when it has lasted. */

import { comparePrefixes, type Family, parsePrefix, type Prefix } from "../ip/index.ts";
import {
  type AnsweringAbility,
  type AnsweringInterface,
  formatAbility,
  type LinkFailure,
} from "./answering-ability.ts";
import type { InterfacePlan, NetworkInterface } from "./interface-plan.ts";
import { isLinkLocal } from "./link-local.ts";

export interface LinkWatchOptions {
  /** False: links that fail are not told, and the node stays what MetalLB takes it for. */
  readonly tellsLinks: boolean;
}

/** What others are to be told now, if it is anything new; and in how many milliseconds to ask again, if time alone changes it. */
export interface LinkNews {
  readonly text: string | undefined;
  readonly againMs: number | undefined;
}

/**
 * So long a link that came back has to stay before addresses come back to it. A switch port that runs the classic
 * spanning tree passes nothing on for its first 30 s (IEEE 802.1D: twice a forward delay of 15 s), and whoever stands in
 * loses nothing by going on.
 */
export const linkHoldMs = 30_000;
/** A link that comes back for less than that is not told at all, so that one that flaps does not fill the ring. */
const linkGlitchMs = 1000;
/** The least time between two news of a node whose interfaces change often; the first are told at once. */
const paceMs = 200;
/** Gossip has 512 bytes for everything that a member says of itself. */
const mostChars = 256;
/** More than a machine has that takes part; of those that are gone the oldest are forgotten. */
const mostKept = 64;

/** Ends of cables to containers, and what else is made for them: they come and go with pods, and no client is there. */
const ofContainers =
  /^(?:lo$|veth|cali|lxc|cilium|cni|docker|br-[0-9a-f]{12}|dummy|flannel|kube-|nodelocaldns|tap|tunl|virbr|vnet|vxlan)/;

interface Known {
  readonly name: string;
  families: readonly Family[];
  subnets: readonly Prefix[];
  /** Why it could not answer last. */
  failure: LinkFailure;
  /** Undefined: it cannot answer now. From the beginning of time where it never failed. */
  upSinceMs: number | undefined;
}

export class LinkWatch {
  readonly #options: LinkWatchOptions;
  readonly #known = new Map<string, Known>();
  #told: string | undefined;
  #toldMs = Number.NEGATIVE_INFINITY;

  constructor(options: LinkWatchOptions) {
    this.#options = options;
  }

  /** Takes the machine's interfaces as they are now. `nowMs` is a clock that never goes back. */
  setInterfaces(plan: InterfacePlan, nowMs: number): void {
    const namesOf = (list: readonly NetworkInterface[]): ReadonlySet<string> =>
      new Set(list.map(({ name }) => name));
    const [local, arp, ndp] = [new Set(plan.localNames), namesOf(plan.arp), namesOf(plan.ndp)];
    const there = new Map(
      plan.all.flatMap((one) =>
        local.has(one.name) && !ofContainers.test(one.name) ? [[one.name, one]] : [],
      ),
    );
    for (const [name, one] of there) {
      const families = ([4, 6] as const).filter((family) => (family === 4 ? arp : ndp).has(name));
      if (families.length > 0 && hasCarrier(one)) this.#answers(one, families, nowMs);
      else this.#fails(one);
    }
    for (const known of this.#known.values()) {
      if (there.has(known.name)) continue;
      known.upSinceMs = undefined;
      known.failure = "gone";
    }
    this.#forgetGone();
  }

  /** `text`: as of `formatAbility`. */
  news(nowMs: number): LinkNews {
    const text = formatAbility(this.ability(nowMs), mostChars);
    if (text === this.#told) return { text: undefined, againMs: this.#changesInMs(nowMs) };
    const waitMs = this.#toldMs + paceMs - nowMs;
    if (waitMs > 0) return { text: undefined, againMs: waitMs };
    this.#told = text;
    this.#toldMs = nowMs;
    return { text, againMs: this.#changesInMs(nowMs) };
  }

  ability(nowMs: number): AnsweringAbility {
    const interfaces = [...this.#known.values()].map((known): AnsweringInterface => {
      const { name, families, subnets } = known;
      return { name, link: linkOf(known, nowMs), families, subnets };
    });
    const { tellsLinks } = this.#options;
    return {
      tellsLinks,
      interfaces: new Map(interfaces.map((one) => [one.name, one])),
      others: "none",
    };
  }

  #answers(one: NetworkInterface, families: readonly Family[], nowMs: number): void {
    const { name } = one;
    const known = this.#known.get(name);
    const subnets = subnetsOf(one);
    if (known === undefined) {
      const upSinceMs = Number.NEGATIVE_INFINITY;
      this.#known.set(name, { name, families, subnets, failure: "gone", upSinceMs });
      return;
    }
    known.families = families;
    known.subnets = subnets;
    known.upSinceMs ??= nowMs;
  }

  /** It may lose its addresses together with its link, so the last ones are kept. */
  #fails(one: NetworkInterface): void {
    const { name, isUp, hasNoArp, masterIndex, mac, canBroadcast } = one;
    const isOne = mac !== undefined && canBroadcast && !hasNoArp && masterIndex === undefined;
    const failure = !isOne ? "gone" : isUp ? "carrier" : "down";
    const known = this.#known.get(name);
    const subnets = subnetsOf(one);
    if (known === undefined) {
      if (!isOne) return;
      const families = [4, 6] as const;
      this.#known.set(name, { name, families, subnets, failure, upSinceMs: undefined });
      return;
    }
    known.upSinceMs = undefined;
    known.failure = failure;
    if (subnets.length > 0) known.subnets = subnets;
  }

  #forgetGone(): void {
    for (const { name, upSinceMs, failure } of this.#known.values()) {
      if (this.#known.size <= mostKept) return;
      if (upSinceMs === undefined && failure === "gone") this.#known.delete(name);
    }
  }

  #changesInMs(nowMs: number): number | undefined {
    const waits = [...this.#known.values()].flatMap(({ upSinceMs }) => {
      if (upSinceMs === undefined) return [];
      return [linkGlitchMs, linkHoldMs].map((ms) => upSinceMs + ms - nowMs).filter((ms) => ms > 0);
    });
    return waits.length === 0 ? undefined : Math.min(...waits);
  }
}

/** "Unknown" is what drivers say that do not tell: the kernel sends on such links (RFC 2863). */
export function hasCarrier({ operState }: NetworkInterface): boolean {
  return operState === "up" || operState === "unknown";
}

function linkOf({ upSinceMs, failure }: Known, nowMs: number): AnsweringInterface["link"] {
  if (upSinceMs === undefined) return failure;
  const upMs = nowMs - upSinceMs;
  if (upMs >= linkHoldMs) return "up";
  return upMs >= linkGlitchMs ? "settling" : failure;
}

/** Those that other machines can be in: no link-local ones, and none of a single address. */
function subnetsOf({ subnets = [] }: NetworkInterface): readonly Prefix[] {
  return subnets
    .flatMap((text) => parsePrefix(text) ?? [])
    .filter(({ family, first, bits }) => {
      return !isLinkLocal({ family, value: first }) && bits < (family === 4 ? 32 : 128);
    })
    .sort(comparePrefixes);
}
