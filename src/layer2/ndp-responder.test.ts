import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { formatAddress, parseAddress } from "../ip/index.ts";
import { AnnouncedAddresses } from "./announced-addresses.ts";
import { decodeEthernetFrame, encodeEthernetFrame } from "./ethernet-frame.ts";
import { decodeIpv6Packet, encodeIcmpv6Packet } from "./ipv6-packet.ts";
import { encodeNeighborSolicitation, type NeighborSolicitation } from "./ndp-packet.ts";
import { answerNdp } from "./ndp-responder.ts";
import type { ReceivedFrame } from "./resolution.ts";

const ip = (text: string) => parseAddress(text)!;
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const plain = (text: string) => text.replaceAll(" ", "");

const VIP = "fd00:1::240";
const CLIENT = { ip: "fe80::211:22ff:fe33:4455", mac: "00:11:22:33:44:55" };
const ETH0 = {
  name: "eth0",
  mac: "52:54:00:12:34:56",
  linkLocal: ip("fe80::5054:ff:fe12:3456"),
};
const SOLICITATION = plain(
  "3333ff000240 001122334455 86dd 60000000 0020 3a ff fe80000000000000021122fffe334455" +
    "ff0200000000000000000001ff000240 8700 ab69 00000000 fd000001000000000000000000000240 0101 001122334455",
);
const ANSWER = plain(
  "001122334455 525400123456 86dd 60000000 0020 3a ff fe80000000000000505400fffe123456" +
    "fe80000000000000021122fffe334455 8800 c74d 40000000 fd000001000000000000000000000240 0201 525400123456",
);

function announcing(...texts: string[]): AnnouncedAddresses {
  const addresses = new AnnouncedAddresses();
  for (const text of texts) addresses.announce(`default/${text}`, ip(text), "all");
  return addresses;
}

function frame(text: string, more: Partial<ReceivedFrame> = {}): ReceivedFrame {
  return { bytes: Buffer.from(text, "hex"), packetType: 2, ...more };
}

function outcome(received: ReceivedFrame, addresses = announcing(VIP)): string {
  const answer = answerNdp(received, ETH0, addresses);
  return answer.kind === "reply" ? hex(answer.frame) : answer.reason;
}

interface Asked extends Partial<NeighborSolicitation> {
  readonly to?: string;
  readonly from?: string;
}

/** The client's question as it would ask for `VIP`, but for what is said. */
function asked({ to = "33:33:ff:00:02:40", from = CLIENT.mac, ...more }: Asked): ReceivedFrame {
  const payload = encodeNeighborSolicitation({
    source: ip(CLIENT.ip),
    destination: ip("ff02::1:ff00:240"),
    target: ip(VIP),
    ...more,
  });
  const bytes = encodeEthernetFrame({ destination: to, source: from, etherType: 0x86dd, payload });
  return { bytes, packetType: 2 };
}

/** The question with another ICMPv6 message or header around it. */
function icmp(message: string, hopLimit = 255): ReceivedFrame {
  const payload = encodeIcmpv6Packet(
    ip(CLIENT.ip),
    ip("ff02::1:ff00:240"),
    Buffer.from(plain(message), "hex"),
    hopLimit,
  );
  const ends = { destination: "33:33:ff:00:02:40", source: CLIENT.mac };
  return { bytes: encodeEthernetFrame({ ...ends, etherType: 0x86dd, payload }), packetType: 2 };
}

/** The question with the bytes at an offset replaced. */
function changed(offset: number, bytes: string): string {
  return SOLICITATION.slice(0, offset * 2) + bytes + SOLICITATION.slice(offset * 2 + bytes.length);
}

const MESSAGE = SOLICITATION.slice(54 * 2);
const withoutOption = { sourceMac: undefined } as unknown as Asked;

