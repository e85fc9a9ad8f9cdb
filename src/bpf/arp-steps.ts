/** The part of the program that answers ARP requests as user space does (L2-90..L2-100), byte for byte. */
import {
  findAddress,
  findInterface,
  leaveWithoutHeartbeat,
  lookUp,
  ownMac,
  sendAnswer,
} from "./answer-steps.ts";
import type { ResponderProgramOptions } from "./answer-steps.ts";
import {
  addressOf,
  answer,
  behind,
  copy,
  ETHERNET,
  jumpIfDifferent,
  jumpIfSame,
  leaveTagged,
  MAC_BYTES,
  numberKey,
  readFrame,
  received,
  senderKey,
  senderValue,
  storeZeros,
} from "./frame-steps.ts";
import {
  at,
  call,
  jump,
  jumpIf,
  label,
  load,
  loadMap,
  move,
  r0,
  r1,
  r2,
  r3,
  r4,
  type Step,
  store,
} from "./instruction.ts";
import { ETHERTYPE_ARP, HELPER, wire16 } from "./kernel-interface.ts";

/** Offsets in a frame that carries ARP for IPv4 (RFC 826). */
const ARP = {
  hardwareType: 14,
  protocolType: 16,
  lengths: 18,
  operation: 20,
  senderMac: 22,
  senderIp: 28,
  targetMac: 32,
  targetIp: 38,
  end: 42,
} as const;
const HARDWARE_ETHERNET = 1;
const PROTOCOL_IPV4 = 0x0800;
/** Six bytes of hardware address, four of protocol address. */
const LENGTHS = 0x0604;
const REQUEST = 1;
const REPLY = 2;
const IPV4_BYTES = 4;
const INTERFACE_INDEX_BYTES = 4;
/** How an entry of a map is written. */
const WHETHER_THERE_OR_NOT = 0;
/** Ethernet's minimum: the answer is padded with zeros (L2-99). */
const FRAME_BYTES = 60;

export function answerArpRequest(options: ResponderProgramOptions): Step[] {
  return [
    ...readFrame(ARP.end, "error"),
    load(r1, 16, received(ETHERNET.etherType)),
    jumpIf(r1, "!=", wire16(ETHERTYPE_ARP), "pass"),
    ...findInterface(options),
    ...checkRequest(),
    ...checkDestination(),
    ...leaveTagged(),
    ...findAddress(options.maps.ipv4, received(ARP.targetIp)),
    ...leaveClaims(),
    ...leaveWithoutHeartbeat(options),
    ...leaveMovedSender(options),
    ...writeReply(),
    ...sendAnswer(FRAME_BYTES),
  ];
}

function checkRequest(): Step[] {
  const ownSource = { bytes: MAC_BYTES, to: "own-frame", elsewhere: "arp-of-another" };
  return [
    ...jumpIfSame(received(ETHERNET.source), ownMac, ownSource),
    load(r1, 16, received(ARP.lengths)),
    jumpIf(r1, "!=", wire16(LENGTHS), "error"),
    load(r1, 16, received(ARP.operation)),
    jumpIf(r1, "!=", wire16(REQUEST), "not-a-request"),
  ];
}

/** L2-93: broadcast, or this interface. */
function checkDestination(): Step[] {
  const words = [0, 2, 4].map((offset) => received(ETHERNET.destination + offset));
  return [
    ...words.flatMap((word) => [load(r1, 16, word), jumpIf(r1, "!=", 0xffff, "arp-unicast")]),
    jump("arp-for-us"),
    label("arp-unicast"),
    ...jumpIfDifferent(received(ETHERNET.destination), ownMac, {
      bytes: MAC_BYTES,
      to: "ethernet-destination",
    }),
    label("arp-for-us"),
  ];
}

/**
 * Who asks for the address without one of its own, or says that it is its own, wants it (RFC 5227 sections 2.1.1 and 2.4):
 * user space must see that, and answers.
 */
function leaveClaims(): Step[] {
  const own = { bytes: IPV4_BYTES, to: "claim", elsewhere: "arp-no-claim" };
  return [
    ...jumpIfSame(received(ARP.senderIp), received(ARP.targetIp), own),
    ...[0, 2].flatMap((offset) => [
      load(r1, 16, received(ARP.senderIp + offset)),
      jumpIf(r1, "!=", 0, "arp-with-sender"),
    ]),
    jump("claim"),
    label("arp-with-sender"),
  ];
}

/**
 * The node's neighbour table takes a changed MAC address also from requests that are not for the node. One that the
 * kernel answers never comes there, so of a known sender that has moved one is passed on. New senders are answered
 * here, as the speaker may be paused, and so are all for which there is no room.
 */
function leaveMovedSender({ maps: { senders } }: ResponderProgramOptions): Step[] {
  const remember = [
    loadMap(r1, senders),
    ...addressOf(r2, senderKey),
    ...addressOf(r3, senderValue),
    move(r4, WHETHER_THERE_OR_NOT),
    call(HELPER.mapUpdate),
  ];
  return [
    ...copy(numberKey, senderKey, INTERFACE_INDEX_BYTES),
    ...copy(received(ARP.senderIp), behind(senderKey, INTERFACE_INDEX_BYTES), IPV4_BYTES),
    store(64, senderValue, 0),
    ...copy(received(ARP.senderMac), senderValue, MAC_BYTES),
    ...lookUp(senders, senderKey),
    jumpIf(r0, "==", 0, "new-sender"),
    load(r1, 64, at(r0, 0)),
    load(r2, 64, senderValue),
    jumpIf(r1, "==", r2, "sender-known"),
    ...remember,
    // Not remembered, it would be passed on again and again.
    jumpIf(r0, "==", 0, "sender-moved"),
    jump("sender-known"),
    label("new-sender"),
    ...remember,
    label("sender-known"),
  ];
}

function writeReply(): Step[] {
  return [
    // L2-98: to the sender inside the request, whatever the Ethernet source was.
    ...copy(received(ARP.senderMac), answer(ETHERNET.destination), MAC_BYTES),
    ...copy(ownMac, answer(ETHERNET.source), MAC_BYTES),
    store(16, answer(ETHERNET.etherType), wire16(ETHERTYPE_ARP)),
    store(16, answer(ARP.hardwareType), wire16(HARDWARE_ETHERNET)),
    store(16, answer(ARP.protocolType), wire16(PROTOCOL_IPV4)),
    store(16, answer(ARP.lengths), wire16(LENGTHS)),
    store(16, answer(ARP.operation), wire16(REPLY)),
    ...copy(ownMac, answer(ARP.senderMac), MAC_BYTES),
    ...copy(received(ARP.targetIp), answer(ARP.senderIp), IPV4_BYTES),
    ...copy(received(ARP.senderMac), answer(ARP.targetMac), MAC_BYTES),
    ...copy(received(ARP.senderIp), answer(ARP.targetIp), IPV4_BYTES),
    ...storeZeros(answer(ARP.end), FRAME_BYTES - ARP.end),
  ];
}
