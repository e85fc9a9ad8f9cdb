/** The interfaces of this machine, put together from netlink's messages. */

import type { NetworkInterface } from "../layer2/index.ts";
import type { Link, NetlinkMessage } from "./netlink-messages.ts";

/** IFF_* of netdevice(7). */
const IFF_UP = 0x1;
const IFF_BROADCAST = 0x2;
const IFF_NOARP = 0x80;

type TableMessage = Exclude<NetlinkMessage, { kind: "done" | "error" }>;

export class InterfaceTable {
  readonly #links = new Map<number, Link>();
  /** By index of the interface: each address with the prefix that it lies in. */
  readonly #addresses = new Map<number, Map<string, string>>();

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
        if (message.isTentative) return addresses.delete(message.address);
        const isNew = addresses.get(message.address) !== message.subnet;
        addresses.set(message.address, message.subnet);
        return isNew;
      }
      default:
        return this.#addressesOf(message.index).delete(message.address);
    }
  }

  interfaces(): NetworkInterface[] {
    return [...this.#links.values()].map((link) => ({
      ...interfaceOfFlags(link.flags),
      index: link.index,
      name: link.name,
      ...(link.mac !== undefined && { mac: link.mac }),
      ...(link.masterIndex !== undefined && { masterIndex: link.masterIndex }),
      operState: link.operState,
      addresses: [...this.#addressesOf(link.index).keys()],
      subnets: [...new Set(this.#addressesOf(link.index).values())],
    }));
  }

  #addressesOf(index: number): Map<string, string> {
    const known = this.#addresses.get(index) ?? new Map<string, string>();
    this.#addresses.set(index, known);
    return known;
  }
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
