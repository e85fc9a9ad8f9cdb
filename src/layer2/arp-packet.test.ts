import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { formatMac } from "../ip/index.ts";
import { decodeArpPacket, encodeArpPacket } from "./arp-packet.ts";
import { decodeEthernetFrame, encodeEthernetFrame, ETHERTYPE_ARP } from "./ethernet-frame.ts";

const anyMac = fc.uint8Array({ minLength: 6, maxLength: 6 }).map(formatMac);
const anyIpv4 = fc.nat(0xffff_ffff).map((value) => ({ family: 4 as const, value: BigInt(value) }));
const anyArp = fc.record(
  {
    operation: fc.nat(0xffff),
    senderMac: anyMac,
    senderIp: anyIpv4,
    targetMac: anyMac,
    targetIp: anyIpv4,
  },
  { noNullPrototype: true },
);

describe("ARP packet codec", () => {
  it("reads back what it wrote, for any field values", () => {
    fc.assert(
      fc.property(anyArp, (packet) => {
        assert.deepEqual(decodeArpPacket(encodeArpPacket(packet)), packet);
      }),
    );
  });

  it("L2-91: a packet cut anywhere is refused, never read past its end", () => {
    const whole = encodeArpPacket(fc.sample(anyArp, { seed: 1, numRuns: 1 })[0]!);
    for (let length = 0; length < whole.length; length++) {
      assert.equal(decodeArpPacket(whole.subarray(0, length)), undefined);
    }
  });

  it("L2-91: length fields that demand more than the packet holds are refused", () => {
    const bytes = encodeArpPacket(fc.sample(anyArp, { seed: 1, numRuns: 1 })[0]!);
    assert.equal(decodeArpPacket(bytes.with(4, 8)), undefined);
    assert.equal(decodeArpPacket(bytes.with(5, 16)), undefined);
  });

  it("L2-97: hardware and protocol type are not looked at", () => {
    const bytes = encodeArpPacket(fc.sample(anyArp, { seed: 1, numRuns: 1 })[0]!);
    assert.deepEqual(decodeArpPacket(bytes.with(1, 6).with(2, 9)), decodeArpPacket(bytes));
  });
});

describe("Ethernet frame codec", () => {
  it("reads back what it wrote, padded to 60 bytes", () => {
    const anyPayload = fc.uint8Array({ maxLength: 100 });
    fc.assert(
      fc.property(anyMac, anyMac, anyPayload, (destination, source, payload) => {
        const frame = { destination, source, etherType: ETHERTYPE_ARP, payload };
        const bytes = encodeEthernetFrame(frame);
        const read = decodeEthernetFrame(bytes);
        assert.ok(bytes.length >= 60);
        assert.deepEqual(
          { ...read, payload: read?.payload.subarray(0, payload.length) },
          { ...frame, payload },
        );
        assert.ok(read?.payload.subarray(payload.length).every((byte) => byte === 0));
      }),
    );
  });

  it("L2-90: reads over up to two VLAN tags and keeps the outer id", () => {
    const header = Buffer.from("ffffffffffff001122334455", "hex");
    const tagged = Buffer.concat([header, Buffer.from("88a8e064810000050806aa", "hex")]);
    const frame = decodeEthernetFrame(tagged);
    assert.ok(frame);
    assert.equal(frame.vlanId, 0x64);
    assert.equal(frame.etherType, ETHERTYPE_ARP);
    assert.deepEqual(Buffer.from(frame.payload), Buffer.from([0xaa]));
  });

  it("L2-91: random and truncated bytes never throw", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const frame = decodeEthernetFrame(bytes);
        if (frame !== undefined) decodeArpPacket(frame.payload);
        assert.equal(frame === undefined, bytes.length < 14 || isCutInATag(bytes));
      }),
    );
  });
});

/** Does the frame end inside a VLAN tag? Told apart from the decoder by looking at the bytes only. */
function isCutInATag(bytes: Uint8Array): boolean {
  const isTag = (at: number) =>
    /^(8100|88a8)$/.test(Buffer.from(bytes.slice(at, at + 2)).toString("hex"));
  if (!isTag(12)) return false;
  return bytes.length < 18 || (isTag(16) && bytes.length < 22);
}
