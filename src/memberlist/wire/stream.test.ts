import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { anyStreamMessage } from "../../testing/memberlist-messages.ts";
import { compress } from "./compression.ts";
import { encodeMessage, encodeStreamMessage } from "./encode-message.ts";
import { encodeStream, type StreamEncoding } from "./encode-stream.ts";
import { encrypt, ENCRYPTION_OVERHEAD } from "./encryption.ts";
import type { PushPull, StreamMessage } from "./messages.ts";
import { frameHeader } from "./stream-frame.ts";
import { type StreamDecoding, type StreamRead, StreamReader } from "./stream-reader.ts";

const key16 = Uint8Array.from({ length: 16 }, (_, at) => at);
const key32 = Uint8Array.from({ length: 32 }, (_, at) => 255 - at);
const blue = new TextEncoder().encode("blue");
const nonce = (length: number): Uint8Array => new Uint8Array(length).fill(9);
const plainly: StreamEncoding = { keys: [], compresses: false, nonce };
const openly: StreamDecoding = { keys: [], verifiesIncoming: true };
const MIB = 1024 * 1024;

const ping: StreamMessage = { kind: "ping", seqNo: 5, node: "node-a" };

function pushPull(count: number, metaBytes = 0): PushPull {
  const nodes = Array.from({ length: count }, (_, at) => ({
    name: `node-${at}`,
    addr: Uint8Array.of(192, 0, 2, at & 0xff),
    port: 7946,
    meta: new Uint8Array(metaBytes),
    incarnation: at,
    state: at % 4,
    vsn: Uint8Array.of(1, 5, 2, 0, 0, 0),
  }));
  return { kind: "push-pull", isJoin: true, nodes, userState: new Uint8Array(0) };
}

function read(bytes: Uint8Array, options: Partial<StreamDecoding> = {}): StreamRead {
  return new StreamReader({ ...openly, ...options }).push(bytes);
}

function reason(bytes: Uint8Array, options: Partial<StreamDecoding> = {}): string {
  return reasonOf(read(bytes, options));
}

const hex = (text: string): Uint8Array =>
  new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex"));
const text = (word: string): string => Buffer.from(word).toString("hex");

const anyOptions = fc.record(
  {
    label: fc.constantFrom(new Uint8Array(0), blue),
    keys: fc.constantFrom([], [key16], [key32, key16]),
    compresses: fc.boolean(),
    isAnswer: fc.boolean(),
  },
  { noNullPrototype: true },
);

