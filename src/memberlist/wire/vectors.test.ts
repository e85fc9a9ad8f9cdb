import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { encodeCompound } from "./compound.ts";
import { compress } from "./compression.ts";
import { decodeMessage } from "./decode-message.ts";
import { decodePacket } from "./decode-packet.ts";
import { encodeMessage } from "./encode-message.ts";
import { encodePacket } from "./encode-packet.ts";
import { encodeStream } from "./encode-stream.ts";
import { gossipKey } from "./key.ts";
import type { Message, PacketMessage, PushPullNode } from "./messages.ts";
import { StreamReader } from "./stream-reader.ts";

/** Fields as the vectors name them: byte fields in hex, nil as null. */
type Fields = Record<string, string | number | boolean | null>;

interface Described {
  type?: string;
  fields?: Fields;
  payload?: string;
  payloadLength?: number;
  payloadSha256?: string;
  parts?: Described[];
  inner?: Described;
  message?: Described;
  header?: Fields;
  nodes?: Fields[];
  userState?: string;
  encVersion?: number;
}

interface Vector {
  name: string;
  channel: "udp" | "tcp" | "tcp-part" | "tcp-or-udp";
  key: string;
  label: string;
  hex: string;
  decoded: Described;
}

const file = JSON.parse(readFileSync(new URL("gossip-vectors.json", import.meta.url), "utf8")) as {
  keyDerivation: { name: string; secretUtf8: string; keyLen: 16 | 32; key: string }[];
  decoderTolerance: { hex: string; as: string; expect: Fields | "error"; note: string }[];
  vectors: Vector[];
};

const bytesOf = (hex: unknown): Uint8Array =>
  new Uint8Array(Buffer.from((hex as string) ?? "", "hex"));
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

describe("vectors of stock nodes", () => {
  it("saw all of them", () => {
    const kinds = Map.groupBy(file.vectors, (vector) => vector.channel);
    assert.deepEqual(
      [kinds.get("udp")?.length, kinds.get("tcp")?.length, file.vectors.length],
      [45, 13, 61],
    );
  });

  for (const vector of file.vectors) {
    if (vector.channel === "udp") it(`packet: ${vector.name}`, () => checkPacket(vector));
    if (vector.channel === "tcp") it(`stream: ${vector.name}`, () => checkStream(vector));
    if (vector.channel === "tcp-part")
      it(`start of a stream: ${vector.name}`, () => checkStart(vector));
    if (vector.channel === "tcp-or-udp") it(`both: ${vector.name}`, () => checkLargeUser(vector));
  }

  for (const { name, secretUtf8, keyLen, key } of file.keyDerivation) {
    it(`ML-50: ${name}, ${keyLen} bytes of ${JSON.stringify(secretUtf8)}`, () => {
      assert.equal(hexOf(gossipKey(new TextEncoder().encode(secretUtf8), keyLen)), key);
    });
  }

  for (const { hex, as, expect, note } of file.decoderTolerance) {
    it(`ML-19: ${as} ${hex}: ${note}`, () => {
      const decoded = decodeMessage(bytesOf((as === "ping body" ? "00" : "04") + hex));
      if (expect === "error") {
        assert.equal(decoded.ok ? "" : decoded.problem.reason, "undecodable-message");
      } else {
        assert.deepEqual(decoded, { ok: true, message: messageOf(as.split(" ")[0]!, expect) });
      }
    });
  }
});

function checkPacket({ hex, label, key, decoded }: Vector): void {
  const options = secretsOf(label, key);
  const bytes = bytesOf(hex);
  const layers = layersOf(decoded);
  const found = decodePacket(bytes, { ...options, verifiesIncoming: true });
  assert.deepEqual(found, { messages: layers.messages, problems: [] });
  if (layers.isPadded) return; // we send no version 0
  const messages = layers.messages.map(encodeMessage);
  const content = messages.length === 1 ? messages[0]! : encodeCompound(messages);
  const compressed = compress(content);
  // Two vectors are compressed although they grow, which encodePacket does not do.
  const isForced = layers.isCompressed && compressed.length >= content.length;
  const [encoded, ...more] = encodePacket(isForced ? [compressed] : messages, {
    ...options,
    compresses: layers.isCompressed && !isForced,
    withChecksum: layers.hasChecksum,
    nonce: nonceOf(bytes, label === "" ? 1 : 3 + label.length),
  });
  assert.deepEqual([hexOf(encoded!), more], [hex, []]);
}

function checkStream({ hex, label, key, decoded }: Vector): void {
  const options = secretsOf(label, key);
  const bytes = bytesOf(hex);
  const { messages, isCompressed } = layersOf(decoded);
  const message = streamFormOf(messages[0]!);
  const reader = new StreamReader({ ...options, verifiesIncoming: true });
  for (const byte of bytes.subarray(0, -1)) {
    assert.deepEqual(reader.push(Uint8Array.of(byte)), { kind: "more" });
  }
  assert.deepEqual(reader.push(bytes.subarray(-1)), { kind: "message", message });
  const nonce = nonceOf(bytes, (label === "" ? 0 : 2 + label.length) + 6);
  const encoded = encodeStream(message, { ...options, compresses: isCompressed, nonce });
  assert.equal(hexOf(encoded), hex);
}

