import assert from "node:assert/strict";
import { createCipheriv } from "node:crypto";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { anyPacketMessage } from "../../testing/memberlist-messages.ts";
import { encodeCompound } from "./compound.ts";
import { compress } from "./compression.ts";
import { decodePacket, type PacketDecoding } from "./decode-packet.ts";
import { encodeMessage } from "./encode-message.ts";
import { encodePacket, type PacketEncoding } from "./encode-packet.ts";
import type { Ack } from "./messages.ts";

const key16 = Uint8Array.from({ length: 16 }, (_, at) => at);
const key32 = Uint8Array.from({ length: 32 }, (_, at) => 255 - at);
const blue = new TextEncoder().encode("blue");
const green = new TextEncoder().encode("green");
const nonce = (length: number): Uint8Array => new Uint8Array(length).fill(9);

const plainly: PacketEncoding = { keys: [], compresses: false, withChecksum: false, nonce };
const openly: PacketDecoding = { keys: [], verifiesIncoming: true };

const ack = (seqNo: number): Ack => ({ kind: "ack", seqNo });
const acks = (count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, at) => encodeMessage(ack(at)));

function packet(options: Partial<PacketEncoding>, ...messages: Uint8Array[]): Uint8Array {
  const given = messages.length > 0 ? messages : [encodeMessage(ack(7))];
  return encodePacket(given, { ...plainly, ...options })[0]!;
}

function reasons(bytes: Uint8Array, options: Partial<PacketDecoding> = {}): string[] {
  return decodePacket(bytes, { ...openly, ...options }).problems.map(({ reason }) => reason);
}

const received = { messages: [ack(7)], problems: [] };

const anyOptions = fc.record(
  {
    label: fc.constantFrom(new Uint8Array(0), blue),
    keys: fc.constantFrom([], [key16], [key32, key16]),
    compresses: fc.boolean(),
    withChecksum: fc.boolean(),
  },
  { noNullPrototype: true },
);

