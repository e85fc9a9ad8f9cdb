import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { formatAddress, type IpAddress, parseAddress } from "../ip/index.ts";
import { ARP_REPLY, ARP_REQUEST, encodeArpPacket } from "./arp-packet.ts";
import type { AskingInterface } from "./asking-interfaces.ts";
import { AnnouncedAddresses } from "./announced-addresses.ts";
import { answerArp } from "./arp-responder.ts";
import {
  BROADCAST_MAC,
  encodeEthernetFrame,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV6,
} from "./ethernet-frame.ts";
import { type NetworkInterface, planInterfaces } from "./interface-plan.ts";
import { ALL_NODES, multicastMac, solicitedNodeGroup } from "./multicast-address.ts";
import { encodeNeighborAdvertisement, encodeNeighborSolicitation } from "./ndp-packet.ts";
import { answerNdp } from "./ndp-responder.ts";
import { probeFrames, questionFrame } from "./question-frames.ts";
import { sightArp, type Sighting, sightNdp } from "./sighting.ts";

const ip = (text: string): IpAddress => parseAddress(text) as IpAddress;
const FOREIGN = "02:00:00:00:00:99";
const on = {
  index: 3,
  name: "eth0",
  mac: "52:54:00:00:00:03",
  ipv4: ip("192.168.1.3"),
  linkLocal: ip("fe80::3"),
} satisfies AskingInterface;
const owner = {
  name: "eth0",
  mac: "52:54:00:00:00:01",
  linkLocal: ip("fe80::1"),
};

interface ArpFields {
  readonly operation: number;
  readonly senderIp: string;
  readonly targetIp: string;
  readonly destination?: string;
  readonly senderMac?: string;
}

function arpFrame({ operation, senderIp, targetIp, ...more }: ArpFields): Uint8Array {
  const { destination = BROADCAST_MAC, senderMac = FOREIGN } = more;
  return encodeEthernetFrame({
    destination,
    source: senderMac,
    etherType: ETHERTYPE_ARP,
    payload: encodeArpPacket({
      operation,
      senderMac,
      senderIp: ip(senderIp),
      targetMac: BROADCAST_MAC,
      targetIp: ip(targetIp),
    }),
  });
}

const ndpFrame = (payload: Uint8Array, destination: string, source = FOREIGN): Uint8Array =>
  encodeEthernetFrame({ destination, source, etherType: ETHERTYPE_IPV6, payload });

function advertisement(destination: string, isSolicited: boolean): Uint8Array {
  return encodeNeighborAdvertisement({
    source: ip("fe80::99"),
    destination: ip(destination),
    target: ip("fd00::240"),
    targetMac: FOREIGN,
    isSolicited,
    isOverriding: true,
  });
}

const arp = (fields: ArpFields, packetType = 0): string =>
  shown(sightArp({ bytes: arpFrame(fields), packetType }, on));
const ndp = (bytes: Uint8Array, packetType = 0): string =>
  shown(sightNdp({ bytes, packetType }, on));
const shown = (sighting: Sighting | undefined): string =>
  sighting === undefined
    ? "nothing"
    : `${sighting.mac} ${sighting.kind} ${formatAddress(sighting.ip)}`;

