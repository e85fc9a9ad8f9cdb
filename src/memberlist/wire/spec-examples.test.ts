/** The examples in the text of the specification, byte for byte, one rule a message. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeMessage } from "./decode-message.ts";
import { decodePacket } from "./decode-packet.ts";
import { encodeMessage, encodeStreamMessage } from "./encode-message.ts";
import { encodePacket } from "./encode-packet.ts";
import type { PacketMessage, StreamMessage } from "./messages.ts";
import { StreamReader } from "./stream-reader.ts";

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

const node = { port: 7946, meta: new Uint8Array(), vsn };

const streamExamples: readonly (readonly [rule: string, hex: string, message: StreamMessage])[] = [
  [
    "ML-26h, ML-26i: push/pull, a header and a node",
    "06 83 a44a6f696e c3 a54e6f646573 01 ac5573657253746174654c656e 00 " +
      "87 a441646472 a4c000020a ab496e6361726e6174696f6e 01 a44d657461 c0 a44e616d65 a66e6f64652d61 " +
      "a4506f7274 cd1f0a a55374617465 00 a356736e a6010502000000",
    {
      kind: "push-pull",
      isJoin: true,
      nodes: [{ name: "node-a", addr: address(10), incarnation: 1, state: 0, ...node }],
      userState: new Uint8Array(),
    },
  ],
  [
    "ML-26k: a user message in a stream, with its length in front",
    "08 81 aa557365724d73674c656e 05 68656c6c6f",
    { kind: "user-stream", payload: new TextEncoder().encode("hello") },
  ],
  ["ML-26l: error", "0d 81 a54572726f72 a474657374", { kind: "error", error: "test" }],
];

describe("messages as the specification writes them", () => {
  for (const [rule, hex, message] of streamExamples) {
    it(rule, () => {
      assert.deepEqual(
        Buffer.from(encodeStreamMessage(message)).toString("hex"),
        hex.replaceAll(" ", ""),
      );
      const reader = new StreamReader({ keys: [], verifiesIncoming: true });
      const read = reader.push(bytes(hex));
      assert.deepEqual(read.kind === "message" && read.message, message);
    });
  }

  it("ML-26j: compressed, an algorithm and a buffer", () => {
    const ack = examples[3]![1].replaceAll(" ", "");
    // The literals of the ack as codes of nine bits, with the end code behind them.
    const codes = [...bytes(ack), 257];
    const bits = codes.map((code) => code.toString(2).padStart(9, "0"));
    const all = bits.toReversed().join("");
    const buffer = BigInt(`0b${all}`)
      .toString(16)
      .padStart(2 * Math.ceil(all.length / 8), "0");
    const lsbFirst = Buffer.from(buffer, "hex").toReversed();
    const head = `0982a4416c676f00a3427566${(0xa0 + lsbFirst.length).toString(16)}`;
    const packet = bytes(head + Buffer.from(lsbFirst).toString("hex"));
    const { messages, problems } = decodePacket(packet, { keys: [], verifiesIncoming: true });
    assert.deepEqual([messages, problems], [[examples[3]![2]], []]);
  });

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

  it("ML-173: the two alive messages after a join are 132 bytes, compressed and summed, and 161 with a key", () => {
    const [a, b] = [11, 12].map((last) =>
      encodeMessage({
        kind: "alive",
        incarnation: 1,
        node: last === 11 ? "node-a" : "node-b",
        addr: Uint8Array.of(127, 0, 0, last),
        ...node,
        port: 17_946,
      }),
    );
    const nonce = (length: number): Uint8Array => new Uint8Array(length);
    const sizes = [[], [new Uint8Array(32)]].map(
      (keys) => encodePacket([b!, a!], { compresses: true, withChecksum: true, keys, nonce })[0]!,
    );
    assert.deepEqual(
      sizes.map(({ length }) => length),
      [132, 161],
    );
    assert.deepEqual([...sizes[0]!.subarray(0, 1), ...sizes[0]!.subarray(5, 6)], [12, 9]);
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
