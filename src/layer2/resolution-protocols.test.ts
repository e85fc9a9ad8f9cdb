import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseAddress } from "../ip/index.ts";
import type { NdpInterface } from "./interface-plan.ts";
import { arp, ndp } from "./resolution-protocols.ts";

const ETH0: NdpInterface = {
  index: 2,
  name: "eth0",
  mac: "52:54:00:12:34:56",
  isUp: true,
  canBroadcast: true,
  hasNoArp: false,
  operState: "up",
  addresses: ["fe80::5054:ff:fe12:3456"],
  linkLocal: parseAddress("fe80::5054:ff:fe12:3456")!,
};
const hex = (frames: readonly Uint8Array[]) =>
  frames.map((frame) => Buffer.from(frame).toString("hex"));

describe("unasked frames", () => {
  it("L2-135: an IPv4 round is the request form, then the reply form, byte for byte", () => {
    const common = (operation: string) =>
      `ffffffffffff5254001234560806000108000604${operation}` +
      `525400123456c0a801f0ffffffffffffc0a801f0${"00".repeat(18)}`;
    const frames = arp.unaskedFrames(ETH0, parseAddress("192.168.1.240")!);
    assert.deepEqual(hex(frames), [common("0001"), common("0002")]);
  });

  it("L2-136 L2-123: an IPv6 round is one advertisement to all nodes with S clear and O set, byte for byte", () => {
    const expected =
      "333300000001 525400123456 86dd 60000000 0020 3a ff fe80000000000000505400fffe123456" +
      "ff020000000000000000000000000001 88 00 4e64 20000000 fd000001000000000000000000000240" +
      "02 01 525400123456";
    const frames = ndp.unaskedFrames(ETH0, parseAddress("fd00:1::240")!);
    assert.deepEqual(hex(frames), [expected.replaceAll(" ", "")]);
  });

  it("L2-142: of NDP each try counts, of ARP each frame that was sent", () => {
    assert.deepEqual([arp.countsFailedTries, ndp.countsFailedTries], [false, true]);
  });
});
