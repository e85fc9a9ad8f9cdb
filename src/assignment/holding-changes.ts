/** What a change of what a service holds means for others. */
import type { Holding } from "../allocator/index.ts";
import { formatAddress } from "../ip/index.ts";

/** IPAM-43, IPAM-60: whether an address, a port of it, or a key to share it by is there for others now. */
export function leavesRoom(before: Holding | undefined, after: Holding | undefined): boolean {
  if (before === undefined) {
    return after !== undefined && (after.sharingKey !== "" || after.backendKey !== "");
  }
  return after === undefined || termsOf(before) !== termsOf(after);
}

function termsOf({ addresses, sharingKey, backendKey, ports }: Holding): string {
  return [addresses.map(formatAddress), sharingKey, backendKey, ports].join("\n");
}
