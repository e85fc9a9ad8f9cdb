/** Questions of our own: who has this address? */
import { formatMac, type IpAddress, type MacAddress } from "../ip/index.ts";
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

const NO_IPV4: IpAddress = { family: 4, value: 0n };
const NO_IPV6: IpAddress = { family: 6, value: 0n };

/**
 * The frame that asks for the address on this interface; undefined where we have no address to ask from. The sender is
 * our own address, which is true and so spoils no table; a probe without a sender (RFC 5227) would mean that we want to
 * take the address, and its owner would have to defend it.
 */
export function questionFrame(on: AskingInterface, target: IpAddress): Uint8Array | undefined {
  if (target.family === 4) return on.ipv4 && arpQuestion(on.mac, on.ipv4, target);
  return on.linkLocal && ndpQuestion(on.mac, on.linkLocal, target);
}

/**
 * The frames that ask whether the address is free for us to take: without a sender, so that they change no table of
 * those who hear them (RFC 5227 section 2.1.1, RFC 4862 section 5.4.2). MetalLB's speakers, such as those of another
 * cluster, answer no solicitation without a source (L2-118), so for IPv6 the ordinary question goes with it.
 */
export function probeFrames(on: AskingInterface, target: IpAddress): Uint8Array[] {
  if (target.family === 4) return [arpQuestion(on.mac, NO_IPV4, target)];
  const question = questionFrame(on, target);
  const probe = ndpQuestion(on.mac, NO_IPV6, target);
  return question === undefined ? [probe] : [probe, question];
}

function arpQuestion(mac: MacAddress, senderIp: IpAddress, target: IpAddress): Uint8Array {
  return encodeEthernetFrame({
    destination: BROADCAST_MAC,
    source: mac,
    etherType: ETHERTYPE_ARP,
    payload: encodeArpPacket({
      operation: ARP_REQUEST,
      senderMac: mac,
      senderIp,
      targetMac: UNKNOWN_MAC,
      targetIp: target,
    }),
  });
}

/** To the group of the address (RFC 4861 section 7.2.2); without a source nobody may learn our MAC address (section 4.3). */
function ndpQuestion(mac: MacAddress, source: IpAddress, target: IpAddress): Uint8Array {
  const destination = solicitedNodeGroup(target);
  return encodeEthernetFrame({
    destination: multicastMac(destination),
    source: mac,
    etherType: ETHERTYPE_IPV6,
    payload: encodeNeighborSolicitation({
      source,
      ...(source.value !== 0n && { sourceMac: mac }),
      destination,
      target,
    }),
  });
}