describe("what a frame of others shows, ARP", () => {
  const VIP = "192.168.1.240";

  it("RFC 5227: a reply answers or claims, a gratuitous request claims, a request without sender probes", () => {
    const reply = { operation: ARP_REPLY, senderIp: VIP, targetIp: "192.168.1.3" };
    assert.equal(arp({ ...reply, destination: on.mac }), `${FOREIGN} answers ${VIP}`);
    assert.equal(arp(reply), `${FOREIGN} claims ${VIP}`);
    const itself = { senderIp: VIP, targetIp: VIP };
    assert.equal(arp({ operation: ARP_REQUEST, ...itself }), `${FOREIGN} claims ${VIP}`);
    assert.equal(arp({ operation: ARP_REPLY, ...itself }), `${FOREIGN} claims ${VIP}`);
    const probe = { operation: ARP_REQUEST, senderIp: "0.0.0.0", targetIp: VIP };
    assert.equal(arp(probe), `${FOREIGN} probes ${VIP}`);
  });

  it("RFC 5227 section 2.4: who asks for another address uses the one that it asks from", () => {
    const question = { operation: ARP_REQUEST, senderIp: VIP, targetIp: "192.168.1.1" };
    assert.equal(arp(question), `${FOREIGN} uses ${VIP}`);
  });

  it("what is our own, or of another VLAN, shows nothing", () => {
    const reply = { operation: ARP_REPLY, senderIp: VIP, targetIp: VIP };
    assert.equal(arp({ ...reply, senderMac: on.mac }), "nothing");
    assert.equal(arp(reply, 3), "nothing");
    assert.equal(arp(reply, 4), "nothing");
  });

  it("our question is answered by a responder, which sees no claim of its address in it, and the answer names the owner", () => {
    const bytes = questionFrame(on, ip(VIP)) as Uint8Array;
    const addresses = new AnnouncedAddresses();
    addresses.announce("shop/web", ip(VIP), "all");
    const reply = answerArp({ bytes, packetType: 1 }, owner, addresses);
    assert.ok(reply.kind === "reply");
    assert.equal(formatAddress(reply.question.senderIp), "192.168.1.3");
    assert.equal(shown(sightArp({ bytes, packetType: 1 }, owner)), `${on.mac} uses 192.168.1.3`);
    const answer = sightArp({ bytes: reply.frame, packetType: 0 }, on);
    assert.equal(shown(answer), `${owner.mac} answers ${VIP}`);
  });
});

describe("our probe", () => {
  const addresses = new AnnouncedAddresses();
  addresses.announce("shop/web", ip("192.168.1.240"), "all");
  addresses.announce("shop/web", ip("fd00::240"), "all");

  it("RFC 5227 section 2.1.1: has no sender, is a probe to all, and its owner answers", () => {
    const [bytes = new Uint8Array(), ...more] = probeFrames(on, ip("192.168.1.240"));
    assert.equal(more.length, 0);
    assert.equal(
      shown(sightArp({ bytes, packetType: 1 }, owner)),
      `${on.mac} probes 192.168.1.240`,
    );
    const reply = answerArp({ bytes, packetType: 1 }, owner, addresses);
    assert.ok(reply.kind === "reply");
    const answer = sightArp({ bytes: reply.frame, packetType: 0 }, on);
    assert.equal(shown(answer), `${owner.mac} answers 192.168.1.240`);
  });

  it("RFC 4862 section 5.4.2, L2-118: has no source, and speakers, which do not answer that, are asked too", () => {
    const [bytes = new Uint8Array(), question = new Uint8Array()] = probeFrames(
      on,
      ip("fd00::240"),
    );
    assert.equal(shown(sightNdp({ bytes, packetType: 2 }, owner)), `${on.mac} probes fd00::240`);
    assert.equal(answerNdp({ bytes, packetType: 2 }, owner, addresses).kind, "drop");
    const reply = answerNdp({ bytes: question, packetType: 2 }, owner, addresses);
    assert.ok(reply.kind === "reply");
    const answer = sightNdp({ bytes: reply.frame, packetType: 0 }, on);
    assert.equal(shown(answer), `${owner.mac} answers fd00::240`);
  });
});

