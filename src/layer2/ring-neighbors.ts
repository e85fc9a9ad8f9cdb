/**
 * Questions for the hardware addresses of other speakers, asked where the kernel would wait: it forgets all neighbours of
 * a link that fails, asks for each again once a second only, and holds packets back until it knows.
 */
import {
  addressFromBytes,
  formatAddress,
  type IpAddress,
  parseAddress,
  parsePrefix,
  type Prefix,
  prefixContains,
} from "../ip/index.ts";
import type { AskingInterface } from "./asking-interfaces.ts";
import type { NetworkInterface } from "./interface-plan.ts";
import { hasCarrier } from "./link-watch.ts";
import { questionFrame } from "./question-frames.ts";

export interface NeighborQuestion {
  readonly interfaceIndex: number;
  readonly frame: Uint8Array;
}

interface RingLink {
  readonly from: AskingInterface;
  /** Those of our address: whoever is in another is behind a router, whose hardware address we cannot ask for. */
  readonly subnets: readonly Prefix[];
}

export class RingNeighbors {
  readonly #own: IpAddress | undefined;
  /** The interface that has our address and can send; absent while there is none. */
  #link: RingLink | undefined;
  #hasFailed = false;

  /** `own`: the address that other speakers know us by, 4 or 16 bytes; of any other length it is nobody's neighbour. */
  constructor(own: Uint8Array) {
    this.#own = addressFromBytes(own);
  }

  /** Takes the machine's interfaces as they are now. True when the link to the others has just come back. */
  setInterfaces(interfaces: readonly NetworkInterface[]): boolean {
    const hadLink = this.#link !== undefined;
    this.#link = this.#findLink(interfaces);
    const isBack = this.#link !== undefined && this.#hasFailed;
    this.#hasFailed = this.#link === undefined && (hadLink || this.#hasFailed);
    return isBack;
  }

  /**
   * The frame that asks for the address, sent from our own: the answer ends the kernel's wait, and the one who is asked
   * learns our hardware address too. Undefined where the address is no neighbour's, or there is no link.
   */
  question(address: string): NeighborQuestion | undefined {
    const [link, target] = [this.#link, parseAddress(address)];
    if (link === undefined || target === undefined) return undefined;
    if (!link.subnets.some((subnet) => prefixContains(subnet, target))) return undefined;
    const frame = questionFrame(link.from, target);
    return frame && { interfaceIndex: link.from.index, frame };
  }

  #findLink(interfaces: readonly NetworkInterface[]): RingLink | undefined {
    const own = this.#own;
    if (own === undefined) return undefined;
    const text = formatAddress(own);
    const found = interfaces.find(({ addresses }) => addresses.includes(text));
    if (found?.mac === undefined || found.hasNoArp) return undefined;
    if (!found.isUp || !hasCarrier(found)) return undefined;
    const { index, name, mac } = found;
    const address = own.family === 4 ? { ipv4: own } : { linkLocal: own };
    const subnets = (found.subnets ?? [])
      .flatMap((subnet) => parsePrefix(subnet) ?? [])
      .filter((subnet) => prefixContains(subnet, own));
    return { from: { index, name, mac, ...address }, subnets };
  }
}