/** The header is P1's; nodes and user state of our own complete the stream. */
function checkStart({ hex, decoded: { header } }: Vector): void {
  const node = { name: "n", addr: bytesOf("c0000201"), port: 1, meta: bytesOf(""), incarnation: 1 };
  const nodes = Array.from({ length: header!["Nodes"] as number }, (_, state) => ({
    ...node,
    state,
    vsn: bytesOf("010502000000"),
  }));
  const userState = new Uint8Array(header!["UserStateLen"] as number).fill(7);
  const isJoin = header!["Join"] as boolean;
  const body = nodes.map((one) =>
    encodeMessage({ kind: "push-pull", isJoin, nodes: [one], userState: bytesOf("") }).subarray(29),
  );
  const reader = new StreamReader({ keys: [], verifiesIncoming: true });
  assert.deepEqual(reader.push(bytesOf(hex)), { kind: "more" });
  assert.deepEqual(reader.push(Buffer.concat([...body, userState])), {
    kind: "message",
    message: { kind: "push-pull", isJoin, nodes, userState },
  });
}

function checkLargeUser({ hex, decoded }: Vector): void {
  const { messages, problems } = decodePacket(bytesOf(hex), { keys: [], verifiesIncoming: true });
  const [message] = messages;
  assert.deepEqual(problems, []);
  assert.ok(message?.kind === "user");
  assert.equal(message.payload.length, decoded.inner!.payloadLength);
  assert.equal(
    createHash("sha256").update(message.payload).digest("hex"),
    decoded.inner!.payloadSha256,
  );
  assert.equal(hexOf(compress(encodeMessage(message))), hex);
}

function secretsOf(label: string, key: string) {
  return { label: new TextEncoder().encode(label), keys: key === "" ? [] : [bytesOf(key)] };
}

function nonceOf(bytes: Uint8Array, at: number): (length: number) => Uint8Array {
  return (length) => bytes.slice(at, at + length);
}

interface Layers {
  messages: PacketMessage[];
  isCompressed: boolean;
  hasChecksum: boolean;
  isPadded: boolean;
}

/** Peels the description from the outside in. */
function layersOf(decoded: Described): Layers {
  const layers = { isCompressed: false, hasChecksum: false, isPadded: decoded.encVersion === 0 };
  let at = decoded;
  for (;;) {
    layers.isCompressed ||= at.type === "compress";
    layers.hasChecksum ||= at.type === "hasCrc";
    const next = at.message ?? at.inner;
    if (next === undefined) break;
    at = next;
  }
  const messages = (at.parts ?? [at]).map((part) => describedMessage(part) as PacketMessage);
  return { messages, ...layers };
}

function describedMessage(described: Described): Message {
  if (described.type === "user") return { kind: "user", payload: bytesOf(described.payload) };
  if (described.type !== "pushPull") return messageOf(described.type!, described.fields!);
  return {
    kind: "push-pull",
    isJoin: described.header!["Join"] as boolean,
    nodes: described.nodes!.map(nodeOf),
    userState: bytesOf(described.userState),
  };
}

function streamFormOf(message: Message): Message {
  return message.kind === "user" ? { ...message, kind: "user-stream" } : message;
}

function nodeOf(fields: Fields): PushPullNode {
  return {
    name: fields["Name"] as string,
    addr: bytesOf(fields["Addr"]),
    port: fields["Port"] as number,
    meta: bytesOf(fields["Meta"]),
    incarnation: fields["Incarnation"] as number,
    state: fields["State"] as number,
    vsn: bytesOf(fields["Vsn"]),
  };
}

function messageOf(type: string, fields: Fields): Message {
  const number = (name: string): number => (fields[name] as number | undefined) ?? 0;
  const text = (name: string): string => (fields[name] as string | undefined) ?? "";
  const seqNo = number("SeqNo");
  const source = {
    ...("SourceAddr" in fields ? { sourceAddr: bytesOf(fields["SourceAddr"]) } : {}),
    ...("SourcePort" in fields ? { sourcePort: number("SourcePort") } : {}),
    ...("SourceNode" in fields ? { sourceNode: text("SourceNode") } : {}),
  };
  const addr = bytesOf(fields["Addr"]);
  const [node, port, incarnation] = [text("Node"), number("Port"), number("Incarnation")];
  switch (type) {
    case "ping":
      return { kind: "ping", seqNo, node, ...source };
    case "indirectPing": {
      const target = bytesOf(fields["Target"]);
      const nack = fields["Nack"] as boolean;
      return { kind: "indirect-ping", seqNo, target, port, node, nack, ...source };
    }
    case "ackResp":
      assert.equal(fields["Payload"], null);
      return { kind: "ack", seqNo };
    case "nackResp":
      return { kind: "nack", seqNo };
    case "suspect":
    case "dead":
      return { kind: type, incarnation, node, from: text("From") };
    case "alive": {
      const [meta, vsn] = [bytesOf(fields["Meta"]), bytesOf(fields["Vsn"])];
      return { kind: "alive", incarnation, node, addr, port, meta, vsn };
    }
    default:
      assert.equal(type, "err");
      return { kind: "error", error: text("Error") };
  }
}
