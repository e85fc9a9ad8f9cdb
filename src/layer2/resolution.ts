/** What ARP and NDP have in common when they answer: the frame that came in, on which interface, and what came of it. */
import type { IpAddress, MacAddress } from "../ip/index.ts";
import type { AddressCounters } from "./announced-addresses.ts";
import type { EthernetFrame } from "./ethernet-frame.ts";

/** A frame as a packet socket delivers it. */
export interface ReceivedFrame {
  readonly bytes: Uint8Array;
  /** `sll_pkttype` of packet(7). */
  readonly packetType: number;
}

/** The interface that received the frame; its MAC address is the answer (L2-100). */
export interface AnsweringInterface {
  readonly name: string;
  readonly mac: MacAddress;
}

/** Who wants to know what. */
export interface Question {
  readonly target: IpAddress;
  readonly senderIp: IpAddress;
  /** Where the answer goes. */
  readonly senderMac: MacAddress;
}

/** Drops that both protocols know (the table of section 13), and two of ours: frames that the reference wrongly answers. */
export type CommonDropReason =
  | "error"
  | "ethernet-destination"
  | "not-announced"
  | "interface-not-matched"
  | "own-frame"
  | "other-vlan";

export interface Reply {
  readonly kind: "reply";
  readonly frame: Uint8Array;
  readonly question: Question;
  readonly counters: AddressCounters;
}

export interface Drop<Reason extends string> {
  readonly kind: "drop";
  readonly reason: Reason;
  /** The address that was asked for, where it is announced but not on this interface. */
  readonly target?: IpAddress;
}

/** `sll_pkttype`: not for this host. The kernel says so too of what had the tag of a VLAN without a device. */
const PACKET_OTHERHOST = 3;
/** `sll_pkttype`: sent by this host itself. */
const PACKET_OUTGOING = 4;

/** Sent by this host, or come back from a switch loop or a bridge with hairpin (L2-201). */
export function isOwn(received: ReceivedFrame, frame: EthernetFrame, mac: MacAddress): boolean {
  return received.packetType === PACKET_OUTGOING || frame.source === mac;
}

/**
 * Of a tagged frame the kernel shows neither tag nor id, but it calls it another host's, even a broadcast (L2-202).
 * Priority tags (id 0) belong to no VLAN and are answered.
 */
export function isOfAnotherVlan(received: ReceivedFrame, frame: EthernetFrame): boolean {
  return received.packetType === PACKET_OTHERHOST || (frame.vlanId ?? 0) !== 0;
}
