import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseAddress } from "../ip/index.ts";
import {
  addressKey,
  addressValue,
  answersOf,
  dropsOf,
  heartbeatValue,
  interfaceKey,
  interfaceValue,
  MAP_SHAPES,
} from "./map-layout.ts";

const ip = (text: string) => parseAddress(text)!;
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const on = { index: 258, mac: "52:54:00:12:34:56" };

describe("maps of the program", () => {
  it("an interface is its MAC address, its link-local address and its bit", () => {
    assert.equal(hex(interfaceKey(on.index)), "02010000");
    const linkLocal = ip("fe80::5054:ff:fe12:3456");
    assert.equal(
      hex(interfaceValue({ ...on, linkLocal }, 9)),
      "5254001234560000fe80000000000000505400fffe1234560002000000000000",
    );
    assert.throws(() => interfaceValue({ ...on, mac: "" }, 0), /interface 258 has no MAC address/);
    assert.equal(hex(interfaceValue(on, 63)).slice(16), "00".repeat(16) + "0000000000000080");
  });

  it("an address has its bytes in network order as key, its interfaces and no answers as value", () => {
    assert.equal(hex(addressKey(ip("192.168.1.240"))), "c0a801f0");
    assert.equal(hex(addressKey(ip("fd00:1::240"))), "fd000001000000000000000000000240");
    const value = addressValue(0x8000_0000_0000_0001n);
    assert.equal(hex(value), "01000000000000800000000000000000");
    assert.equal(answersOf(value), 0);
    value[8] = 44;
    value[12] = 1;
    assert.equal(answersOf(value), 2 ** 32 + 44);
  });

  it("counters are told by their reasons, also from the middle of a buffer", () => {
    const bytes = Buffer.alloc(8 + MAP_SHAPES.drops.valueBytes);
    bytes.writeBigUInt64LE(3n, 8);
    bytes.writeBigUInt64LE(7n, 8 + 5 * 8);
    const { error, "not-announced": notAnnounced, ...others } = dropsOf(bytes.subarray(8));
    assert.deepEqual([error, notAnnounced], [3, 7]);
    assert.ok(Object.values(others).every((count) => count === 0));
  });

  it("a heartbeat is a moment in nanoseconds", () => {
    assert.equal(hex(heartbeatValue(1_000_000_000n)), "00ca9a3b00000000");
  });

  it("names are short enough for the kernel", () => {
    for (const { name } of Object.values(MAP_SHAPES)) assert.ok(name.length <= 15, name);
  });
});
