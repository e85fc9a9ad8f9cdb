/** The NDP responder: a received frame becomes an advertisement, or the reason why there is none. */
import type { IpAddress, MacAddress } from "../ip/index.ts";
import type { AnnouncedAddresses } from "./announced-addresses.ts";
import { decodeEthernetFrame, encodeEthernetFrame, ETHERTYPE_IPV6 } from "./ethernet-frame.ts";
import { isMulticast } from "./ipv6-packet.ts";
import { isGroupMac } from "./multicast-address.ts";
import {
  decodeNeighborSolicitation,
  encodeNeighborAdvertisement,
  type NeighborSolicitation,
  type NotASolicitation,
} from "./ndp-packet.ts";
import {
  type AnsweringInterface,
  type CommonDropReason,
  type Drop,
  isOfAnotherVlan,
  isOwn,
  type Question,
  type ReceivedFrame,
  type Reply,
} from "./resolution.ts";

export type NdpDropReason = CommonDropReason | NotASolicitation | "no-source-lla";

export type NdpOutcome = Reply | Drop<NdpDropReason>;

/** An interface that can send advertisements: from its first link-local address (L2-110). */
export interface AdvertisingInterface extends AnsweringInterface {
  readonly linkLocal: IpAddress;
}

/**
 * Answers one frame (L2-112). Checks run in the order of the table of L2-113..L2-117, after those that the reference
 * leaves to the kernel. An accepted solicitation is counted here; the caller counts the answer once it is sent.
 */
export function answerNdp(
  received: ReceivedFrame,
  on: AdvertisingInterface,
  addresses: AnnouncedAddresses,
): NdpOutcome {
  const frame = decodeEthernetFrame(received.bytes);
  if (frame === undefined) return drop("error");
  if (frame.etherType !== ETHERTYPE_IPV6) return drop("not-ndp");
  if (isOwn(received, frame, on.mac)) return drop("own-frame");
  const solicitation = decodeNeighborSolicitation(frame.payload);
  if (typeof solicitation === "string") return drop(solicitation);
  if (solicitation.source.value === on.linkLocal.value) return drop("own-frame");
  if (frame.destination !== on.mac && !isGroupMac(frame.destination)) {
    return drop("ethernet-destination");
  }
  if (isOfAnotherVlan(received, frame)) return drop("other-vlan");
  const senderMac = whereToAnswer(solicitation, frame.source);
  if (senderMac === undefined) return drop("no-source-lla");
  const { target, source: senderIp } = solicitation;
  const address = addresses.lookup(target, on.name);
  if (!address.found) return { kind: "drop", reason: address.reason, target };
  const { counters } = address;
  counters.requestsReceived++;
  const question = { target, senderIp, senderMac };
  return { kind: "reply", frame: solicitedAdvertisement(question, on), question, counters };
}

/**
 * Straight to the address in the option: we need not know the client, so it need not be resolved first (L2-122).
 * Without the option a multicast solicitation is dropped (L2-115), also the probe of duplicate address detection
 * (L2-118). A unicast one may lack it (RFC 4861 section 7.2.2): the client knows us and only asks whether we are still
 * here. The reference never sees these (L2-120); answering where the frame came from spares the client a multicast round.
 */
function whereToAnswer(
  { source, destination, sourceMac }: NeighborSolicitation,
  sentFrom: MacAddress,
): MacAddress | undefined {
  const isProbeForConflict = source.value === 0n;
  if (sourceMac !== undefined || isProbeForConflict || isMulticast(destination)) return sourceMac;
  return sentFrom;
}

/** S set, O clear (L2-121). */
function solicitedAdvertisement(
  { target, senderIp, senderMac }: Question,
  { mac, linkLocal }: AdvertisingInterface,
): Uint8Array {
  return encodeEthernetFrame({
    destination: senderMac,
    source: mac,
    etherType: ETHERTYPE_IPV6,
    payload: encodeNeighborAdvertisement({
      source: linkLocal,
      destination: senderIp,
      target,
      targetMac: mac,
      isSolicited: true,
      isOverriding: false,
    }),
  });
}

function drop(reason: NdpDropReason): NdpOutcome {
  return { kind: "drop", reason };
}
