/** The interfaces of this machine, put together from netlink's messages. */

import type { NetworkInterface } from "../layer2/index.ts";
import type { Link, NetlinkMessage } from "./netlink-messages.ts";

/** IFF_* of netdevice(7). */
const IFF_UP = 0x1;
const IFF_BROADCAST = 0x2;
const IFF_NOARP = 0x80;

type TableMessage = Exclude<NetlinkMessage, { kind: "done" | "interrupted" | "error" }>;

interface InterfaceAddress {
  readonly address: string;
  /** The prefix that it lies in. */
  readonly subnet: string;
}

export class InterfaceTable {
  readonly #links = new Map<number, Link>();
  /** By index of the interface. */
  readonly #addresses = new Map<number, Map<string, InterfaceAddress>>();

  /** Takes one message; true when it changed something that `interfaces()` tells. */
  apply(message: TableMessage): boolean {
    switch (message.kind) {
      case "link": {
        const before = this.#links.get(message.link.index);
        this.#links.set(message.link.index, message.link);
        return before === undefined || JSON.stringify(before) !== JSON.stringify(message.link);
      }
      case "link-gone":
        this.#addresses.delete(message.index);
        return this.#links.delete(message.index);
      case "address": {
        const addresses = this.#addressesOf(message.index);
        const [key, { address, subnet }] = [keyOf(message), message];
        if (message.isTentative) return addresses.delete(key);
        const isNew = !addresses.has(key);
        addresses.set(key, { address, subnet });
        return isNew;
      }
      default:
        return this.#addressesOf(message.index).delete(keyOf(message));
    }
  }

  interfaces(): NetworkInterface[] {
    return [...this.#links.values()].map((link) => {
      const addresses = [...this.#addressesOf(link.index).values()];
      return {
        ...interfaceOfFlags(link.flags),
        index: link.index,
        name: link.name,
        ...(link.mac !== undefined && { mac: link.mac }),
        ...(link.masterIndex !== undefined && { masterIndex: link.masterIndex }),
        operState: link.operState,
        addresses: [...new Set(addresses.map(({ address }) => address))],
        subnets: [...new Set(addresses.map(({ subnet }) => subnet))],
      };
    });
  }

  #addressesOf(index: number): Map<string, InterfaceAddress> {
    const known = this.#addresses.get(index) ?? new Map<string, InterfaceAddress>();
    this.#addresses.set(index, known);
    return known;
  }
}

/** An interface may have an IPv4 address more than once, with prefixes of different lengths. */
function keyOf({ address, subnet }: InterfaceAddress): string {
  return `${address} in ${subnet}`;
}

/** What the IFF_* flags of an interface say. */
export function interfaceOfFlags(
  flags: number,
): Pick<NetworkInterface, "isUp" | "canBroadcast" | "hasNoArp"> {
  return {
    isUp: (flags & IFF_UP) !== 0,
    canBroadcast: (flags & IFF_BROADCAST) !== 0,
    hasNoArp: (flags & IFF_NOARP) !== 0,
  };
}
