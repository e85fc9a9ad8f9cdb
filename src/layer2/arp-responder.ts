/** The ARP responder: a received frame becomes a reply, or the reason why there is none. */
import type { MacAddress } from "../ip/index.ts";
import type { AnnouncedAddresses } from "./announced-addresses.ts";
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
  ETHERTYPE_ARP,
} from "./ethernet-frame.ts";
import {
  type AnsweringInterface,
  type CommonDropReason,
  type Drop,
  isOfAnotherVlan,
  isOwn,
  type ReceivedFrame,
  type Reply,
} from "./resolution.ts";

/** `not-arp` is not in the reference, whose socket never sees such frames. */
export type ArpDropReason = CommonDropReason | "not-arp" | "not-a-request";

export type ArpOutcome = Reply | Drop<ArpDropReason>;

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
  if (isOwn(received, frame, on.mac)) return drop("own-frame");
  const request = decodeArpPacket(frame.payload);
  if (request === undefined) return drop("error");
  if (request.operation !== ARP_REQUEST) return drop("not-a-request");
  if (frame.destination !== BROADCAST_MAC && frame.destination !== on.mac) {
    return drop("ethernet-destination");
  }
  if (isOfAnotherVlan(received, frame)) return drop("other-vlan");
  const { targetIp: target, senderIp, senderMac } = request;
  const address = addresses.lookup(target, on.name);
  if (!address.found) return { kind: "drop", reason: address.reason, target };
  const { counters } = address;
  counters.requestsReceived++;
  const question = { target, senderIp, senderMac };
  return { kind: "reply", frame: arpReply(request, on.mac), question, counters };
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

function drop(reason: ArpDropReason): ArpOutcome {
  return { kind: "drop", reason };
}