describe("packets", () => {
  it("section 2: what is sent is received, under any layers", () => {
    const some = fc.array(anyPacketMessage, { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(some, anyOptions, (messages, options) => {
        const sent = encodePacket(messages.map(encodeMessage), { ...options, nonce });
        assert.equal(sent.length, 1);
        const found = decodePacket(sent[0]!, { ...options, verifiesIncoming: true });
        assert.deepEqual(found, { messages, problems: [] });
      }),
    );
  });

  it("section 2: any bytes and any changed packet give messages or reasons, and never throw", () => {
    const changed = fc.tuple(fc.array(anyPacketMessage, { minLength: 1 }), fc.nat(), fc.nat(255));
    fc.assert(
      fc.property(changed, anyOptions, ([messages, place, byte], options) => {
        const bytes = packet({ ...options }, ...messages.map(encodeMessage));
        bytes[place % bytes.length] = byte;
        decodePacket(bytes, { ...options, verifiesIncoming: true });
        decodePacket(bytes, { ...options, verifiesIncoming: false });
      }),
    );
    const firsts = fc.constantFrom(0, 1, 7, 8, 9, 12, 244);
    fc.assert(
      fc.property(firsts, fc.uint8Array({ maxLength: 200 }), anyOptions, (first, rest, options) => {
        const bytes = Uint8Array.of(first, ...rest);
        const { messages, problems } = decodePacket(bytes, { ...options, verifiesIncoming: false });
        assert.ok(messages.length + problems.length > 0 || first === 7);
      }),
      { numRuns: 1000 },
    );
    assert.deepEqual(reasons(new Uint8Array(0)), ["empty-message"]);
  });

  it("ML-94: sends one message bare, nothing for none", () => {
    assert.deepEqual(encodePacket(acks(1), plainly), acks(1));
    assert.deepEqual(encodePacket([], plainly), []);
  });

  it("ML-28: splits more than 255 messages over several packets, in order", () => {
    const sent = encodePacket(acks(511), plainly);
    assert.deepEqual(
      sent.map((bytes) => [...bytes.subarray(0, 2)]),
      [
        [7, 255],
        [7, 255],
        [2, 0x82],
      ],
    );
    const found = sent.flatMap((bytes) => decodePacket(bytes, openly).messages);
    assert.deepEqual(
      found,
      Array.from({ length: 511 }, (_, at) => ack(at)),
    );
  });

  it("ML-28: sends a message alone whose length a compound cannot tell", () => {
    const large = encodeMessage({ kind: "user", payload: new Uint8Array(65_535) });
    const sent = encodePacket([...acks(2), large], plainly);
    assert.deepEqual(sent, [large, encodeCompound(acks(2))]);
  });

  it("ML-29: handles the parts before a cut, and none without the lengths", () => {
    const whole = encodeCompound(acks(3));
    const cut = decodePacket(whole.subarray(0, -1), openly);
    assert.deepEqual(cut.messages, [ack(0), ack(1)]);
    assert.deepEqual(
      cut.problems.map(({ reason }) => reason),
      ["truncated-compound"],
    );
    for (const length of [1, 2, 7]) {
      const headless = decodePacket(whole.subarray(0, length), openly);
      assert.deepEqual(headless.messages, []);
      assert.deepEqual(
        headless.problems.map(({ reason }) => reason),
        ["truncated-compound"],
      );
    }
  });

  it("ML-25: handles the other parts when one cannot be read", () => {
    const parts = [
      acks(1)[0]!,
      Uint8Array.of(2, 0x81),
      Uint8Array.of(99),
      new Uint8Array(0),
      acks(2)[1]!,
    ];
    const { messages, problems } = decodePacket(encodeCompound(parts), openly);
    assert.deepEqual(messages, [ack(0), ack(1)]);
    assert.deepEqual(
      problems.map(({ reason }) => reason),
      ["undecodable-message", "unknown-type", "empty-message"],
    );
  });

  it("ML-29: compounds and compressions nest, a few deep", () => {
    let nested = encodeCompound([compress(encodeCompound(acks(2))), compress(acks(3)[2]!)]);
    assert.deepEqual(decodePacket(nested, openly), {
      messages: [ack(0), ack(1), ack(2)],
      problems: [],
    });
    for (let depth = 0; depth < 9; depth += 1) nested = encodeCompound([nested, acks(1)[0]!]);
    const { messages, problems } = decodePacket(nested, openly);
    assert.deepEqual(messages, Array(8).fill(ack(0)));
    assert.deepEqual([...new Set(problems.map(({ reason }) => reason))], ["nested-too-deep"]);
  });

  it("ML-29: thousands of compounds in each other cost no stack", () => {
    // One part each, which is all of the rest.
    const nested = new Uint8Array(64_000);
    for (let at = 0; at < nested.length; at += 4) {
      const rest = nested.length - at - 4;
      nested.set([7, 1, rest >> 8, rest & 0xff], at);
    }
    assert.deepEqual(reasons(nested), ["nested-too-deep"]);
  });

  it("a packet of more messages than anyone sends is cut off, once", () => {
    const row = encodeCompound(Array(255).fill(Uint8Array.of(8)));
    const table = encodeCompound(Array(255).fill(row));
    const { messages, problems } = decodePacket(compress(table), openly);
    assert.equal(messages.length, 4096);
    assert.deepEqual(
      problems.map(({ reason }) => reason),
      ["too-large"],
    );
  });

  it("ML-10: a packet has no type 10, encrypted or not", () => {
    assert.deepEqual(reasons(Uint8Array.of(10, 0, 0, 0, 30, 1)), ["unknown-type"]);
    const framed = Buffer.concat([Uint8Array.of(10, 0, 0, 0, 47), packet({ keys: [key16] })]);
    assert.deepEqual(reasons(framed, { keys: [key16] }), ["decrypt-failed"]);
    assert.equal(packet({ keys: [key16] })[0], 1);
  });

  it("ML-12, ML-30: compresses only if that makes the packet smaller, and takes both", () => {
    const long = encodeMessage({ kind: "user", payload: new Uint8Array(500) });
    assert.equal(packet({ compresses: true }, long)[0], 9);
    assert.ok(packet({ compresses: true }, long).length < 100);
    assert.deepEqual(packet({ compresses: true }), packet({}));
    assert.equal(decodePacket(packet({ compresses: true }, long), openly).messages.length, 1);
  });

  it("ML-32: refuses other algorithms, empty contents and broken data", () => {
    const algorithm = (number: number) =>
      compress(acks(1)[0]!).map((byte, at) => (at === 7 ? number : byte));
    assert.deepEqual(reasons(algorithm(0)), []);
    assert.deepEqual(reasons(algorithm(1)), ["bad-compression"]);
    assert.deepEqual(reasons(compress(new Uint8Array(0))), ["bad-compression"]);
    assert.deepEqual(reasons(compress(acks(1)[0]!).subarray(0, -1)), ["bad-compression"]);
    assert.deepEqual(reasons(Uint8Array.of(9, 0x80)), ["bad-compression"]);
  });

  it("ML-121: all compressions of a packet share one limit", () => {
    const bomb = compress(new Uint8Array(600_000).fill(8));
    assert.deepEqual(reasons(bomb), []);
    assert.deepEqual(reasons(encodeCompound([bomb, bomb, acks(1)[0]!])), ["too-large"]);
  });

  it("ML-33: the checksum stands in front of what it covers", () => {
    const bytes = packet({ withChecksum: true }, encodeMessage(ack(1)));
    assert.equal(Buffer.from(bytes).toString("hex", 0, 5), "0c41a888da");
    assert.deepEqual(decodePacket(bytes, openly), { messages: [ack(1)], problems: [] });
  });

  it("ML-33: any wrong bit is found", () => {
    const bytes = packet({ withChecksum: true });
    for (let bit = 8; bit < bytes.length * 8; bit += 1) {
      const wrong = bytes.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
      assert.deepEqual(reasons(wrong), ["bad-checksum"]);
    }
  });

  it("ML-34, ML-35: a checksum too short or in the wrong place is an unknown type", () => {
    assert.deepEqual(reasons(Uint8Array.of(12, 0, 0, 0)), ["unknown-type"]);
    const summed = packet({ withChecksum: true });
    assert.deepEqual(reasons(encodeCompound([summed])), ["unknown-type"]);
    assert.deepEqual(reasons(compress(summed)), ["unknown-type"]);
    assert.deepEqual(reasons(packet({ withChecksum: true }, summed)), ["unknown-type"]);
  });

  it("ML-42: opens with any key of the ring", () => {
    const bytes = packet({ keys: [key16] });
    assert.equal(bytes.length, acks(1)[0]!.length + 29);
    assert.deepEqual(decodePacket(bytes, { ...openly, keys: [key32, key16] }), received);
    assert.deepEqual(reasons(bytes, { keys: [key32] }), ["decrypt-failed"]);
  });

  it("ML-42: refuses other versions and what is too short", () => {
    const bytes = packet({ keys: [key16] });
    assert.deepEqual(reasons(bytes.with(0, 2), { keys: [key16] }), ["decrypt-failed"]);
    for (let length = 0; length < bytes.length; length += 1) {
      assert.deepEqual(reasons(bytes.subarray(0, length), { keys: [key16] }), ["decrypt-failed"]);
    }
  });

  it("ML-42: refuses a padding that is longer than the data or no padding", () => {
    const sealed = (content: Uint8Array): Uint8Array => {
      const cipher = createCipheriv("aes-128-gcm", key16, nonce(12));
      const data = Buffer.concat([cipher.update(content), cipher.final()]);
      return Buffer.concat([Uint8Array.of(0), nonce(12), data, cipher.getAuthTag()]);
    };
    const options = { keys: [key16] };
    assert.deepEqual(reasons(sealed(new Uint8Array(16).fill(17)), options), ["decrypt-failed"]);
    assert.deepEqual(reasons(sealed(new Uint8Array(16).fill(0)), options), ["decrypt-failed"]);
    assert.deepEqual(reasons(sealed(new Uint8Array(16).fill(16)), options), ["empty-message"]);
  });

  it("ML-43: with a key plain packets are dropped, unless incoming ones are not verified", () => {
    assert.deepEqual(reasons(packet({}), { keys: [key16] }), ["decrypt-failed"]);
    const lax = { keys: [key16], verifiesIncoming: false };
    assert.deepEqual(decodePacket(packet({ withChecksum: true }), lax), received);
  });

  it("ML-60, ML-124: a label of up to 255 bytes stands in front of all", () => {
    const bytes = packet({ label: blue });
    assert.equal(Buffer.from(bytes).toString("hex", 0, 6), "f404626c7565");
    const longest = new Uint8Array(255).fill(98);
    for (const keys of [[], [key16]]) {
      const labelled = packet({ label: longest, keys });
      assert.deepEqual([...labelled.subarray(0, 3)], [244, 255, 98]);
      assert.deepEqual(decodePacket(labelled, { ...openly, keys, label: longest }), received);
      const shorter = { keys, label: longest.subarray(1) };
      assert.deepEqual(reasons(labelled, shorter), ["label-mismatch"]);
    }
  });

  it("ML-61: the label must be the same on both sides", () => {
    const labels = [undefined, blue, green, blue.subarray(0, 3)];
    for (const sent of labels) {
      for (const own of labels) {
        for (const keys of [[], [key32]]) {
          const bytes = packet({ keys, ...(sent === undefined ? {} : { label: sent }) });
          const options = { keys, ...(own === undefined ? {} : { label: own }) };
          assert.deepEqual(reasons(bytes, options), sent === own ? [] : ["label-mismatch"]);
        }
      }
    }
  });

  it("ML-61: refuses an empty label and a header that is cut", () => {
    assert.deepEqual(reasons(Uint8Array.of(244, 0, 2, 0x80), { label: blue }), ["bad-label"]);
    assert.deepEqual(reasons(Uint8Array.of(244), { label: blue }), ["bad-label"]);
    assert.deepEqual(reasons(Uint8Array.of(244, 4, 98), { label: blue }), ["bad-label"]);
  });

  it("ML-40: the label is sealed with the packet", () => {
    const bytes = packet({ label: blue, keys: [key16] });
    const moved = packet({ label: green, keys: [key16] });
    const forged = Buffer.concat([moved.subarray(0, 7), bytes.subarray(6)]);
    assert.deepEqual(reasons(forged, { label: green, keys: [key16] }), ["decrypt-failed"]);
  });
});
