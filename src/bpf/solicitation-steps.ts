/**
 * The part of the program that answers IPv6 Neighbor Solicitations (RFC 4861) of the common shape: one option with
 * the asker's MAC address, sent to the target's solicited-node group or to the target. All others go to user space.
 */
import {
  findAddress,
  findInterface,
  leaveWithoutHeartbeat,
  ownLinkLocal,
  ownMac,
  type ResponderProgramOptions,
  sendAnswer,
} from "./answer-steps.ts";
import {
  addressOf,
  answer,
  copy,
  ETHERNET,
  jumpIfDifferent,
  jumpIfSame,
  leaveTagged,
  MAC_BYTES,
  packet,
  readFrame,
  received,
} from "./frame-steps.ts";
import {
  add,
  and,
  at,
  call,
  jump,
  jumpIf,
  label,
  load,
  type Memory,
  move,
  or,
  r0,
  r1,
  r2,
  r3,
  r4,
  r5,
  shiftRight,
  type Step,
  store,
  xor,
} from "./instruction.ts";
import { ETHERTYPE_IPV6, HELPER, PACKET, wire16 } from "./kernel-interface.ts";

/** Offsets in a frame: IPv6's header, then a solicitation or advertisement with one option. */
const IPV6 = {
  version: 14,
  payloadBytes: 18,
  nextHeader: 20,
  hopLimit: 21,
  source: 22,
  destination: 38,
} as const;
const ICMP = {
  type: 54,
  code: 55,
  checksum: 56,
  flags: 58,
  target: 62,
  option: 78,
  optionMac: 80,
  end: 86,
} as const;
const IPV6_BYTES = 16;
const ICMPV6 = 58;
/** What passed a router has less, and is no neighbour's (RFC 4861 section 7.1.1). */
const HOP_LIMIT = 255;
const SOLICITATION = 135;
const ADVERTISEMENT = 136;
/** Type and length (in units of 8 bytes) of the two link-layer address options. */
const SOURCE_LINK_LAYER = 0x0101;
const TARGET_LINK_LAYER = 0x0201;
/** Solicited, no router, no override (L2-121). */
const FLAG_SOLICITED = 0x4000;
const MESSAGE_BYTES = ICMP.end - ICMP.type;
/** The checksum covers the addresses and the message, which follow each other, and these two numbers (L2-123). */
const PSEUDO_HEADER_SUM = wire16(MESSAGE_BYTES) + wire16(ICMPV6);

export function answerSolicitation(options: ResponderProgramOptions): Step[] {
  return [
    ...passUnlessSolicitation(),
    ...readFrame(ICMP.end, "unusual-solicitation"),
    ...checkShape(),
    ...leaveTagged(),
    ...findInterface(options),
    ...checkSource(),
    ...checkDestination(),
    ...findAddress(options.maps.ipv6, received(ICMP.target)),
    ...sumOf(received(IPV6.source)),
    jumpIf(r0, "!=", 0xffff, "checksum"),
    ...leaveWithoutHeartbeat(options),
    ...writeAdvertisement(),
    ...sendAnswer(ICMP.end),
  ];
}

/** All IPv6 packets of the machine come here: they are looked at where they lie, or read when they lie in pieces. */
function passUnlessSolicitation(): Step[] {
  const checks = (header: (offset: number) => Memory): Step[] => [
    load(r1, 8, header(IPV6.nextHeader)),
    jumpIf(r1, "!=", ICMPV6, "pass"),
    load(r1, 8, header(ICMP.type)),
    jumpIf(r1, "!=", SOLICITATION, "pass"),
  ];
  return [
    load(r3, 32, at(packet, PACKET.data)),
    load(r4, 32, at(packet, PACKET.dataEnd)),
    move(r5, r3),
    add(r5, ICMP.code),
    jumpIf(r5, ">", r4, "in-pieces"),
    ...checks((offset) => at(r3, offset)),
    jump("solicitation"),
    label("in-pieces"),
    ...readFrame(ICMP.code, "pass"),
    ...checks(received),
    label("solicitation"),
  ];
}

function checkShape(): Step[] {
  return [
    load(r1, 16, received(ETHERNET.etherType)),
    jumpIf(r1, "!=", wire16(ETHERTYPE_IPV6), "pass"),
    load(r1, 8, received(IPV6.version)),
    and(r1, 0xf0),
    jumpIf(r1, "!=", 0x60, "unusual-solicitation"),
    load(r1, 16, received(IPV6.payloadBytes)),
    jumpIf(r1, "!=", wire16(MESSAGE_BYTES), "unusual-solicitation"),
    load(r1, 8, received(IPV6.hopLimit)),
    jumpIf(r1, "!=", HOP_LIMIT, "hop-limit"),
    load(r1, 8, received(ICMP.code)),
    jumpIf(r1, "!=", 0, "unusual-solicitation"),
    load(r1, 16, received(ICMP.option)),
    jumpIf(r1, "!=", wire16(SOURCE_LINK_LAYER), "unusual-solicitation"),
  ];
}