describe("streams", () => {
  it("ML-5: what is sent is received when its last byte comes, in chunks of any size", () => {
    const sizes = fc.infiniteStream(fc.oneof(fc.constant(1), fc.nat(7), fc.nat(2000)));
    fc.assert(
      fc.property(anyStreamMessage, anyOptions, sizes, (message, options, chunks) => {
        const bytes = encodeStream(message, { ...options, nonce });
        const reader = new StreamReader({ ...options, verifiesIncoming: true });
        let at = 0;
        for (const size of chunks) {
          const end = Math.min(at + size, bytes.length);
          const result = reader.push(bytes.subarray(at, end));
          at = end;
          if (at === bytes.length) {
            assert.deepEqual(result, { kind: "message", message });
            break;
          }
          assert.deepEqual(result, { kind: "more" });
        }
      }),
      { numRuns: 200 },
    );
  });

  it("ML-5: what follows the message is ignored, and the answer stays", () => {
    const reader = new StreamReader(openly);
    const first = reader.push(Buffer.concat([encodeStream(ping, plainly), Buffer.from("more")]));
    assert.deepEqual(first, { kind: "message", message: ping });
    assert.equal(reader.push(Uint8Array.of(1, 2, 3)), first);
    const failed = new StreamReader(openly);
    assert.equal(failed.push(Uint8Array.of(99)), failed.push(encodeStream(ping, plainly)));
  });

  it("any bytes and any changed stream never throw", () => {
    fc.assert(
      fc.property(
        anyStreamMessage,
        anyOptions,
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 }),
        (message, options, changes) => {
          const bytes = encodeStream(message, { ...options, nonce });
          for (const [place, byte] of changes) bytes[place % bytes.length] = byte;
          const reader = new StreamReader({ ...options, verifiesIncoming: false });
          reader.push(bytes.subarray(0, 3));
          reader.push(bytes.subarray(3));
        },
      ),
      { numRuns: 500 },
    );
    const firsts = fc.constantFrom(0, 2, 6, 8, 9, 10, 13, 244);
    fc.assert(
      fc.property(firsts, fc.uint8Array({ maxLength: 200 }), anyOptions, (first, rest, options) => {
        read(Uint8Array.of(first, ...rest), { ...options, verifiesIncoming: false });
      }),
      { numRuns: 1000 },
    );
  });

  it("ML-15: refuses messages that no stream has", () => {
    for (const type of [1, 3, 4, 5, 7, 11, 12, 14, 255]) {
      assert.equal(reason(Uint8Array.of(type, 0x80)), "unknown-type");
    }
    assert.equal(reason(compress(compress(encodeMessage(ping)))), "unknown-type");
    assert.equal(
      reason(encodeStream(ping, { ...plainly, label: blue, isAnswer: false })),
      "label-mismatch",
    );
  });

  it("ML-11, ML-12: compresses also what grows by it, and takes plain and compressed alike", () => {
    const bytes = encodeStream(ping, { ...plainly, compresses: true });
    assert.ok(bytes.length > encodeStream(ping, plainly).length);
    assert.deepEqual(read(bytes), { kind: "message", message: ping });
    assert.deepEqual(read(encodeStream(ping, plainly)), { kind: "message", message: ping });
  });

  it("ML-62: the answer has no label header but is sealed with the label", () => {
    const options = { ...plainly, label: blue, keys: [key32] };
    const asked = encodeStream(ping, options);
    const answered = encodeStream(ping, { ...options, isAnswer: true });
    assert.deepEqual(asked.subarray(6), answered);
    const own = { label: blue, keys: [key32] };
    assert.equal(reason(answered, { ...own, isAnswer: true }), "message");
    assert.equal(reason(answered, own), "label-mismatch");
    assert.equal(reason(asked, { ...own, isAnswer: true }), "not-encrypted");
    assert.equal(reason(answered, { keys: [key32], isAnswer: true }), "decrypt-failed");
  });

  it("ML-61: the label must be the same on both sides", () => {
    assert.equal(reason(encodeStream(ping, plainly), { label: blue }), "label-mismatch");
    const labelled = encodeStream(ping, { ...plainly, label: blue });
    assert.equal(reason(labelled, {}), "label-mismatch");
    assert.equal(reason(labelled, { label: blue.map((byte) => byte ^ 1) }), "label-mismatch");
    assert.equal(reason(Uint8Array.of(244, 0), { label: blue }), "bad-label");
    assert.equal(reason(labelled.subarray(0, 5), { label: blue }), "more");
  });

  it("ML-44: the frame's length and the label are sealed with it", () => {
    const bytes = encodeStream(ping, { ...plainly, keys: [key16] });
    assert.equal(reason(bytes, { keys: [key32, key16] }), "message");
    assert.equal(reason(bytes, { keys: [key32] }), "decrypt-failed");
    assert.equal(reason(bytes.with(4, bytes[4]! - 1), { keys: [key16] }), "decrypt-failed");
    assert.equal(reason(hex("0a 00000000"), { keys: [key16] }), "decrypt-failed");
  });

  it("ML-45: a frame is opened whole, so a message in it that is cut fails at once", () => {
    const cut = encodeStreamMessage(pushPull(3)).subarray(0, -1);
    const withKey = { keys: [key16], nonce, verifiesIncoming: true };
    const sealed = sealedStream(cut, withKey);
    assert.equal(reason(sealed, withKey), "undecodable-message");
    assert.equal(reason(compress(cut)), "undecodable-message");
    assert.equal(
      reason(sealedStream(Uint8Array.of(10, 0, 0, 0, 1), withKey), withKey),
      "unknown-type",
    );
    assert.equal(reason(sealedStream(new Uint8Array(0), withKey), withKey), "undecodable-message");
  });

  it("ML-46: key and encryption must go together, and says so in the words of stock nodes", () => {
    assert.deepEqual(read(encodeStream(ping, plainly), { keys: [key16] }), {
      kind: "failed",
      reason: "not-encrypted",
      detail: "Encryption is configured but remote state is not encrypted",
    });
    assert.deepEqual(read(encodeStream(ping, { ...plainly, keys: [key16] })), {
      kind: "failed",
      reason: "unexpectedly-encrypted",
      detail: "Remote state is encrypted and encryption is not configured",
    });
    const lax = { keys: [key16], verifiesIncoming: false };
    assert.equal(reason(encodeStream(ping, plainly), lax), "message");
  });

  it("ML-120: refuses a frame above 20 MiB by its header", () => {
    assert.equal(reason(hex("0a 01400000"), { keys: [key16] }), "more");
    assert.equal(reason(hex("0a 01400001"), { keys: [key16] }), "too-large");
  });

  it("ML-120: refuses user state and user messages above 20 MiB by their header", () => {
    const state = (length: string) => `06 81 ac${text("UserStateLen")} ce${length}`;
    assert.equal(reason(hex(state("01400000"))), "more");
    assert.equal(reason(hex(state("01400001"))), "too-large");
    const user = (length: string) => `08 81 aa${text("UserMsgLen")} ce${length}`;
    assert.equal(reason(hex(user("01400000"))), "more");
    assert.equal(reason(hex(user("01400001"))), "too-large");
    assert.equal(reason(hex(`08 81 aa${text("UserMsgLen")} ff`)), "undecodable-message");
  });

  it("ML-122: refuses more nodes than a million, and a negative number of them", () => {
    const nodes = (count: string) => `06 81 a5${text("Nodes")} ${count}`;
    assert.equal(reason(hex(nodes("ce00100000"))), "more");
    assert.equal(reason(hex(nodes("ce00100001"))), "too-large");
    assert.equal(reason(hex(nodes("cf7fffffffffffffff"))), "undecodable-message");
    assert.equal(reason(hex(nodes("ff"))), "undecodable-message");
    assert.equal(reason(hex(`06 81 ac${text("UserStateLen")} ff`)), "undecodable-message");
  });

  it("ML-123: refuses a node with more than 512 bytes of metadata", () => {
    assert.equal(reason(encodeStream(pushPull(2, 512), plainly)), "message");
    assert.equal(reason(encodeStream(pushPull(2, 513), plainly)), "too-large");
  });

  it("ML-121: refuses maps that promise more than 40 MiB before they come", () => {
    for (const head of ["06", "00", "09"]) {
      assert.equal(reason(hex(`${head} 81 a141 c6 02800000`)), "too-large");
      assert.equal(reason(hex(`${head} 81 a141 dd ffffffff`)), "too-large");
      assert.equal(reason(hex(`${head} df ffffffff`)), "too-large");
      assert.equal(reason(hex(`${head} 81 a141 c6 02000000`)), "more");
    }
  });

  it("ML-121: a stream that never ends is cut off at 40 MiB", () => {
    const reader = new StreamReader(openly);
    let result = reader.push(hex(`06 81 a5${text("Nodes")} ce00100000`));
    // A map of one unknown field, 64 KiB in all.
    const chunk = Buffer.concat([hex("81 a141 da fffa"), new Uint8Array(0xfffa)]);
    let pushed = 0;
    for (; result.kind === "more"; pushed += 1) result = reader.push(chunk);
    assert.deepEqual([pushed, reasonOf(result)], [640, "too-large"]);
  });

  it("ML-121: a compressed bomb is refused", () => {
    const bomb = compress(new Uint8Array(40 * MIB + 1));
    assert.ok(bomb.length < 70_000);
    assert.equal(reason(bomb), "too-large");
  });

  it("ML-5: two thousand nodes cost the same byte by byte as at once", () => {
    const message = pushPull(2000);
    const bytes = encodeStream(message, plainly);
    const reader = new StreamReader(openly);
    let result: StreamRead = { kind: "more" };
    for (let at = 0; at < bytes.length; at += 1) result = reader.push(bytes.subarray(at, at + 1));
    assert.deepEqual(result, { kind: "message", message });
  });
});

/** A stream whose frame holds any content. */
function sealedStream(content: Uint8Array, options: Pick<StreamEncoding, "keys" | "nonce">) {
  const header = frameHeader(content.length + ENCRYPTION_OVERHEAD);
  const sealing = { key: options.keys[0]!, nonce: options.nonce, additionalData: header };
  return Buffer.concat([header, encrypt(content, sealing)]);
}

function reasonOf(result: StreamRead): string {
  return result.kind === "failed" ? result.reason : result.kind;
}
