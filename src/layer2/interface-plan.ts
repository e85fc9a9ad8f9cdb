/** Which network interfaces get a responder for ARP, and which for NDP (L2-81). */
import { type IpAddress, type MacAddress, parseAddress } from "../ip/index.ts";

/** What the kernel says about one interface. */
export interface NetworkInterface {
  readonly index: number;
  readonly name: string;
  /** Six bytes as text; absent on links without Ethernet addresses. */
  readonly mac?: MacAddress;
  /** IFF_UP: set by the administrator; says nothing about the carrier (L2-82). */
  readonly isUp: boolean;
  readonly canBroadcast: boolean;
  readonly hasNoArp: boolean;
  /** Index of the bridge, bond, team or VRF device that this interface belongs to. */
  readonly masterIndex?: number;
  readonly operState: string;
  /**
   * Addresses in canonical text, without prefix lengths, in the kernel's order. Not those that duplicate address
   * detection has not cleared: nothing may be sent from them yet (RFC 4862 section 5.4).
   */
  readonly addresses: readonly string[];
  /** The prefixes that these addresses lie in, as texts, each once. */
  readonly subnets?: readonly string[];
}

/** An interface on which ARP is answered. */
export type ArpInterface = NetworkInterface & { readonly mac: MacAddress };

/** An interface on which NDP is answered, from its first link-local address (L2-110). */
export type NdpInterface = ArpInterface & { readonly linkLocal: IpAddress };

export interface InterfacePlan {
  readonly arp: readonly ArpInterface[];
  readonly ndp: readonly NdpInterface[];
  /** Names that an advertisement may list, also of interfaces that are down. */
  readonly localNames: readonly string[];
}

/** Joins exclusion patterns as L2-85 says: unanchored, each in its own parentheses. None excludes nothing. */
export function compileExclusion(patterns: readonly string[]): RegExp | undefined {
  return patterns.length === 0 ? undefined : new RegExp(patterns.map((p) => `(${p})`).join("|"));
}

/** Applies the checks of L2-81 in their order to every interface. */
export function planInterfaces(
  interfaces: readonly NetworkInterface[],
  exclusion?: RegExp,
): InterfacePlan {
  const local = interfaces.filter(({ name }) => exclusion?.test(name) !== true);
  const fit = local.filter(isFit);
  return {
    localNames: local.map(({ name }) => name),
    arp: fit.filter(({ canBroadcast }) => canBroadcast),
    ndp: fit.flatMap((candidate) => {
      const linkLocal = firstLinkLocal(candidate.addresses);
      return linkLocal === undefined ? [] : [{ ...candidate, linkLocal }];
    }),
  };
}

/** Our frames need a MAC address, whichever protocol they carry. */
function isFit(candidate: NetworkInterface): candidate is ArpInterface {
  const { isUp, masterIndex, hasNoArp, mac } = candidate;
  return isUp && masterIndex === undefined && !hasNoArp && mac !== undefined;
}

function firstLinkLocal(addresses: readonly string[]): IpAddress | undefined {
  return addresses.map(parseAddress).find((ip) => ip !== undefined && isLinkLocal(ip));
}

/** fe80::/10 (RFC 4291 section 2.5.6) */
export function isLinkLocal({ family, value }: IpAddress): boolean {
  return family === 6 && value >> 118n === 0xfe80n >> 6n;
}
