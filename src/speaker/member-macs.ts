/** The MAC addresses that speakers of our kind say are theirs: a name for who is heard, and a proof for themselves alone. */

import type { MacAddress } from "../ip/index.ts";
import type { Ring } from "../ring/index.ts";

/** The word of a member's own kind that says them. It comes after `l2`, which matters more where not all fits. */
export const macWord = "mac";
/** 103 of the 512 bytes that a member has for all its words. */
const most = 8;

/** Twelve hexadecimal digits each, with commas between. */
export function macsText(macs: Iterable<MacAddress>): string {
  const first = [...new Set(macs)].slice(0, most);
  return first.map((mac) => mac.replaceAll(":", "")).join(",");
}

/** MAC address -> node, of all living members that say theirs; what is none is passed over. */
export function memberMacs(ring: Pick<Ring, "alive" | "ownKind">): ReadonlyMap<MacAddress, string> {
  const macs = new Map<MacAddress, string>();
  for (const name of ring.alive()) {
    const texts = ring.ownKind(name)?.words.get(macWord)?.split(",", most) ?? [];
    for (const text of texts) {
      if (!/^[0-9a-f]{12}$/.test(text)) continue;
      const mac = text.replace(/..(?!$)/g, "$&:");
      if (!macs.has(mac)) macs.set(mac, name);
    }
  }
  return macs;
}
