/** Our codec against hashicorp/memberlist v0.5.1 itself: each reads what the other writes. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import * as fc from "fast-check";
import {
  decodeMessage,
  decodePacket,
  encodeMessage,
  encodePacket,
  encodeStream,
  type Message,
  type PacketMessage,
  StreamReader,
} from "../../src/memberlist/wire/index.ts";
import { anyPacketMessage } from "../../src/testing/memberlist-messages.ts";
import { type GoAnswer, type GoCodec, startGoCodec, whyNoGoCodec } from "./go-codec.ts";

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
const bytesOf = (text: unknown): Uint8Array =>
  new Uint8Array(Buffer.from((text as string | null) ?? "", "base64"));
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

const types = { ping: 0, "indirect-ping": 1, ack: 2, suspect: 3, alive: 4, dead: 5, nack: 11 };
type MapMessage = Exclude<PacketMessage, { kind: "user" }>;
const isMap = (message: PacketMessage): message is MapMessage => message.kind !== "user";
const anyMapMessage = anyPacketMessage.filter(isMap);

let nonces = 0;
function nonce(length: number): Uint8Array {
  const bytes = Buffer.alloc(length);
  bytes.writeUInt32BE((nonces += 1));
  return bytes;
}

/** A message with the field names and the JSON of Go. */
function goFields(message: MapMessage): Record<string, unknown> {
  const fields = Object.entries(message)
    .filter(([name]) => name !== "kind")
    .map(([name, value]) => {
      const goName = name[0]!.toUpperCase() + name.slice(1);
      return [goName, value instanceof Uint8Array ? base64(value) : value] as const;
    });
  return Object.fromEntries(fields);
}

/** What Go decoded, as our message. */
function fromGo(kind: MapMessage["kind"], fields: Record<string, unknown>): Message {
  const message: Record<string, unknown> = { kind };
  for (const [goName, value] of Object.entries(fields)) {
    const name = goName[0]!.toLowerCase() + goName.slice(1);
    const isBytes = /^(sourceAddr|target|payload|addr|meta|vsn)$/.test(name);
    const isOptional = name.startsWith("source") || name === "payload";
    const isEmpty = value === null || value === 0 || value === "";
    if (isOptional && (value === null || (isEmpty && name !== "payload"))) continue;
    message[name] = isBytes ? bytesOf(value) : value;
  }
  return message as unknown as Message;
}

const anyLayers = fc.record({
  label: fc.constantFrom("", "blue"),
  key: fc.constantFrom(0, 16, 24, 32).map((length) => new Uint8Array(length).fill(length)),
  compresses: fc.boolean(),
  withChecksum: fc.boolean(),
});

/**
 * Where Go's decoder fails and we go on: it runs out of an index at a key without a name, and takes extensions of
 * unknown fields for times.
 */
const goFaults = /runtime error: index out of range|decoding time/;

const why = whyNoGoCodec();

