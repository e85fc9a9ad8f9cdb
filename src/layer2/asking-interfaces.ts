/** Interfaces on which we may ask others for addresses: those with an address of our own, from which to ask. */
import { type IpAddress, type MacAddress, parseAddress } from "../ip/index.ts";
import type { InterfacePlan } from "./interface-plan.ts";
import { isLinkLocal } from "./link-local.ts";

export interface AskingInterface {
  readonly index: number;
  readonly name: string;
  readonly mac: MacAddress;
  /** Where ARP asks from; absent: it cannot. */
  readonly ipv4?: IpAddress;
  /** Where NDP asks from; absent: it cannot. */
  readonly linkLocal?: IpAddress;
}

/** Whether it can ask for addresses of the family. */
export function canAsk({ ipv4, linkLocal }: AskingInterface, family: IpAddress["family"]): boolean {
  return (family === 4 ? ipv4 : linkLocal) !== undefined;
}

/**
 * Of those that answer (L2-81) the ones that are in a network of their own. The ends of pods' cables have nothing but
 * a link-local address, and nobody but a pod would hear us there.
 */
export function askingInterfaces({
  arp,
  ndp,
}: Pick<InterfacePlan, "arp" | "ndp">): AskingInterface[] {
  const found = new Map<number, AskingInterface>();
  for (const { index, name, mac, addresses } of [...arp, ...ndp]) {
    const own = addresses.flatMap((text) => parseAddress(text) ?? []);
    if (own.every(isLinkLocal)) continue;
    const ipv4 = arp.some((one) => one.index === index)
      ? own.find(({ family }) => family === 4)
      : undefined;
    const linkLocal = ndp.find((one) => one.index === index)?.linkLocal;
    found.set(index, {
      index,
      name,
      mac,
      ...(ipv4 !== undefined && { ipv4 }),
      ...(linkLocal !== undefined && { linkLocal }),
    });
  }
  return [...found.values()];
}
