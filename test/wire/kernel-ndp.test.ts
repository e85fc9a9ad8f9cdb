/** The kernel answers solicitations of the common shape as the rules say, and leaves all others to user space. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, before, describe, it } from "node:test";
import * as fc from "fast-check";
import type { KernelDropReason } from "../../src/bpf/index.ts";
import { parseAddress } from "../../src/ip/index.ts";
import { KernelResponder } from "../../src/platform/index.ts";
import { enterPrivateNetwork } from "../../src/testing/index.ts";
import { requireKernelPrograms } from "../../src/testing/kernel-rights.ts";
import { PrivateWire, stayOnOneProcessor } from "../../src/testing/private-wire.ts";

const MAC = "525400123456";
const LINK_LOCAL = "fe80000000000000505400fffe123456";
const CLIENT = "001122334455";
const CLIENT_IP = "fe80000000000000021122fffe334455";
const VIP = "fd000001000000000000000000000240";
const GROUP = "ff0200000000000000000001ff000240";
const ELSEWHERE = "fd000001000000000000000000000241";
const UNSPECIFIED = "00".repeat(16);
const ip = (text: string) => parseAddress(text)!;

const FIELDS = {
  destination: "3333ff000240",
  source: CLIENT,
  tags: "",
  etherType: "86dd",
  version: "60000000",
  payloadBytes: "0020",
  nextHeader: "3a",
  hopLimit: "ff",
  sourceIp: CLIENT_IP,
  destinationIp: GROUP,
  type: "87",
  code: "00",
  /** `right`: what belongs there; any other text is taken as it is. */
  checksum: "right",
  reserved: "00000000",
  target: VIP,
  option: `0101${CLIENT}`,
  padding: "",
};
type Fields = typeof FIELDS;

function solicitation(changed: Partial<Fields> = {}): string {
  const fields = { ...FIELDS, ...changed };
  if (fields.checksum === "right") {
    const { sourceIp, destinationIp, type, code, reserved, target, option } = fields;
    const message = type + code + "0000" + reserved + target + option;
    fields.checksum = checksum(sourceIp + destinationIp, message);
  }
  return Object.values(fields).join("");
}

/** RFC 1071 over the pseudo header of RFC 8200 section 8.1, written anew to check on the program's. */
function checksum(addresses: string, message: string): string {
  const length = (message.length / 2).toString(16).padStart(8, "0");
  const bytes = Buffer.from(`${addresses}${length}0000003a${message}`, "hex");
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) {
    sum += bytes.readUInt8(at) * 256 + (at + 1 < bytes.length ? bytes.readUInt8(at + 1) : 0);
  }
  while (sum > 0xffff) sum = (sum % 0x1_0000) + Math.floor(sum / 0x1_0000);
  return (0xffff - sum).toString(16).padStart(4, "0");
}

function advertisement(to: { mac: string; ip: string; target: string }): string {
  const head = `${to.mac}${MAC}86dd6000000000203aff${LINK_LOCAL}${to.ip}`;
  const [start, rest] = ["8800", `40000000${to.target}0201${MAC}`];
  return head + start + checksum(LINK_LOCAL + to.ip, `${start}0000${rest}`) + rest;
}

/** What the kernel should answer by the rules; undefined: nothing. Reads the frame, knows nothing of how it was made. */
function expectedAnswer(frame: string): string | undefined {
  const at = (from: number, to: number) => frame.slice(from * 2, to * 2);
  const [target, sourceIp, sourceMac] = [at(62, 78), at(22, 38), at(80, 86)];
  const isWhole = frame.length >= 86 * 2 && at(12, 14) === "86dd" && frame[28] === "6";
  const isSolicitation =
    at(18, 22) === "00203aff" && at(54, 56) === "8700" && at(78, 80) === "0101";
  const isFromAnother = at(6, 12) !== MAC && sourceIp !== LINK_LOCAL;
  const isUnicast = sourceIp !== UNSPECIFIED && !sourceIp.startsWith("ff");
  const low = target.slice(26);
  const isToGroup =
    at(0, 6) === `3333ff${low}` && at(38, 54) === `ff0200000000000000000001ff${low}`;
  const isToTarget = at(0, 6) === MAC && at(38, 54) === target;
  const isRight = checksum(at(22, 54), `${at(54, 56)}0000${at(58, 86)}`) === at(56, 58);
  const wanted = [
    isWhole,
    isSolicitation,
    isFromAnother,
    isUnicast,
    isToGroup || isToTarget,
    isRight,
  ];
  if (target !== VIP || !wanted.every(Boolean)) return undefined;
  return advertisement({ mac: sourceMac, ip: sourceIp, target });
}

