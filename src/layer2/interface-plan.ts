/** Which network interfaces get an ARP responder (L2-81), and what changes when the interfaces change. */
import type { MacAddress } from "../ip/index.ts";

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
  /** Addresses as the kernel's bytes in canonical text, without prefix lengths. */
  readonly addresses: readonly string[];
}

/** An interface on which ARP is answered. */
export type ArpInterface = NetworkInterface & { readonly mac: MacAddress };

export interface InterfacePlan {
  readonly arp: readonly ArpInterface[];
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
  return { localNames: local.map(({ name }) => name), arp: local.filter(wantsArp) };
}

function wantsArp(candidate: NetworkInterface): candidate is ArpInterface {
  return (
    candidate.isUp &&
    candidate.masterIndex === undefined &&
    !candidate.hasNoArp &&
    candidate.canBroadcast &&
    candidate.mac !== undefined
  );
}