describe("memberlist v0.5.1", { skip: why }, () => {
  let go: GoCodec;
  before(() => {
    go = startGoCodec();
  });
  after(() => go?.close());

  async function goDecoded(bytes: Uint8Array): Promise<GoAnswer> {
    return await go.ask({ Op: "decode", Bytes: base64(bytes) });
  }

  it("ML-17, ML-18: writes each message with the same bytes, and reads ours", async () => {
    await fc.assert(
      fc.asyncProperty(anyMapMessage, async (message) => {
        const ours = encodeMessage(message);
        const { Fields: fields, Error: error } = await goDecoded(ours);
        assert.equal(error, "");
        assert.deepEqual(fromGo(message.kind, fields!), message);
        const request = { Type: types[message.kind], Fields: goFields(message) };
        const { Bytes: theirs } = await go.ask({ Op: "encode", ...request });
        // Go's empty slices are not nil, and are written as such (ML-20).
        const decoded = decodeMessage(bytesOf(theirs));
        assert.deepEqual(decoded, { ok: true, message });
        const hasEmpty = Object.values(message).some(
          (value) => value instanceof Uint8Array && value.length === 0,
        );
        if (!hasEmpty) assert.equal(hexOf(bytesOf(theirs)), hexOf(ours));
      }),
      { numRuns: 1000 },
    );
  });

  it("ML-22, ML-25: takes and refuses the same broken messages, and reads them alike", async () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 2 });
    const verdicts = { both: 0, neither: 0 };
    await fc.assert(
      fc.asyncProperty(anyMapMessage, changes, async (message, list) => {
        const bytes = encodeMessage(message);
        for (const [place, byte] of list) bytes[1 + (place % (bytes.length - 1))] = byte;
        const ours = decodeMessage(bytes);
        const theirs = await goDecoded(bytes);
        if (ours.ok && goFaults.test(theirs.Error)) return;
        if (!ours.ok && ours.problem.reason === "too-large") return; // a limit of ours (section 9)
        assert.equal(ours.ok, theirs.Error === "", ours.ok ? theirs.Error : ours.problem.detail);
        verdicts[ours.ok ? "both" : "neither"] += 1;
        // Both show bytes that are no UTF-8 as U+FFFD, but not as many of them.
        if (!ours.ok || JSON.stringify(ours.message).includes("\ufffd")) return;
        assert.deepEqual(ours.message, fromGo(message.kind, theirs.Fields!));
      }),
      { numRuns: 3000 },
    );
    assert.ok(verdicts.both > 100 && verdicts.neither > 100);
  });

  it("section 2: opens our packets", async () => {
    const some = fc.array(anyPacketMessage, { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(some, anyLayers, async (messages, { label, key, ...layers }) => {
        const bare = messages.map(encodeMessage);
        const keys = key.length === 0 ? [] : [key];
        const options = { label: Buffer.from(label), keys, ...layers, nonce };
        const [packet] = encodePacket(bare, options);
        const request = { Bytes: base64(packet!), Label: label, Key: base64(key) };
        const { Parts: parts, Error: error } = await go.ask({ Op: "open", ...request });
        assert.equal(error, "");
        assert.deepEqual(parts, bare.map(base64));
      }),
      { numRuns: 300 },
    );
  });

  it("section 2: seals packets that we open", async () => {
    const some = fc.array(anyPacketMessage, { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(some, anyLayers, async (messages, { label, key, ...layers }) => {
        const { Bytes: packet } = await go.ask({
          Op: "seal",
          Messages: messages.map((message) => base64(encodeMessage(message))),
          Label: label,
          Key: base64(key),
          Compress: layers.compresses,
          Checksum: layers.withChecksum,
        });
        const keys = key.length === 0 ? [] : [key];
        const options = { label: Buffer.from(label), keys, verifiesIncoming: true };
        assert.deepEqual(decodePacket(bytesOf(packet), options), { messages, problems: [] });
      }),
      { numRuns: 300 },
    );
  });

  it("ML-30, ML-31: compresses large data to the same bytes", async () => {
    for (const length of [200, 255, 256, 257, 1000, 3838, 3839, 4095, 4096, 9000, 60_000]) {
      for (const values of [1, 3, 64, 256]) {
        const payload = Uint8Array.from(
          { length },
          (_, at) => (Math.imul(at, at + 7) >>> 3) % values,
        );
        const message = encodeMessage({ kind: "user", payload });
        const { Bytes: theirs } = await go.ask({
          Op: "seal",
          Messages: [base64(message)],
          Compress: true,
        });
        const plain = { keys: [], withChecksum: false, nonce };
        const [ours] = encodePacket([message], { ...plain, compresses: true });
        const isSmaller = bytesOf(theirs).length < message.length;
        assert.ok(
          Buffer.compare(ours!, isSmaller ? bytesOf(theirs) : message) === 0,
          `${length} of ${values}`,
        );
      }
    }
  });

  const clusters = ["", "blue"].flatMap((label) =>
    [0, 16, 32].flatMap((key) => [true, false].map((compresses) => ({ label, key, compresses }))),
  );
  for (const { label, key: keyLength, compresses } of clusters) {
    const key = new Uint8Array(keyLength).fill(7);
    const cluster = { Label: label, Key: base64(key), Compress: compresses };
    const options = {
      label: Buffer.from(label),
      keys: keyLength === 0 ? [] : [key],
      compresses,
      nonce,
    };
    const name = `label "${label}", key of ${keyLength} bytes${compresses ? ", compressed" : ""}`;

    it(`ML-70: a node merges our push/pull and we read its answer: ${name}`, async () => {
      const nodes = Array.from({ length: 140 }, (_, at) => ({
        name: `node-${at}`,
        addr: Uint8Array.of(192, 0, 2, at + 10),
        port: 7946,
        meta: Uint8Array.of(at),
        incarnation: at + 1,
        state: 0,
        vsn: Uint8Array.of(1, 5, 2, 0, 0, 0),
      }));
      const userState = Buffer.from("state of ours");
      const sent = encodeStream({ kind: "push-pull", isJoin: true, nodes, userState }, options);
      const answer = await go.ask({ Op: "stream", Bytes: base64(sent), ...cluster });
      assert.equal(answer.Error, "", answer.Heard.Log);
      const reader = new StreamReader({ ...options, verifiesIncoming: true, isAnswer: true });
      const read = reader.push(bytesOf(answer.Bytes));
      assert.ok(read.kind === "message" && read.message.kind === "push-pull", JSON.stringify(read));
      assert.equal(read.message.isJoin, true);
      assert.equal(Buffer.from(read.message.userState).toString(), "state of go");
      const own = read.message.nodes.find((node) => node.name === "go");
      assert.deepEqual(own, {
        name: "go",
        addr: Uint8Array.of(192, 0, 2, 1),
        port: 7946,
        meta: new Uint8Array(Buffer.from("meta of go")),
        incarnation: 1,
        state: 0,
        vsn: Uint8Array.of(1, 5, 2, 0, 0, 0),
      });
      assert.equal(bytesOf(answer.Heard.UserState).length, userState.length);
      assert.equal(answer.Members?.length, 141);
    });

    it(`ML-76, ML-86: a node answers our pings: ${name}`, async () => {
      const ping = { kind: "ping" as const, seqNo: 70_000, node: "go" };
      const stream = await go.ask({
        Op: "stream",
        Bytes: base64(encodeStream(ping, options)),
        ...cluster,
      });
      const reader = new StreamReader({ ...options, verifiesIncoming: true, isAnswer: true });
      const ack = { kind: "ack" as const, seqNo: 70_000 };
      assert.deepEqual(reader.push(bytesOf(stream.Bytes)), { kind: "message", message: ack });
      const [sent] = encodePacket([encodeMessage(ping)], { ...options, withChecksum: true });
      const packet = await go.ask({ Op: "packet", Bytes: base64(sent!), ...cluster });
      assert.equal(packet.Error, "");
      const found = decodePacket(bytesOf(packet.Bytes), { ...options, verifiesIncoming: true });
      // Beside the ack the node tells what it has learned (ML-93).
      assert.deepEqual(found.messages[0], ack);
      assert.deepEqual(found.problems, []);
    });

    it(`ML-27d: a node reads our user message: ${name}`, async () => {
      const message = { kind: "user-stream" as const, payload: new Uint8Array(300).fill(3) };
      const sent = base64(encodeStream(message, options));
      const answer = await go.ask({ Op: "stream", Bytes: sent, ...cluster });
      assert.deepEqual(answer.Heard.UserMessages, [base64(message.payload)], answer.Heard.Log);
    });
  }

  it("ML-75: we read the error of a node that wants encryption", async () => {
    const key = new Uint8Array(32).fill(7);
    const ping = encodeStream(
      { kind: "ping", seqNo: 1, node: "go" },
      { keys: [], compresses: true, nonce },
    );
    const cluster = { Label: "", Key: base64(key), Compress: true };
    const answer = await go.ask({ Op: "stream", Bytes: base64(ping), ...cluster });
    const reader = new StreamReader({ keys: [key], verifiesIncoming: true, isAnswer: true });
    assert.deepEqual(reader.push(bytesOf(answer.Bytes)), {
      kind: "message",
      message: {
        kind: "error",
        error: "Encryption is configured but remote state is not encrypted",
      },
    });
  });
});
