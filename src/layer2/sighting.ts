/** What a frame of others shows of who uses an address: an answer, a claim, or a probe whether it is free. */
import type { IpAddress, MacAddress } from "../ip/index.ts";
import { ARP_REPLY, ARP_REQUEST, decodeArpPacket } from "./arp-packet.ts";
import {
  BROADCAST_MAC,
  decodeEthernetFrame,
  type EthernetFrame,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV6,
} from "./ethernet-frame.ts";
import { isMulticast } from "./ipv6-packet.ts";
import { decodeNeighborAdvertisement, decodeNeighborSolicitation } from "./ndp-packet.ts";
import {
  type AnsweringInterface,
  isOfAnotherVlan,
  isOwn,
  type ReceivedFrame,
} from "./resolution.ts";

export interface Sighting {
  readonly ip: IpAddress;
  /** What neighbours would send the address's traffic to. */
  readonly mac: MacAddress;
  /**
   * `answers`: to one station; `claims`: to everybody, unasked (gratuitous ARP, RFC 4861 section 7.2.6); `uses`: asks for
   * another address from it (RFC 5227 section 2.4); `probes`: asks whether it may use it (RFC 5227 section 2.1.1, RFC 4862
   * section 5.4.2).
   */
  readonly kind: "answers" | "claims" | "uses" | "probes";
}

/** Undefined: the frame shows nothing of the kind, or is our own. Never throws. */
export function sightArp(received: ReceivedFrame, on: AnsweringInterface): Sighting | undefined {
  const frame = foreignFrame(received, on, ETHERTYPE_ARP);
  const packet = frame && decodeArpPacket(frame.payload);
  if (packet === undefined) return undefined;
  const { operation, senderIp, senderMac: mac, targetIp } = packet;
  const isAboutItself = senderIp.value === targetIp.value;
  if (operation === ARP_REPLY && senderIp.value !== 0n) {
    const isToAll = frame?.destination === BROADCAST_MAC || isAboutItself;
    return { ip: senderIp, mac, kind: isToAll ? "claims" : "answers" };
  }
  if (operation !== ARP_REQUEST || targetIp.value === 0n) return undefined;
  if (senderIp.value === 0n) return { ip: targetIp, mac, kind: "probes" };
  return { ip: senderIp, mac, kind: isAboutItself ? "claims" : "uses" };
}

/** The same for neighbour discovery. */
export function sightNdp(received: ReceivedFrame, on: AnsweringInterface): Sighting | undefined {
  const frame = foreignFrame(received, on, ETHERTYPE_IPV6);
  if (frame === undefined) return undefined;
  const advertisement = decodeNeighborAdvertisement(frame.payload);
  if (advertisement !== undefined) {
    const { target: ip, targetMac: mac = frame.source, destination } = advertisement;
    return { ip, mac, kind: isMulticast(destination) ? "claims" : "answers" };
  }
  const solicitation = decodeNeighborSolicitation(frame.payload);
  if (typeof solicitation === "string" || solicitation.source.value !== 0n) return undefined;
  return { ip: solicitation.target, mac: frame.source, kind: "probes" };
}

function foreignFrame(
  received: ReceivedFrame,
  on: AnsweringInterface,
  etherType: number,
): EthernetFrame | undefined {
  const frame = decodeEthernetFrame(received.bytes);
  if (frame?.etherType !== etherType) return undefined;
  if (isOwn(received, frame, on.mac) || isOfAnotherVlan(received, frame)) return undefined;
  return frame;
}