/** From another station (L2-113) with a unicast address: from `::` nobody may name a MAC address. */
function checkSource(): Step[] {
  return [
    // Without a link-local address of its own the interface answers no solicitation (L2-81, L2-110).
    load(r1, 8, ownLinkLocal),
    jumpIf(r1, "==", 0, "interface-not-matched"),
    ...jumpIfSame(received(ETHERNET.source), ownMac, {
      bytes: MAC_BYTES,
      to: "own-frame",
      elsewhere: "solicitation-of-another",
    }),
    ...jumpIfSame(received(IPV6.source), ownLinkLocal, {
      bytes: IPV6_BYTES,
      to: "own-frame",
      elsewhere: "solicitation-from-another",
    }),
    load(r1, 8, received(IPV6.source)),
    jumpIf(r1, "==", 0xff, "unusual-solicitation"),
    load(r1, 64, received(IPV6.source)),
    load(r2, 64, received(IPV6.source + 8)),
    or(r1, r2),
    jumpIf(r1, "==", 0, "unusual-solicitation"),
  ];
}

/** To the solicited-node group ff02::1:ffXX:XXXX of the target, or to the target itself at our MAC address (L2-120). */
function checkDestination(): Step[] {
  const toTarget = { bytes: IPV6_BYTES, to: "to-group" };
  const unusual = "unusual-solicitation";
  return [
    ...jumpIfDifferent(received(IPV6.destination), received(ICMP.target), toTarget),
    ...jumpIfDifferent(received(ETHERNET.destination), ownMac, { bytes: MAC_BYTES, to: unusual }),
    jump("to-us"),
    label("to-group"),
    load(r1, 64, received(IPV6.destination)),
    jumpIf(r1, "!=", wire16(0xff02), unusual),
    load(r1, 32, received(IPV6.destination + 8)),
    jumpIf(r1, "!=", 0x0100_0000, unusual),
    load(r1, 32, received(IPV6.destination + 12)),
    load(r2, 32, received(ICMP.target + 12)),
    or(r2, 0xff),
    jumpIf(r1, "!=", r2, unusual),
    // The group's MAC address is 33:33 and the group's last four bytes (RFC 2464 section 7).
    load(r1, 32, received(ETHERNET.destination + 2)),
    jumpIf(r1, "!=", r2, unusual),
    load(r1, 16, received(ETHERNET.destination)),
    jumpIf(r1, "!=", 0x3333, unusual),
    label("to-us"),
  ];
}

function writeAdvertisement(): Step[] {
  return [
    // L2-122: straight to the MAC address of the option.
    ...copy(received(ICMP.optionMac), answer(ETHERNET.destination), MAC_BYTES),
    ...copy(ownMac, answer(ETHERNET.source), MAC_BYTES),
    store(16, answer(ETHERNET.etherType), wire16(ETHERTYPE_IPV6)),
    store(32, answer(IPV6.version), 0x60),
    store(16, answer(IPV6.payloadBytes), wire16(MESSAGE_BYTES)),
    store(8, answer(IPV6.nextHeader), ICMPV6),
    store(8, answer(IPV6.hopLimit), HOP_LIMIT),
    ...copy(ownLinkLocal, answer(IPV6.source), IPV6_BYTES),
    ...copy(received(IPV6.source), answer(IPV6.destination), IPV6_BYTES),
    store(8, answer(ICMP.type), ADVERTISEMENT),
    store(8, answer(ICMP.code), 0),
    store(16, answer(ICMP.checksum), 0),
    store(16, answer(ICMP.flags), wire16(FLAG_SOLICITED)),
    store(16, answer(ICMP.flags + 2), 0),
    ...copy(received(ICMP.target), answer(ICMP.target), IPV6_BYTES),
    store(16, answer(ICMP.option), wire16(TARGET_LINK_LAYER)),
    ...copy(ownMac, answer(ICMP.optionMac), MAC_BYTES),
    ...sumOf(answer(IPV6.source)),
    xor(r0, 0xffff),
    store(16, answer(ICMP.checksum), r0),
  ];
}

/** The ones' complement sum over the addresses, the message and the pseudo header, in r0 as 16 bits of the wire. */
function sumOf(addresses: Memory): Step[] {
  const fold = [move(r1, r0), shiftRight(r1, 16), and(r0, 0xffff), add(r0, r1)];
  return [
    move(r1, 0),
    move(r2, 0),
    ...addressOf(r3, addresses),
    move(r4, ICMP.end - IPV6.source),
    move(r5, PSEUDO_HEADER_SUM),
    call(HELPER.checksumDifference),
    ...fold,
    ...fold,
  ];
}