const anyHex = (bytes: number) =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((b) => Buffer.from(b).toString("hex"));
const often = <T>(usual: T, ...others: T[]) =>
  fc.oneof({ weight: 20, arbitrary: fc.constant(usual) }, fc.constantFrom(usual, ...others));

const anySolicitation: fc.Arbitrary<Partial<Fields>> = fc.record({
  destination: often(FIELDS.destination, MAC, "333300000001", "ffffffffffff", "5254001234ff"),
  source: fc.oneof(often(CLIENT, MAC), anyHex(6)),
  version: fc.oneof(
    often("60000000", "40000000"),
    fc.nat(0xfffff).map((n) => (0x6000_0000 + n).toString(16)),
  ),
  payloadBytes: often("0020", "0018", "0028", "0000", "ffff"),
  nextHeader: often("3a", "00", "06", "2c"),
  hopLimit: often("ff", "40", "fe", "00"),
  sourceIp: fc.oneof(often(CLIENT_IP, LINK_LOCAL, UNSPECIFIED, GROUP, VIP), anyHex(16)),
  destinationIp: often(GROUP, VIP, "ff020000000000000000000000000001", LINK_LOCAL),
  type: often("87", "85", "86", "88", "80"),
  code: often("00", "01"),
  checksum: often("right", "0000", "ffff", "ab69"),
  reserved: fc.oneof(often("00000000"), anyHex(4)),
  target: often(
    VIP,
    ELSEWHERE,
    "fd000001000000000000000000000242",
    "fd000002000000000000000000000240",
  ),
  option: fc.oneof(
    often(FIELDS.option, "", `0201${CLIENT}`, `0102${CLIENT}${"00".repeat(8)}`),
    anyHex(6).map((mac) => `0101${mac}`),
  ),
  padding: often("", "00", "ff".repeat(20), "a5".repeat(1400)),
});

