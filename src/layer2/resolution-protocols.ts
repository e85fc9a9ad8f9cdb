/** ARP and NDP side by side: all in which a responder of the one differs from one of the other. */
import type { Family, IpAddress } from "../ip/index.ts";
import type { AnnouncedAddresses } from "./announced-addresses.ts";
import { ARP_REPLY, ARP_REQUEST, encodeArpPacket } from "./arp-packet.ts";
import { answerArp, type ArpDropReason } from "./arp-responder.ts";
import {
  BROADCAST_MAC,
  encodeEthernetFrame,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV6,
} from "./ethernet-frame.ts";
import type { ArpInterface, NdpInterface } from "./interface-plan.ts";
import { ALL_NODES, multicastMac } from "./multicast-address.ts";
import { encodeNeighborAdvertisement } from "./ndp-packet.ts";
import { answerNdp, type NdpDropReason } from "./ndp-responder.ts";
import type { Drop, ReceivedFrame, Reply } from "./resolution.ts";

export interface ResolutionProtocol<On extends ArpInterface, Reason extends string = string> {
  readonly name: "ARP" | "NDP";
  /** Of the addresses that are asked for. */
  readonly family: Family;
  readonly etherType: number;
  /** In the order in which they are shown. */
  readonly dropReasons: readonly Reason[];
  readonly answer: (
    received: ReceivedFrame,
    on: On,
    addresses: AnnouncedAddresses,
  ) => Reply | Drop<Reason>;
  /** The frames of one unasked round on one interface. */
  readonly unaskedFrames: (on: On, ip: IpAddress) => Uint8Array[];
  /** Whether an unasked frame counts that the kernel did not take (L2-142). */
  readonly countsFailedTries: boolean;
}

const common = [
  "error",
  "ethernet-destination",
  "not-announced",
  "interface-not-matched",
  "own-frame",
  "other-vlan",
] as const;

export const arp: ResolutionProtocol<ArpInterface, ArpDropReason> = {
  name: "ARP",
  family: 4,
  etherType: ETHERTYPE_ARP,
  dropReasons: [...common, "not-arp", "not-a-request"],
  answer: answerArp,
  unaskedFrames: gratuitousArpFrames,
  countsFailedTries: false,
};

export const ndp: ResolutionProtocol<NdpInterface, NdpDropReason> = {
  name: "NDP",
  family: 6,
  etherType: ETHERTYPE_IPV6,
  dropReasons: [...common, "not-ndp", "message-type", "checksum", "hop-limit", "no-source-lla"],
  answer: answerNdp,
  unaskedFrames: (on, ip) => [unsolicitedAdvertisement(on, ip)],
  countsFailedTries: true,
};

/** The two broadcast frames of an IPv4 round: first the request form, then the reply form (L2-135). */
function gratuitousArpFrames({ mac }: ArpInterface, ip: IpAddress): Uint8Array[] {
  return [ARP_REQUEST, ARP_REPLY].map((operation) =>
    encodeEthernetFrame({
      destination: BROADCAST_MAC,
      source: mac,
      etherType: ETHERTYPE_ARP,
      payload: encodeArpPacket({
        operation,
        senderMac: mac,
        senderIp: ip,
        targetMac: BROADCAST_MAC,
        targetIp: ip,
      }),
    }),
  );
}

/** To all nodes; S clear, O set: it replaces what they know (L2-136, RFC 4861 section 7.2.6). */
function unsolicitedAdvertisement({ mac, linkLocal }: NdpInterface, ip: IpAddress): Uint8Array {
  return encodeEthernetFrame({
    destination: multicastMac(ALL_NODES),
    source: mac,
    etherType: ETHERTYPE_IPV6,
    payload: encodeNeighborAdvertisement({
      source: linkLocal,
      destination: ALL_NODES,
      target: ip,
      targetMac: mac,
      isSolicited: false,
      isOverriding: true,
    }),
  });
}
