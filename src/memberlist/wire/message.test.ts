import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { anyPacketMessage } from "../../testing/memberlist-messages.ts";
import { decodeMessage } from "./decode-message.ts";
import { encodeMessage, encodeStreamMessage } from "./encode-message.ts";

const bytesOf = (hex: string): Uint8Array =>
  new Uint8Array(Buffer.from(hex.replaceAll(" ", ""), "hex"));
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const text = (word: string): string => Buffer.from(word).toString("hex");

function reasonOf(bytes: Uint8Array): string {
  const decoded = decodeMessage(bytes);
  return decoded.ok ? "ok" : decoded.problem.reason;
}

function decoded(hex: string): unknown {
  const result = decodeMessage(bytesOf(hex));
  return result.ok ? result.message : result.problem;
}

describe("messages", () => {
  it("ML-16: every message reads back as it was written", () => {
    fc.assert(
      fc.property(anyPacketMessage, (message) => {
        assert.deepEqual(decodeMessage(encodeMessage(message)), { ok: true, message });
      }),
      { numRuns: 300 },
    );
  });

  it("ML-24: bytes after the map are ignored", () => {
    fc.assert(
      fc.property(anyPacketMessage, fc.uint8Array({ maxLength: 20 }), (message, more) => {
        if (message.kind === "user") return;
        const bytes = Buffer.concat([encodeMessage(message), more]);
        assert.deepEqual(decodeMessage(bytes), { ok: true, message });
      }),
    );
  });

  it("ML-25: a message cut anywhere is refused", () => {
    fc.assert(
      fc.property(anyPacketMessage, (message) => {
        if (message.kind === "user") return;
        const whole = encodeMessage(message);
        for (let length = 1; length < whole.length; length += 1) {
          assert.equal(reasonOf(whole.subarray(0, length)), "undecodable-message");
        }
      }),
    );
  });

  it("ML-25: any bytes give a message or a reason, and never throw", () => {
    const types = [0, 1, 2, 3, 4, 5, 11];
    fc.assert(
      fc.property(fc.constantFrom(...types), fc.uint8Array({ maxLength: 100 }), (type, bytes) => {
        assert.match(reasonOf(Uint8Array.of(type, ...bytes)), /^(ok|undecodable-message)$/);
      }),
      { numRuns: 2000 },
    );
  });

  it("ML-25: messages with one byte changed give a message or a reason, and never throw", () => {
    fc.assert(
      fc.property(anyPacketMessage, fc.nat(), fc.nat(255), (message, place, byte) => {
        const bytes = encodeMessage(message);
        bytes[place % bytes.length] = byte;
        decodeMessage(bytes);
      }),
      { numRuns: 2000 },
    );
  });

  it("ML-15: refuses types that no packet message has", () => {
    for (const type of [6, 7, 9, 10, 12, 13, 14, 244, 255]) {
      assert.equal(reasonOf(Uint8Array.of(type, 0x80)), "unknown-type");
    }
    assert.equal(reasonOf(new Uint8Array(0)), "empty-message");
  });

  it("ML-18: writes raw strings only, with 16 bits of length from 32 bytes on", () => {
    const dead = (node: string) =>
      hexOf(encodeMessage({ kind: "dead", incarnation: 0, node, from: "" }));
    const head = `0583a4${text("From")}a0ab${text("Incarnation")}00a4${text("Node")}`;
    assert.equal(dead("n".repeat(31)), `${head}bf${"6e".repeat(31)}`);
    assert.equal(dead("n".repeat(32)), `${head}da0020${"6e".repeat(32)}`);
    assert.equal(dead("n".repeat(255)), `${head}da00ff${"6e".repeat(255)}`);
    assert.equal(dead("n".repeat(65_536)), `${head}db00010000${"6e".repeat(65_536)}`);
    assert.equal(dead("\ufeffn"), `${head}a4efbbbf6e`);
    assert.equal(dead("ö"), `${head}a2c3b6`);
  });

  it("ML-21: writes unsigned numbers in their shortest form", () => {
    const nack = (seqNo: number) => hexOf(encodeMessage({ kind: "nack", seqNo })).slice(16);
    assert.deepEqual([0, 127, 128, 255, 256, 65_535, 65_536, 4_294_967_295].map(nack), [
      "00",
      "7f",
      "cc80",
      "ccff",
      "cd0100",
      "cdffff",
      "ce00010000",
      "ceffffffff",
    ]);
  });

  it("ML-21: writes lengths of the push/pull header in signed forms", () => {
    const state = (length: number) =>
      hexOf(
        encodeMessage({
          kind: "push-pull",
          isJoin: true,
          nodes: [],
          userState: new Uint8Array(length),
        }),
      ).slice(56, 56 + 10);
    assert.equal(state(127).slice(0, 2), "7f");
    assert.equal(state(128).slice(0, 6), "d10080");
    assert.equal(state(32_767).slice(0, 6), "d17fff");
    assert.equal(state(32_768).slice(0, 10), "d200008000");
  });

  it("ML-20: a payload that is there but empty stays apart from none", () => {
    assert.deepEqual(decoded(`0282a7${text("Payload")}a0a5${text("SeqNo")}01`), {
      kind: "ack",
      seqNo: 1,
      payload: new Uint8Array(0),
    });
    assert.deepEqual(decoded(`0281a5${text("SeqNo")}01`), { kind: "ack", seqNo: 1 });
  });

  it("ML-20: nil is the zero of any field, and of a whole message", () => {
    assert.deepEqual(decoded(`0b81a5${text("SeqNo")}c0`), { kind: "nack", seqNo: 0 });
    assert.deepEqual(decoded("0bc0"), { kind: "nack", seqNo: 0 });
  });

  it("ML-22: takes any width of integer, and refuses what the field cannot hold", () => {
    const nack = (number: string) => decoded(`0b81a5${text("SeqNo")}${number}`);
    for (const five of ["05", "cc05", "cd0005", "ce00000005", "cf0000000000000005", "d005"]) {
      assert.deepEqual(nack(five), { kind: "nack", seqNo: 5 });
    }
    for (const five of ["d10005", "d200000005", "d30000000000000005"]) {
      assert.deepEqual(nack(five), { kind: "nack", seqNo: 5 });
    }
    for (const wrong of ["ff", "d0ff", "d3ffffffffffffffff", "cf0000000100000000", "a135", "c3"]) {
      assert.equal(reasonOf(bytesOf(`0b81a5${text("SeqNo")}${wrong}`)), "undecodable-message");
    }
  });

  it("ML-17: skips unknown fields of every kind", () => {
    const values = ["c0", "c3", "7f", "e0", "cb0000000000000000", "a161", "d90161", "c50001ff"];
    const nested = ["93010203", "82a16101a16202", "dc0002c0c0", "de0001a161c0", "91919191c0"];
    const extensions = ["d40100", "d50100ff", "d80100000000000000000000000000000000", "c7020100ff"];
    for (const value of [...values, ...nested, ...extensions]) {
      assert.deepEqual(
        decoded(`0b82a1ff${value}a5${text("SeqNo")}05`),
        { kind: "nack", seqNo: 5 },
        value,
      );
    }
    assert.equal(reasonOf(bytesOf(`0b82a161c1a5${text("SeqNo")}05`)), "undecodable-message");
  });

  it("ML-19: takes every form of string", () => {
    for (const form of ["a161", "d90161", "da000161", "db0000000161", "c40161", "c5000161"]) {
      const message = decoded(`0581a4${text("Node")}${form}`);
      assert.deepEqual(message, { kind: "dead", incarnation: 0, node: "a", from: "" }, form);
    }
  });

  it("ML-19: takes bytes as integers, and 0 and 1 as booleans, as stock nodes do", () => {
    const payload = (value: string) => decoded(`0281a7${text("Payload")}${value}`);
    for (const form of ["920102", "dc000201cc02", "810102", "a20102", "c4020102"]) {
      const expected = { kind: "ack", seqNo: 0, payload: Uint8Array.of(1, 2) };
      assert.deepEqual(payload(form), expected, form);
    }
    const isNack = (value: string) => {
      const message = decoded(`0181a4${text("Nack")}${value}`) as { nack?: boolean };
      return message.nack;
    };
    assert.deepEqual(["c3", "01", "c2", "00", "02"].map(isNack), [
      true,
      true,
      false,
      false,
      undefined,
    ]);
  });

  it("ML-26e: a name is what its bytes are; bytes that are no UTF-8 are shown as such", () => {
    const node = (hex: string) => decoded(`0581a4${text("Node")}${hex}`);
    for (const name of ["\ufeffn", "ö", "\ufeff".repeat(30)]) {
      const message = { kind: "dead" as const, incarnation: 0, node: name, from: "" };
      assert.deepEqual(decodeMessage(encodeMessage(message)), { ok: true, message });
    }
    assert.deepEqual(node("a261ff"), { kind: "dead", incarnation: 0, node: "a\ufffd", from: "" });
  });

  it("counts and nesting that only promise bytes cost neither memory nor stack", () => {
    const huge = ["ddffffffff", "dfffffffff", "dbffffffff", "c6ffffffff", "91".repeat(60_000)];
    for (const value of huge) {
      assert.equal(reasonOf(bytesOf(`0482a141${value}`)), "undecodable-message");
      assert.equal(reasonOf(bytesOf(`0482a3${text("Vsn")}${value}`)), "undecodable-message");
    }
    assert.equal(reasonOf(bytesOf("04dfffffffff")), "undecodable-message");
  });

  it("ML-123: refuses more than 512 bytes of metadata", () => {
    const alive = (length: number) =>
      reasonOf(
        bytesOf(
          `0481a4${text("Meta")}da${length.toString(16).padStart(4, "0")}` + "00".repeat(length),
        ),
      );
    assert.equal(alive(512), "ok");
    assert.equal(alive(513), "too-large");
  });

  it("keeps nothing of the packet's buffer", () => {
    const bytes = encodeMessage({ kind: "ack", seqNo: 1, payload: Uint8Array.of(1, 2, 3) });
    const result = decodeMessage(bytes);
    bytes.fill(0);
    assert.ok(result.ok && result.message.kind === "ack");
    assert.deepEqual(result.message.payload, Uint8Array.of(1, 2, 3));
    assert.equal(result.message.payload?.buffer.byteLength, 3);
  });

  it("ML-27d: a user message has a header only in a stream", () => {
    const message = { kind: "user" as const, payload: Uint8Array.of(1, 2) };
    assert.equal(hexOf(encodeMessage(message)), "080102");
    assert.equal(hexOf(encodeStreamMessage(message)), `0881aa${text("UserMsgLen")}020102`);
  });
});
