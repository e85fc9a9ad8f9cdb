import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { addressBytes, formatMac, type IpAddress, parseAddress } from "../ip/index.ts";
import { decodeIpv6Packet, encodeIcmpv6Packet, icmpv6Checksum } from "./ipv6-packet.ts";
import { ALL_NODES, isGroupMac, multicastMac, solicitedNodeGroup } from "./multicast-address.ts";
import {
  decodeNeighborSolicitation,
  encodeNeighborAdvertisement,
  encodeNeighborSolicitation,
} from "./ndp-packet.ts";

const ip = (text: string) => parseAddress(text)!;
const anyMac = fc.uint8Array({ minLength: 6, maxLength: 6 }).map(formatMac);
const anyIpv6 = fc.bigInt(0n, 2n ** 128n - 1n).map((value): IpAddress => ({ family: 6, value }));
const anySource = anyIpv6.filter(({ value }) => value >> 120n !== 0xffn && value !== 0n);
const noNullPrototype = { noNullPrototype: true };
const anySolicitation = fc.record(
  { source: anySource, destination: anyIpv6, target: anyIpv6, sourceMac: anyMac },
  { ...noNullPrototype, requiredKeys: ["source", "destination", "target"] },
);
const anyAdvertisement = fc.record(
  {
    source: anyIpv6,
    destination: anyIpv6,
    target: anyIpv6,
    targetMac: anyMac,
    isSolicited: fc.boolean(),
    isOverriding: fc.boolean(),
  },
  noNullPrototype,
);

/** Computed from the text of the rule, with big numbers: 16-bit words, carries added back, inverted (L2-123). */
function checksumByTheBook(source: IpAddress, destination: IpAddress, message: Uint8Array): number {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(message.length);
  const pseudo = [addressBytes(source), addressBytes(destination), length, [0, 0, 0, 58]];
  const bytes = Buffer.concat([...pseudo.map((part) => Buffer.from(part)), message]);
  const whole = bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(1)]);
  let sum = 0n;
  for (let at = 0; at < whole.length; at += 2) sum += BigInt(whole.readUInt16BE(at));
  // The sum in ones' complement is the remainder by 0xffff; zero bytes alone give zero.
  const folded = sum === 0n ? 0n : ((sum - 1n) % 0xffffn) + 1n;
  return Number(0xffffn - folded);
}

const SAMPLE = encodeNeighborSolicitation({
  source: ip("fe80::1"),
  destination: ip("ff02::1:ff00:240"),
  target: ip("fd00:1::240"),
  sourceMac: "00:11:22:33:44:55",
});

/** A solicitation with these options behind the target. */
function withOptions(options: string, source = ip("fe80::1")): Uint8Array {
  const head = Buffer.from(SAMPLE.subarray(40, 64));
  const message = Buffer.concat([head, Buffer.from(options.replaceAll(" ", ""), "hex")]);
  return encodeIcmpv6Packet(source, ip("ff02::1:ff00:240"), message);
}

describe("neighbour solicitation codec", () => {
  it("reads back what it wrote, for any field values", () => {
    fc.assert(
      fc.property(anySolicitation, (solicitation) => {
        const bytes = encodeNeighborSolicitation(solicitation);
        assert.equal(bytes.length, solicitation.sourceMac === undefined ? 64 : 72);
        assert.deepEqual(decodeNeighborSolicitation(bytes), solicitation);
      }),
    );
  });

  it("L2-113: random bytes never throw, nor does a solicitation with any byte changed or cut anywhere", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
        decodeNeighborSolicitation(bytes);
        decodeNeighborSolicitation(Uint8Array.of(0x60, 0, 0, 0, 0, 24, 58, 255, ...bytes));
      }),
    );
    fc.assert(
      fc.property(fc.nat(SAMPLE.length - 1), fc.nat(255), (at, byte) => {
        decodeNeighborSolicitation(SAMPLE.with(at, byte));
      }),
    );
    for (let length = 0; length < SAMPLE.length; length++) {
      assert.equal(decodeNeighborSolicitation(SAMPLE.subarray(0, length)), "error");
    }
  });

  it("L2-113: a message that ends before its target does is malformed, though its checksum is right", () => {
    for (let length = 4; length < 24; length++) {
      const packet = encodeIcmpv6Packet(ip("fe80::1"), ALL_NODES, SAMPLE.slice(40, 40 + length));
      assert.equal(decodeNeighborSolicitation(packet), "error");
    }
    for (let length = 0; length < 4; length++) {
      assert.equal(decodeNeighborSolicitation(SAMPLE.with(5, length)), "error");
    }
  });

  it("L2-119: a single wrong bit anywhere in message or addresses is seen by the checksum", () => {
    fc.assert(
      fc.property(fc.integer({ min: 8 * 8, max: SAMPLE.length * 8 - 1 }), (bit) => {
        const at = bit >> 3;
        const broken = SAMPLE.with(at, SAMPLE[at]! ^ (1 << (bit & 7)));
        assert.equal(decodeNeighborSolicitation(broken), "checksum");
      }),
    );
  });

  it("L2-115: the first option of type 1 wins, options of type 2 and others do not count", () => {
    const macOf = (options: string) => {
      const read = decodeNeighborSolicitation(withOptions(options));
      return typeof read === "string" ? read : read.sourceMac;
    };
    assert.equal(macOf("0201 00aabbccddee"), undefined);
    assert.equal(
      macOf("0201 00aabbccddee 0101 020000000001 0101 020000000002"),
      "02:00:00:00:00:01",
    );
    // A nonce (RFC 3971 section 5.3.2) of two units.
    assert.equal(macOf(`0e02 ${"ab".repeat(14)} 0101 020000000001`), "02:00:00:00:00:01");
  });

  it("L2-113: options that are empty, overrun the message or have a link-layer address of odd length are malformed", () => {
    for (const options of ["0100 000000000000", "0102 020000000001", "0e03 ab", "01", "0e"]) {
      assert.equal(decodeNeighborSolicitation(withOptions(options)), "error", options);
    }
    for (const type of ["01", "02"]) {
      assert.equal(
        decodeNeighborSolicitation(withOptions(`${type}02 ${"00".repeat(14)}`)),
        "error",
      );
    }
  });

  it("L2-118: a probe from :: has no option; with one it is malformed (RFC 4861 section 7.1.1)", () => {
    const none = ip("::");
    const probe = decodeNeighborSolicitation(withOptions("", none));
    assert.ok(typeof probe !== "string" && probe.source.value === 0n);
    assert.equal(decodeNeighborSolicitation(withOptions("0101 020000000001", none)), "error");
  });

  it("L2-113: a source that is a group, and a code other than 0, are malformed", () => {
    assert.equal(decodeNeighborSolicitation(withOptions("", ALL_NODES)), "error");
    const coded = Buffer.from(SAMPLE.subarray(40));
    coded[1] = 1;
    const packet = encodeIcmpv6Packet(ip("fe80::1"), ALL_NODES, coded);
    assert.equal(decodeNeighborSolicitation(packet), "error");
  });
});