describe("what a frame of others shows, NDP", () => {
  const VIP = "fd00::240";
  const group = solicitedNodeGroup(ip(VIP));
  const solicit = (source: string, more: { sourceMac?: string } = {}): Uint8Array =>
    ndpFrame(
      encodeNeighborSolicitation({
        source: ip(source),
        destination: group,
        target: ip(VIP),
        ...more,
      }),
      multicastMac(group),
    );

  it("RFC 4861, RFC 4862: an advertisement answers or claims, a solicitation without source probes", () => {
    const answer = ndpFrame(advertisement("fe80::3", true), on.mac);
    assert.equal(ndp(answer), `${FOREIGN} answers ${VIP}`);
    const claim = ndpFrame(advertisement("ff02::1", false), multicastMac(ALL_NODES));
    assert.equal(ndp(claim), `${FOREIGN} claims ${VIP}`);
    assert.equal(ndp(solicit("::")), `${FOREIGN} probes ${VIP}`);
  });

  it("a question shows nothing, nor does what is our own, of another VLAN, or not valid", () => {
    assert.equal(ndp(solicit("fe80::9", { sourceMac: FOREIGN })), "nothing");
    const claim = advertisement("ff02::1", false);
    const toAll = multicastMac(ALL_NODES);
    assert.equal(ndp(ndpFrame(claim, toAll, on.mac)), "nothing");
    assert.equal(ndp(ndpFrame(claim, toAll), 3), "nothing");
    assert.equal(ndp(ndpFrame(advertisement("ff02::1", true), toAll)), "nothing");
    const fromAfar = Uint8Array.from(claim);
    fromAfar[7] = 254;
    assert.equal(ndp(ndpFrame(fromAfar, toAll)), "nothing");
    const spoilt = Uint8Array.from(claim);
    spoilt[30] = (spoilt[30] ?? 0) ^ 1;
    assert.equal(ndp(ndpFrame(spoilt, toAll)), "nothing");
  });

  it("our question is answered by a responder, which sees no claim of its address in it, and the answer names the owner", () => {
    const bytes = questionFrame(on, ip(VIP)) as Uint8Array;
    const addresses = new AnnouncedAddresses();
    addresses.announce("shop/web", ip(VIP), "all");
    const reply = answerNdp({ bytes, packetType: 2 }, owner, addresses);
    assert.ok(reply.kind === "reply");
    assert.equal(sightNdp({ bytes, packetType: 2 }, owner), undefined);
    const answer = sightNdp({ bytes: reply.frame, packetType: 0 }, on);
    assert.equal(shown(answer), `${owner.mac} answers ${VIP}`);
  });
});

describe("what a frame of others shows", () => {
  it("whatever arrives, nothing is thrown", () => {
    const claim = ndpFrame(advertisement("ff02::1", false), multicastMac(ALL_NODES));
    const reply = arpFrame({ operation: 2, senderIp: "192.168.1.240", targetIp: "192.168.1.240" });
    const frames = fc.oneof(
      fc.uint8Array({ maxLength: 120 }),
      fc
        .record({
          frame: fc.constantFrom(claim, reply),
          at: fc.nat(90),
          byte: fc.nat(255),
          length: fc.nat(90),
        })
        .map(({ frame, at, byte, length }) => {
          const bytes = Uint8Array.from(frame.subarray(0, length));
          if (at < bytes.length) bytes[at] = byte;
          return bytes;
        }),
    );
    fc.assert(
      fc.property(frames, (bytes) => {
        sightArp({ bytes, packetType: 0 }, on);
        sightNdp({ bytes, packetType: 0 }, on);
      }),
    );
  });

  it("asks on interfaces of a network of ours, not at the ends of pods' cables", () => {
    const base: NetworkInterface = {
      index: 1,
      name: "eth0",
      mac: "52:54:00:00:00:01",
      isUp: true,
      canBroadcast: true,
      hasNoArp: false,
      operState: "up",
      addresses: ["192.168.1.1", "fd00::1", "fe80::1"],
    };
    const { asking } = planInterfaces([
      base,
      { ...base, index: 2, name: "cali1", addresses: ["fe80::2"] },
      { ...base, index: 4, name: "six0", addresses: ["fe80::4", "fd00::4"] },
      { ...base, index: 5, name: "four0", addresses: ["10.0.0.5"] },
      { ...base, index: 6, name: "down0", isUp: false },
    ]);
    const families = asking.map(({ name, ipv4, linkLocal }) => [name, !!ipv4, !!linkLocal]);
    assert.deepEqual(families, [
      ["eth0", true, true],
      ["six0", false, true],
      ["four0", true, false],
    ]);
    const [, six, four] = asking;
    assert.equal(six && questionFrame(six, ip("192.168.1.240")), undefined);
    assert.equal(four && questionFrame(four, ip("fd00::240")), undefined);
  });
});