describe("NDP answered in the kernel", () => {
  let wire: PrivateWire;
  let kernel: KernelResponder;
  let asked = 0;

  before(async () => {
    requireKernelPrograms();
    enterPrivateNetwork();
    stayOnOneProcessor();
    kernel = KernelResponder.open({ heartbeatLimitMs: 600_000 });
    wire = await PrivateWire.lay("ndp0", MAC.replace(/..(?=.)/g, "$&:"));
    const linkLocal = ip("fe80::5054:ff:fe12:3456");
    assert.deepEqual(kernel.setInterfaces([{ ...wire.near, linkLocal }]), []);
    kernel.announce(ip("fd00:1::240"), "all");
    kernel.announce(ip("fd00:1::241"), new Set(["another0"]));
    // Asked for last, so that what comes before its answer is the answer to the frame under test.
    kernel.announce(ip("10.0.0.1"), "all");
  });
  after(() => {
    kernel?.close();
    wire?.close();
  });

  async function ask(frame: string): Promise<string[]> {
    const mark = (0x0b00_0000 + asked++).toString(16).padStart(8, "0");
    wire.send(frame);
    wire.send(`ffffffffffff${CLIENT}08060001080006040001${CLIENT}${mark}0000000000000a000001`);
    return await wire.until((arrived) => arrived.slice(76, 84) === mark);
  }

  it("L2-121 L2-123: the solicitation of the specification gets its answer, byte for byte", async () => {
    const example =
      "3333ff00024000112233445586dd6000000000203affFE80000000000000021122fffe334455".toLowerCase() +
      "ff0200000000000000000001ff0002408700ab6900000000fd0000010000000000000000000002400101001122334455";
    assert.equal(solicitation(), example);
    const answer =
      "00112233445552540012345686dd6000000000203afffe80000000000000505400fffe123456" +
      "fe80000000000000021122fffe3344558800c74d40000000fd0000010000000000000000000002400201525400123456";
    assert.deepEqual(await ask(example), [answer]);
    assert.equal(expectedAnswer(example), answer);
  });

  const answered: [what: string, changed: Partial<Fields>][] = [
    ["L2-120: sent to the address itself", { destination: MAC, destinationIp: VIP }],
    ["L2-123: with a flow label and a traffic class", { version: "6fffabcd" }],
    ["L2-207: with bytes behind the packet", { padding: "ff".repeat(700) }],
    ["L2-122: whose option names another MAC than its frame", { option: "01010a0a0a0a0a0a" }],
    ["L2-122: whose option names zero", { option: "0101000000000000" }],
    ["L2-122: whose option names everybody", { option: "0101ffffffffffff" }],
    ["L2-122: whose option names a group", { option: "0101333300000001" }],
    ["L2-122: whose option names ourselves", { option: `0101${MAC}` }],
    ["L2-121: from a global address", { sourceIp: "fd000001000000000000000000000009" }],
    ["L2-113: with reserved bits", { reserved: "ffffffff" }],
  ];
  for (const [what, changed] of answered) {
    it(`${what}: answered by the kernel`, async () => {
      const frame = solicitation(changed);
      assert.deepEqual(await ask(frame), [expectedAnswer(frame)]);
    });
  }

  const passed: [reason: KernelDropReason, what: string, frame: string][] = [
    [
      "unusual-solicitation",
      "L2-118: a probe of duplicate address detection",
      solicitation({ sourceIp: UNSPECIFIED, payloadBytes: "0018", option: "" }),
    ],
    [
      "unusual-solicitation",
      "L2-115: without option",
      solicitation({ payloadBytes: "0018", option: "" }),
    ],
    [
      "unusual-solicitation",
      "L2-115: with an option of type 2 only",
      solicitation({ option: `0201${CLIENT}` }),
    ],
    [
      "unusual-solicitation",
      "L2-115: with two options",
      solicitation({ payloadBytes: "0028", option: `0e01000102030405${FIELDS.option}` }),
    ],
    [
      "unusual-solicitation",
      "L2-113: from :: with an option",
      solicitation({ sourceIp: UNSPECIFIED }),
    ],
    ["unusual-solicitation", "L2-113: from a group", solicitation({ sourceIp: GROUP })],
    ["unusual-solicitation", "L2-113: of code 1", solicitation({ code: "01" })],
    ["unusual-solicitation", "L2-113: cut short", solicitation().slice(0, 160)],
    ["unusual-solicitation", "to all nodes", solicitation({ destination: "333300000001" })],
    [
      "unusual-solicitation",
      "to another group",
      solicitation({ destinationIp: GROUP.replace("240", "241") }),
    ],
    [
      "unusual-solicitation",
      "to a group that only ends as the target's",
      solicitation({ destinationIp: GROUP.replace("1ff", "2ff") }),
    ],
    [
      "unusual-solicitation",
      "to the address, at another MAC",
      solicitation({ destinationIp: VIP }),
    ],
    ["checksum", "L2-119: with a wrong checksum", solicitation({ checksum: "ab6a" })],
    ["hop-limit", "L2-119: that passed a router", solicitation({ hopLimit: "40" })],
    ["own-frame", "L2-201: from ourselves", solicitation({ source: MAC })],
    [
      "own-frame",
      "L2-113: from our own link-local address",
      solicitation({ sourceIp: LINK_LOCAL }),
    ],
    ["other-vlan", "L2-202: of a VLAN", solicitation({ tags: "81000064" })],
    ["priority-tagged", "L2-202: with a priority tag", solicitation({ tags: "81000000" })],
    [
      "interface-not-matched",
      "L2-116: for an address of other interfaces",
      solicitation({
        target: ELSEWHERE,
        destination: "3333ff000241",
        destinationIp: GROUP.replace("240", "241"),
      }),
    ],
    [
      "not-announced",
      "L2-116: for another address of the same group",
      solicitation({ target: "fd000002000000000000000000000240" }),
    ],
    [
      "not-announced",
      "L2-42: for the IPv6 form of an IPv4 address that is announced",
      solicitation({
        target: "00000000000000000000ffff0a000001",
        destination: "3333ff000001",
        destinationIp: "ff0200000000000000000001ff000001",
      }),
    ],
  ];
  for (const [reason, what, frame] of passed) {
    it(`${what}: passed on, and counted as ${reason}`, async () => {
      const before = kernel.drops();
      assert.deepEqual(await ask(frame), []);
      assert.deepEqual(kernel.drops(), { ...before, [reason]: before[reason] + 1 });
    });
  }

  it("other ICMPv6, and packets too short to tell, are passed on and not counted", async () => {
    const before = kernel.drops();
    for (const type of ["80", "85", "86", "88"])
      assert.deepEqual(await ask(solicitation({ type })), []);
    for (const bytes of [14, 20, 34, 54]) {
      assert.deepEqual(await ask(solicitation().slice(0, bytes * 2)), []);
    }
    assert.deepEqual(kernel.drops(), before);
  });

  it("L2-81 L2-110: without a link-local address no solicitation is answered, and ARP still is", async () => {
    const before = kernel.drops();
    kernel.setInterfaces([wire.near]);
    assert.deepEqual(await ask(solicitation()), []);
    assert.equal(kernel.drops()["interface-not-matched"], before["interface-not-matched"] + 1);
    kernel.setInterfaces([{ ...wire.near, linkLocal: ip("fe80::5054:ff:fe12:3456") }]);
    assert.equal((await ask(solicitation())).length, 1);
  });

  it("L2-112..L2-123: whatever arrives, what the rules say is answered, with checksums that tcpdump finds right", async () => {
    const answers: string[] = [];
    let nothing = 0;
    const cut = fc.option(fc.integer({ min: 14, max: 90 }), { freq: 10 });
    await fc.assert(
      fc.asyncProperty(anySolicitation, cut, async (changed, bytes) => {
        const frame = solicitation(changed).slice(0, bytes === null ? undefined : bytes * 2);
        const expected = expectedAnswer(frame);
        const found = await ask(frame);
        assert.deepEqual(found, expected === undefined ? [] : [expected]);
        answers.push(...found);
        nothing += found.length === 0 ? 1 : 0;
      }),
      { numRuns: 3000 },
    );
    assert.ok(answers.length > 300 && nothing > 300, `${answers.length} ${nothing}`);
    const verdicts = tcpdumpOf(answers).match(/icmp6 sum ok/g);
    assert.equal(verdicts?.length, answers.length);
  });

  it("a solicitation with any bytes changed is answered only where the rules say so", async () => {
    const change = fc.array(fc.tuple(fc.nat(85), fc.nat(255)), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(change, async (changes) => {
        const frame = Buffer.from(solicitation(), "hex");
        for (const [at, value] of changes) frame[at] = value;
        const text = frame.toString("hex");
        const expected = expectedAnswer(text);
        assert.deepEqual(await ask(text), expected === undefined ? [] : [expected]);
      }),
      { numRuns: 1000 },
    );
  });
});

/** What tcpdump says about frames, which it takes as a pcap file. */
function tcpdumpOf(frames: string[]): string {
  const head = Buffer.from("d4c3b2a1020004000000000000000000ffff000001000000", "hex");
  const records = frames.map((frame) => {
    const record = Buffer.alloc(16);
    record.writeUInt32LE(frame.length / 2, 8);
    record.writeUInt32LE(frame.length / 2, 12);
    return Buffer.concat([record, Buffer.from(frame, "hex")]);
  });
  const { stdout } = spawnSync("tcpdump", ["-n", "-vv", "-r", "-"], {
    input: Buffer.concat([head, ...records]),
    encoding: "utf8",
    maxBuffer: 64 << 20,
  });
  return stdout;
}