describe("neighbour advertisement codec", () => {
  it("L2-121: 32 bytes of ICMPv6 with one option and no other flag than asked for, for any field values", () => {
    fc.assert(
      fc.property(anyAdvertisement, (advertisement) => {
        const { source, destination, target, targetMac } = advertisement;
        const { isSolicited, isOverriding } = advertisement;
        const packet = decodeIpv6Packet(encodeNeighborAdvertisement(advertisement));
        assert.ok(packet);
        const { payload, ...header } = packet;
        assert.deepEqual(header, { nextHeader: 58, hopLimit: 255, source, destination });
        const flags = (isSolicited ? 0x40 : 0) | (isOverriding ? 0x20 : 0);
        const mac = Buffer.from(targetMac.replaceAll(":", ""), "hex");
        const expected = [136, 0, payload[2]!, payload[3]!, flags, 0, 0, 0];
        assert.deepEqual(
          Buffer.from(payload),
          Buffer.from([...expected, ...addressBytes(target), 2, 1, ...mac]),
        );
      }),
    );
  });
});

describe("ICMPv6 checksum", () => {
  const anyMessage = fc.uint8Array({ minLength: 4, maxLength: 99 });

  it("L2-123: equals the one computed by the book, for messages of even and odd length", () => {
    fc.assert(
      fc.property(anyIpv6, anyIpv6, anyMessage, (source, destination, message) => {
        const packet = encodeIcmpv6Packet(source, destination, message);
        const blank = message.with(2, 0).with(3, 0);
        const written = new DataView(packet.buffer).getUint16(42);
        assert.equal(written, checksumByTheBook(source, destination, blank));
        assert.equal(icmpv6Checksum(packet), 0);
      }),
    );
  });

  it("L2-123: the specification's frames have theirs", () => {
    for (const [source, destination, message, checksum] of [
      [
        "fe80::211:22ff:fe33:4455",
        "ff02::1:ff00:240",
        "8700000000000000fd0000010000000000000000000002400101001122334455",
        0xab69,
      ],
      [
        "fe80::5054:ff:fe12:3456",
        "fe80::211:22ff:fe33:4455",
        "8800000040000000fd0000010000000000000000000002400201525400123456",
        0xc74d,
      ],
    ] as const) {
      const packet = encodeIcmpv6Packet(ip(source), ip(destination), Buffer.from(message, "hex"));
      assert.equal(new DataView(packet.buffer).getUint16(42), checksum);
    }
  });
});

describe("multicast addresses of NDP", () => {
  it("L2-111: the group of an address ends in its last 24 bits, and its Ethernet address in the last 32 of the group", () => {
    const group = solicitedNodeGroup(ip("fd00:1::12ab:cdef"));
    assert.deepEqual(group, ip("ff02::1:ffab:cdef"));
    assert.equal(multicastMac(group), "33:33:ff:ab:cd:ef");
    assert.equal(multicastMac(ALL_NODES), "33:33:00:00:00:01");
  });

  it("L2-111: addresses share a group when their last 24 bits are equal, and only then", () => {
    fc.assert(
      fc.property(anyIpv6, anyIpv6, fc.boolean(), (a, other, isNear) => {
        const value = isNear ? (other.value & ~0xff_ffffn) | (a.value & 0xff_ffffn) : other.value;
        const b: IpAddress = { family: 6, value };
        const areEqual = solicitedNodeGroup(a).value === solicitedNodeGroup(b).value;
        assert.equal(areEqual, ((a.value ^ b.value) & 0xff_ffffn) === 0n);
      }),
    );
  });

  it("L2-113: group addresses of Ethernet are told from those of one station", () => {
    assert.ok(isGroupMac("33:33:ff:00:02:40") && isGroupMac("ff:ff:ff:ff:ff:ff"));
    assert.ok(!isGroupMac("52:54:00:12:34:56") && !isGroupMac("02:00:00:00:00:01"));
  });
});
