/** Whose MAC address it is that is heard: this machine's, or that of a living speaker of our kind, as that one says. */

import type { MacAddress } from "../ip/index.ts";
import type { InterfacePlan } from "../layer2/index.ts";

export class KnownMacs {
  #own: ReadonlySet<MacAddress> = new Set();
  #members: ReadonlyMap<MacAddress, string> = new Map();

  /** Of all interfaces of this machine, also of those that take no part: their frames come back to us too. */
  setInterfaces({ all }: Pick<InterfacePlan, "all">): void {
    this.#own = new Set(all.flatMap(({ mac }) => mac ?? []));
  }

  /** MAC address -> node, of all speakers that are alive now; who is not among them is forgotten. */
  setMembers(macs: ReadonlyMap<MacAddress, string>): void {
    this.#members = macs;
  }

  isOwn(mac: MacAddress): boolean {
    return this.#own.has(mac);
  }

  /** The node whose speaker says that it is its; undefined: none does. It counts for that node alone. */
  memberWith(mac: MacAddress): string | undefined {
    return this.#members.get(mac);
  }
}