describe("NDP responder", () => {
  it("L2-121 L2-117 L2-110 L2-123: the solicitation of the specification gets its answer, byte for byte", () => {
    assert.equal(outcome(frame(SOLICITATION)), ANSWER);
  });

  it("L2-207: padding behind the packet is ignored", () => {
    assert.equal(outcome(frame(SOLICITATION + "00".repeat(18))), ANSWER);
  });

  it("L2-112: what is no IPv6, no ICMPv6 or no message of NDP is ignored", () => {
    assert.equal(outcome(frame(changed(12, "0800"))), "not-ndp");
    assert.equal(outcome(frame(changed(20, "11"))), "not-ndp");
    for (const type of ["80", "84", "89"])
      assert.equal(outcome(icmp(type + MESSAGE.slice(2))), "not-ndp");
  });

  it("L2-113: truncated and malformed frames are errors", () => {
    for (let bytes = 0; bytes < 86; bytes++) {
      assert.equal(outcome(frame(SOLICITATION.slice(0, bytes * 2))), "error");
    }
    assert.equal(outcome(frame(changed(14, "40"))), "error");
    assert.equal(outcome(icmp(`8701${MESSAGE.slice(4)}`)), "error");
    assert.equal(outcome(icmp(`${MESSAGE.slice(0, 48)}0100${MESSAGE.slice(52)}`)), "error");
  });

  it("L2-113 L2-201: frames of this node that come back are dropped, by MAC or by link-local address", () => {
    assert.equal(outcome(frame(changed(6, "525400123456"))), "own-frame");
    assert.equal(outcome(frame(SOLICITATION, { packetType: 4 })), "own-frame");
    assert.equal(outcome(asked({ source: ETH0.linkLocal, sourceMac: CLIENT.mac })), "own-frame");
  });

  it("L2-114: the other messages of NDP are not solicitations of a neighbour", () => {
    for (const type of ["85", "86", "88"]) {
      assert.equal(outcome(icmp(type + MESSAGE.slice(2))), "message-type");
    }
  });

  it("L2-115: without the client's address in an option a multicast solicitation is dropped", () => {
    assert.equal(outcome(asked(withoutOption)), "no-source-lla");
    const targetOption = icmp(`${MESSAGE.slice(0, 48)}0201001122334455`);
    assert.equal(outcome(targetOption), "no-source-lla");
    // Some access points turn a multicast frame into one for each station.
    assert.equal(outcome(asked({ ...withoutOption, to: ETH0.mac })), "no-source-lla");
  });

  it("L2-118: a probe for a duplicate address, from ::, gets no answer, sent to the group or to us", () => {
    const probe = { source: ip("::") };
    assert.equal(outcome(asked(probe)), "no-source-lla");
    assert.equal(outcome(asked({ ...probe, destination: ip(VIP), to: ETH0.mac })), "no-source-lla");
  });

  it("L2-119: a hop limit other than 255 and a wrong checksum are dropped", () => {
    for (const hopLimit of [0, 1, 64, 254]) {
      assert.equal(outcome(icmp(MESSAGE, hopLimit)), "hop-limit");
    }
    assert.equal(outcome(frame(changed(56, "ab68"))), "checksum");
    assert.equal(outcome(frame(changed(56, "0000"))), "checksum");
  });

  it("L2-120: a client that asks whether we are still here, by unicast, is answered with and without the option", () => {
    const probe = { destination: ip(VIP), to: ETH0.mac };
    assert.equal(outcome(asked({ ...probe, sourceMac: CLIENT.mac })), ANSWER);
    assert.equal(outcome(asked(probe)), ANSWER);
  });

  it("L2-93: a unicast frame for another station is dropped, whatever it asks", () => {
    const foreign = asked({ sourceMac: CLIENT.mac, to: "52:54:00:aa:aa:aa" });
    assert.equal(outcome(foreign), "ethernet-destination");
    assert.equal(outcome(foreign, announcing()), "ethernet-destination");
  });

  it("L2-116 L2-74: what is not announced, or not on this interface, is not answered", () => {
    assert.equal(outcome(frame(SOLICITATION), announcing()), "not-announced");
    assert.equal(outcome(frame(SOLICITATION), announcing("fd00:2::240")), "not-announced");
    const addresses = new AnnouncedAddresses();
    addresses.announce("default/a", ip(VIP), new Set(["eth1"]));
    assert.equal(outcome(frame(SOLICITATION), addresses), "interface-not-matched");
    addresses.announce("default/b", ip(VIP), new Set(["eth0"]));
    assert.equal(outcome(frame(SOLICITATION), addresses), ANSWER);
  });

  it("L2-122 L2-98: the answer goes to the address in the option, not to the Ethernet source", () => {
    assert.equal(outcome(frame(changed(6, "0a0a0a0a0a0a"))), ANSWER);
  });

  for (const [what, mac] of [
    ["zero", "000000000000"],
    ["everybody", "ffffffffffff"],
    ["a group", "333300000001"],
  ] as const) {
    it(`L2-122 L2-98: a solicitation whose option names ${what} gets the true answer, sent there and nowhere else`, () => {
      const received = asked({ sourceMac: mac.replace(/..(?=.)/g, "$&:") });
      assert.equal(outcome(received), mac + ANSWER.slice(12));
    });
  }

  it("L2-116: nobody's address and groups are not announced, however they are asked for", () => {
    for (const target of ["::", "ff02::1", "ff02::1:ff00:240"]) {
      assert.equal(outcome(asked({ target: ip(target), sourceMac: CLIENT.mac })), "not-announced");
    }
  });

  it("L2-121: a client that asks from a global address is answered there", () => {
    const received = asked({ source: ip("fd00:1::50"), sourceMac: CLIENT.mac });
    const answer = decodeIpv6Packet(Buffer.from(outcome(received), "hex").subarray(14));
    assert.equal(answer && formatAddress(answer.destination), "fd00:1::50");
  });

  it("L2-100: the answer carries MAC and link-local address of the interface that received the question", () => {
    const on = { name: "eth1", mac: "52:54:00:99:99:99", linkLocal: ip("fe80::99") };
    const answer = answerNdp(frame(SOLICITATION), on, announcing(VIP));
    assert.ok(answer.kind === "reply");
    assert.equal(hex(answer.frame.subarray(6, 12)), "525400999999");
    assert.equal(hex(answer.frame.subarray(80, 86)), "525400999999");
    const packet = decodeIpv6Packet(answer.frame.subarray(14));
    assert.equal(packet && formatAddress(packet.source), "fe80::99");
  });

  it("L2-202: a frame of a VLAN is not answered, a priority tag (id 0) is", () => {
    const tagged = (id: string) => SOLICITATION.slice(0, 24) + "8100" + id + SOLICITATION.slice(24);
    assert.equal(outcome(frame(SOLICITATION, { packetType: 3 })), "other-vlan");
    assert.equal(outcome(frame(tagged("0064"))), "other-vlan");
    assert.equal(outcome(frame(tagged("e000"))), ANSWER);
  });

  it("L2-140 L2-101: an accepted solicitation is counted at once, drops are not, the answer is left to the sender", () => {
    const addresses = announcing(VIP);
    outcome(frame(SOLICITATION), addresses);
    outcome(asked(withoutOption), addresses);
    outcome(asked({ target: ip("fd00:1::241"), sourceMac: CLIENT.mac }), addresses);
    assert.deepEqual(
      [...addresses.counters()],
      [[VIP, { requestsReceived: 1, responsesSent: 0, gratuitousSent: 0 }]],
    );
  });

  it("L2-116: never answers for an address that is not announced, whatever arrives", () => {
    const anyTarget = fc
      .nat(0xff)
      .map((low) => formatAddress({ family: 6, value: BigInt(low) + (0xfd00n << 112n) }));
    fc.assert(
      fc.property(fc.uniqueArray(anyTarget), anyTarget, (announced, target) => {
        const received = asked({ target: ip(target), sourceMac: CLIENT.mac });
        const answered = answerNdp(received, ETH0, announcing(...announced));
        assert.equal(answered.kind === "reply", announced.includes(target));
      }),
    );
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 120 }),
        fc.nat(0xff),
        fc.nat(85),
        (bytes, byte, at) => {
          assert.equal(answerNdp({ bytes, packetType: 0 }, ETH0, announcing()).kind, "drop");
          const broken = Buffer.from(SOLICITATION, "hex");
          broken[at] = byte;
          const answer = answerNdp({ bytes: broken, packetType: 0 }, ETH0, announcing(VIP));
          const isReadable = decodeEthernetFrame(broken)?.etherType === 0x86dd;
          assert.ok(answer.kind === "drop" || isReadable);
        },
      ),
    );
  });
});
