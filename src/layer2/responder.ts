/** The ARP responder: a received frame becomes a reply, or the reason why there is none. */
import type { MacAddress } from "../ip/index.ts";
import type { AddressCounters, AnnouncedAddresses } from "./announced-addresses.ts";
import {
  ARP_REPLY,
  type ArpPacket,
  ARP_REQUEST,
  decodeArpPacket,
  encodeArpPacket,
} from "./arp-packet.ts";
import {
  BROADCAST_MAC,
  decodeEthernetFrame,
  encodeEthernetFrame,
  type EthernetFrame,
  ETHERTYPE_ARP,
} from "./ethernet-frame.ts";

/** Why a frame gets no answer. The last three are not in the reference: frames it never sees or wrongly answers. */
type DropReason =
  | "error"
  | "not-a-request"
  | "ethernet-destination"
  | "not-announced"
  | "interface-not-matched"
  | "not-arp"
  | "own-frame"
  | "other-vlan";

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

export type ArpOutcome =
  | {
      readonly kind: "reply";
      readonly frame: Uint8Array;
      readonly request: ArpPacket;
      readonly counters: AddressCounters;
    }
  | { readonly kind: "drop"; readonly reason: DropReason };

/** `sll_pkttype`: not for this host. The kernel says so too of what had the tag of a VLAN without a device. */
const PACKET_OTHERHOST = 3;
/** `sll_pkttype`: sent by this host itself. */
const PACKET_OUTGOING = 4;

/**
 * Answers one frame. Checks run in the order of the table of L2-90..L2-95 (L2-96). An accepted request is counted
 * here; the caller counts the response once it is sent (L2-101).
 */
export function answerArp(
  received: ReceivedFrame,
  on: AnsweringInterface,
  addresses: AnnouncedAddresses,
): ArpOutcome {
  const frame = decodeEthernetFrame(received.bytes);
  if (frame === undefined) return drop("error");
  if (frame.etherType !== ETHERTYPE_ARP) return drop("not-arp");
  if (received.packetType === PACKET_OUTGOING || frame.source === on.mac) return drop("own-frame");
  const request = decodeArpPacket(frame.payload);
  if (request === undefined) return drop("error");
  if (request.operation !== ARP_REQUEST) return drop("not-a-request");
  if (frame.destination !== BROADCAST_MAC && frame.destination !== on.mac) {
    return drop("ethernet-destination");
  }
  if (isOfAnotherVlan(received, frame)) return drop("other-vlan");
  const address = addresses.lookup(request.targetIp, on.name);
  if (!address.found) return drop(address.reason);
  const { counters } = address;
  counters.requestsReceived++;
  return { kind: "reply", frame: arpReply(request, on.mac), request, counters };
}

/** The reply goes to the sender inside the request, whatever the Ethernet source was (L2-98). */
function arpReply(request: ArpPacket, mac: MacAddress): Uint8Array {
  return encodeEthernetFrame({
    destination: request.senderMac,
    source: mac,
    etherType: ETHERTYPE_ARP,
    payload: encodeArpPacket({
      operation: ARP_REPLY,
      senderMac: mac,
      senderIp: request.targetIp,
      targetMac: request.senderMac,
      targetIp: request.senderIp,
    }),
  });
}

/**
 * Of a tagged frame the kernel shows neither tag nor id, but it calls it another host's, even a broadcast (L2-202).
 * Priority tags (id 0) belong to no VLAN and are answered.
 */
function isOfAnotherVlan(received: ReceivedFrame, frame: EthernetFrame): boolean {
  return received.packetType === PACKET_OTHERHOST || (frame.vlanId ?? 0) !== 0;
}

function drop(reason: DropReason): ArpOutcome {
  return { kind: "drop", reason };
}
