/** Questions of our own: who has this address? */
import { formatMac, type IpAddress } from "../ip/index.ts";
import { ARP_REQUEST, encodeArpPacket } from "./arp-packet.ts";
import type { AskingInterface } from "./asking-interfaces.ts";
import {
  BROADCAST_MAC,
  encodeEthernetFrame,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV6,
} from "./ethernet-frame.ts";
import { multicastMac, solicitedNodeGroup } from "./multicast-address.ts";
import { encodeNeighborSolicitation } from "./ndp-packet.ts";

const UNKNOWN_MAC = formatMac(new Uint8Array(6));

/**
 * The frame that asks for the address on this interface; undefined where we have no address to ask from. The sender is
 * our own address, which is true and so spoils no table; a probe without a sender (RFC 5227) would mean that we want to
 * take the address, and its owner would have to defend it.
 */
export function questionFrame(on: AskingInterface, target: IpAddress): Uint8Array | undefined {
  return target.family === 4 ? arpQuestion(on, target) : ndpQuestion(on, target);
}

function arpQuestion({ mac, ipv4 }: AskingInterface, target: IpAddress): Uint8Array | undefined {
  if (ipv4 === undefined) return undefined;
  return encodeEthernetFrame({
    destination: BROADCAST_MAC,
    source: mac,
    etherType: ETHERTYPE_ARP,
    payload: encodeArpPacket({
      operation: ARP_REQUEST,
      senderMac: mac,
      senderIp: ipv4,
      targetMac: UNKNOWN_MAC,
      targetIp: target,
    }),
  });
}

/** To the group of the address (RFC 4861 section 7.2.2). */
function ndpQuestion(
  { mac, linkLocal }: AskingInterface,
  target: IpAddress,
): Uint8Array | undefined {
  if (linkLocal === undefined) return undefined;
  const destination = solicitedNodeGroup(target);
  return encodeEthernetFrame({
    destination: multicastMac(destination),
    source: mac,
    etherType: ETHERTYPE_IPV6,
    payload: encodeNeighborSolicitation({
      source: linkLocal,
      sourceMac: mac,
      destination,
      target,
    }),
  });
}
