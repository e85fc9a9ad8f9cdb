/** What this machine's interfaces are for: answering ARP or NDP (L2-81), and asking. */
import { type IpAddress, type MacAddress, parseAddress } from "../ip/index.ts";
import { type AskingInterface, askingInterfaces } from "./asking-interfaces.ts";
import { isLinkLocal } from "./link-local.ts";

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

/** Made once for each change of the interfaces, for all that follow them. */
export interface InterfacePlan {
  /** All of the machine, whether or not they take part. */
  readonly all: readonly NetworkInterface[];
  readonly arp: readonly ArpInterface[];
  readonly ndp: readonly NdpInterface[];
  /** On which others can be asked for addresses. */
  readonly asking: readonly AskingInterface[];
  /** Names that an advertisement may list, also of interfaces that are down. */
  readonly localNames: readonly string[];
}

/** Joins exclusion patterns as L2-85 says: unanchored, each in its own parentheses. None excludes nothing. */
export function compileExclusion(patterns: readonly string[]): RegExp | undefined {
  const joined = patterns.map((pattern) => `(${pattern})`).join("|");
  return patterns.length === 0 ? undefined : new RegExp(joined, "u");
}

/** Applies the checks of L2-81 in their order to every interface. */
export function planInterfaces(
  interfaces: readonly NetworkInterface[],
  exclusion?: RegExp,
): InterfacePlan {
  const local = interfaces.filter(({ name }) => exclusion?.test(name) !== true);
  const fit = local.filter(isFit);
  const arp = fit.filter(({ canBroadcast }) => canBroadcast);
  const ndp = fit.flatMap((candidate) => {
    const linkLocal = firstLinkLocal(candidate.addresses);
    return linkLocal === undefined ? [] : [{ ...candidate, linkLocal }];
  });
  const localNames = local.map(({ name }) => name);
  return { all: interfaces, localNames, arp, ndp, asking: askingInterfaces({ arp, ndp }) };
}

/** Our frames need a MAC address, whichever protocol they carry. */
function isFit(candidate: NetworkInterface): candidate is ArpInterface {
  const { isUp, masterIndex, hasNoArp, mac } = candidate;
  return isUp && masterIndex === undefined && !hasNoArp && mac !== undefined;
}

function firstLinkLocal(addresses: readonly string[]): IpAddress | undefined {
  return addresses.map(parseAddress).find((ip) => ip !== undefined && isLinkLocal(ip));
}
