/** The examples in the text of the specification, byte for byte, one rule a message. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeMessage } from "./decode-message.ts";
import { encodeMessage } from "./encode-message.ts";
import { encodePacket } from "./encode-packet.ts";
import type { PacketMessage } from "./messages.ts";

const bytes = (hex: string): Uint8Array =>
  Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));
const address = (last: number): Uint8Array => Uint8Array.of(192, 0, 2, last);
const vsn = Uint8Array.of(1, 5, 2, 0, 0, 0);
const source = { sourceAddr: address(10), sourcePort: 7946, sourceNode: "node-a" };

const examples: readonly (readonly [rule: string, hex: string, message: PacketMessage])[] = [
  [
    "ML-26a: ping",
    "00 85 a44e6f6465 a66e6f64652d62 a55365714e6f 01 aa536f7572636541646472 a4c000020a " +
      "aa536f757263654e6f6465 a66e6f64652d61 aa536f75726365506f7274 cd1f0a",
    { kind: "ping", seqNo: 1, node: "node-b", ...source },
  ],
  [
    "ML-27a: ping of v0.9.5, which tells no source",
    "00 82 a44e6f6465 a66e6f64652d62 a55365714e6f cd012c",
    { kind: "ping", seqNo: 300, node: "node-b" },
  ],
  [
    "ML-26b: indirect ping",
    "01 88 a44e61636b c3 a44e6f6465 a66e6f64652d63 a4506f7274 cd1f0a a55365714e6f ce00011170 " +
      "aa536f7572636541646472 a4c000020a aa536f757263654e6f6465 a66e6f64652d61 " +
      "aa536f75726365506f7274 cd1f0a a6546172676574 a4c000020c",
    {
      kind: "indirect-ping",
      seqNo: 70_000,
      target: address(12),
      port: 7946,
      node: "node-c",
      nack: true,
      ...source,
    },
  ],
  ["ML-26c: ack", "02 82 a75061796c6f6164 c0 a55365714e6f 01", { kind: "ack", seqNo: 1 }],
  ["ML-26d: nack", "0b 81 a55365714e6f ce00011170", { kind: "nack", seqNo: 70_000 }],
  [
    "ML-26e: suspect",
    "03 83 a446726f6d a66e6f64652d61 ab496e6361726e6174696f6e 07 a44e6f6465 a66e6f64652d62",
    { kind: "suspect", incarnation: 7, node: "node-b", from: "node-a" },
  ],
  [
    "ML-26f, ML-27b, ML-27c: alive, with 4 bytes of address and 6 of versions",
    "04 86 a441646472 a4c000020b ab496e6361726e6174696f6e 08 a44d657461 c0 a44e6f6465 a66e6f64652d62 " +
      "a4506f7274 cd1f0a a356736e a6010502000000",
    {
      kind: "alive",
      incarnation: 8,
      node: "node-b",
      addr: address(11),
      port: 7946,
      meta: new Uint8Array(),
      vsn,
    },
  ],
  [
    "ML-26g: dead",
    "05 83 a446726f6d a66e6f64652d61 ab496e6361726e6174696f6e 08 a44e6f6465 a66e6f64652d62",
    { kind: "dead", incarnation: 8, node: "node-b", from: "node-a" },
  ],
];

describe("messages as the specification writes them", () => {
  for (const [rule, hex, message] of examples) {
    it(rule, () => {
      assert.deepEqual(
        Buffer.from(encodeMessage(message)).toString("hex"),
        hex.replaceAll(" ", ""),
      );
      assert.deepEqual(decodeMessage(bytes(hex)), { ok: true, message });
    });
  }

  it("ML-23: reads the array form, which it never writes", () => {
    const asArray = bytes("0b 91 ce00011170");
    assert.deepEqual(decodeMessage(asArray), {
      ok: true,
      message: { kind: "nack", seqNo: 70_000 },
    });
  });

  it("ML-172, ML-41: a ping is 69 bytes plain and 98 with a key; an ack 18 and 47", () => {
    const layers = { compresses: false, withChecksum: false };
    const nonce = (length: number): Uint8Array => new Uint8Array(length);
    const sizes = [examples[0]!, examples[3]!].map(([, , message]) =>
      [[], [new Uint8Array(32)]].map(
        (keys) => encodePacket([encodeMessage(message)], { ...layers, keys, nonce })[0]?.length,
      ),
    );
    assert.deepEqual(sizes, [
      [69, 98],
      [18, 47],
    ]);
  });
});
