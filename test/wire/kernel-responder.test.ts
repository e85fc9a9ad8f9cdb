/** The responder in the kernel as its owner uses it: interfaces, addresses, counters, heartbeat, and its neighbours. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readlinkSync } from "node:fs";
import { afterEach, before, beforeEach, describe, it } from "node:test";
import { assemble } from "../../src/bpf/assembler.ts";
import { at, atomicAdd, exit, loadMapValue, move, r0, r1, r2 } from "../../src/bpf/instruction.ts";
import { addressBytes, formatAddress, parseAddress } from "../../src/ip/index.ts";
import { questionFrame } from "../../src/layer2/index.ts";
import { BpfMap } from "../../src/platform/bpf-map.ts";
import { attachToIngress, loadProgram } from "../../src/platform/bpf-program.ts";
import {
  KernelResponder,
  type KernelResponderOptions,
  MapFullError,
} from "../../src/platform/index.ts";
import { libc } from "../../src/platform/libc.ts";
import { enterPrivateNetwork } from "../../src/testing/index.ts";
import { requireKernelPrograms } from "../../src/testing/kernel-rights.ts";
import {
  ip,
  PrivateWire,
  stayOnOneProcessor,
  type WireEnd,
  wireEnd,
} from "../../src/testing/private-wire.ts";

const CLIENT = "001122334455";
const MAC = "52:54:00:12:34:56";
/** Where advertisements come from: nobody sends anything to it. */
const linkLocal = parseAddress("fe80::99");
const address = (text: string) => parseAddress(text)!;
const bare = (mac: string) => mac.replaceAll(":", "");
const ipHex = (text: string) => Buffer.from(addressBytes(address(text))).toString("hex");
const serve = (on: WireEnd) => ({ ...on, linkLocal });

/** Who has the address? Both addresses are in hex. */
function request(target: string, senderIp = "0a000009", client = CLIENT): string {
  return `ffffffffffff${client}08060001080006040001${client}${senderIp}000000000000${target}`;
}

/** The same by ARP or NDP, whatever the address is. */
function question(target: string, client = CLIENT): string {
  if (!target.includes(":")) return request(ipHex(target), undefined, client);
  const [mac, from] = [client.replace(/..(?=.)/g, "$&:"), address("fe80::9")];
  const on = { index: 0, name: "eth0", mac, linkLocal: from };
  return Buffer.from(questionFrame(on, address(target)) ?? []).toString("hex");
}

/** Who the frame says has the address: a reply or an advertisement. */
function answererIn(frame: string, target: string): string[] {
  const [about, mac] = target.includes(":") ? [124, 160] : [56, 44];
  return frame.startsWith(ipHex(target), about) ? [frame.slice(mac, mac + 12)] : [];
}

/** An interface of the kernel's own, with an address that the kernel answers for. */
interface Cable {
  readonly wire: PrivateWire;
  /** The first two bytes of its network, in hex. */
  readonly network: string;
}

const suite = (family: 4 | 6) => () => {
  /** An address of the family that ends as this one does. */
  const name = (ipv4: string) =>
    family === 4
      ? ipv4
      : formatAddress({ family: 6, value: (0xfd00_0001n << 96n) | address(ipv4).value });
  const VIP = name("192.168.1.240");
  const OTHER_FAMILY = family === 4 ? "fd00::1" : "10.9.9.9";
  let responder: KernelResponder;
  let first: Cable;
  const opened: { close(): void }[] = [];
  const wires = new Set<PrivateWire>();
  let laid = 0;
  let asked = 0;

  before(() => {
    requireKernelPrograms();
    enterPrivateNetwork();
    stayOnOneProcessor();
  });
  beforeEach(async () => {
    first = await lay("wire0");
    responder = open();
    assert.deepEqual(responder.setInterfaces([serve(first.wire.near)]), []);
    responder.announce(address(VIP), "all");
  });
  afterEach(() => {
    for (const one of opened.splice(0)) one.close();
    for (const wire of wires) cut(wire);
  });

  async function lay(name: string, mac = MAC, index?: number): Promise<Cable> {
    const wire = await PrivateWire.lay(name, mac, index);
    wires.add(wire);
    laid++;
    ip(`addr add 10.${laid}.255.254/16 dev ${name}`);
    return { wire, network: `0a${laid.toString(16).padStart(2, "0")}` };
  }

  function cut(wire: PrivateWire): void {
    if (wires.delete(wire)) wire.cut();
  }

  function open(options?: KernelResponderOptions): KernelResponder {
    const one = KernelResponder.open({ heartbeatLimitMs: 600_000, ...options });
    opened.push(one);
    return one;
  }

  /**
   * The MAC addresses that answer for an address. Behind the question goes one for the kernel's own address, so that
   * what does not come before that answer does not come at all.
   */
  async function answerers(target: string, { wire, network } = first): Promise<string[]> {
    // Few marks, because the kernel remembers a thousand stations and then answers no new one.
    const mark = `${network}00${(asked++ % 256).toString(16).padStart(2, "0")}`;
    wire.send(question(target));
    wire.send(request(`${network}fffe`, mark));
    const frames = await wire.until((frame) => frame.slice(76, 84) === mark);
    return frames.flatMap((frame) => answererIn(frame, target));
  }

  const isAnswered = async (target: string, on = first) =>
    (await answerers(target, on)).length === 1;

  it("L2-76 L2-94: answers for what is announced, until it is withdrawn", async () => {
    assert.deepEqual(await answerers(VIP), [bare(MAC)]);
    responder.withdraw(address(VIP));
    assert.deepEqual(await answerers(VIP), []);
    responder.withdraw(address(VIP));
    responder.announce(address(VIP), "all");
    assert.deepEqual(await answerers(VIP), [bare(MAC)]);
  });

  it("L2-140 L2-141 L2-144: counts by address, also over withdrawals and other interfaces", async () => {
    const other = name("192.168.1.241");
    responder.announce(address(other), new Set(["wire0"]));
    responder.announce(address(OTHER_FAMILY), "all");
    for (const target of [VIP, other, other, name("192.168.1.242")]) await answerers(target);
    const counted = () => Object.fromEntries(responder.answers());
    assert.deepEqual(counted(), { [VIP]: 1, [other]: 2, [OTHER_FAMILY]: 0 });
    responder.announce(address(other), new Set(["wire0", "wire1"]));
    await answerers(other);
    responder.withdraw(address(VIP));
    await answerers(VIP);
    assert.deepEqual(counted(), { [VIP]: 1, [other]: 3, [OTHER_FAMILY]: 0 });
    responder.announce(address(VIP), new Set(["wire1"]));
    await answerers(VIP);
    responder.announce(address(VIP), "all");
    await answerers(VIP);
    assert.deepEqual(counted(), { [VIP]: 2, [other]: 3, [OTHER_FAMILY]: 0 });
  });

  it("knows ten thousand addresses of each family, and counts all of them", async () => {
    for (let number = 0; number < 10_000; number++) {
      responder.announce({ family: 4, value: 0x0a63_0000n + BigInt(number) }, "all");
      responder.announce({ family: 6, value: (0xfd00n << 112n) + BigInt(number) }, "all");
    }
    assert.ok(await isAnswered("10.99.0.0"));
    assert.ok(await isAnswered("10.99.39.15"));
    assert.ok(!(await isAnswered("10.99.39.16")));
    assert.ok(await isAnswered("fd00::270f"));
    assert.ok(!(await isAnswered("fd00::2710")));
    const answers = responder.answers();
    assert.equal(answers.size, 20_001);
    const counted = [...answers].filter(([, count]) => count > 0).map(([text]) => text);
    assert.deepEqual(counted.sort(), ["10.99.0.0", "10.99.39.15", "fd00::270f"]);
  });

  it("L2-74 L2-75: an address is answered on the interfaces that it names, as they come and go", async () => {
    const target = name("192.168.1.241");
    responder.announce(address(target), new Set(["wire1", "later0"]));
    assert.ok(!(await isAnswered(target)));
    const second = await lay("wire1", "52:54:00:00:00:02");
    responder.setInterfaces([serve(first.wire.near), serve(second.wire.near)]);
    assert.deepEqual(await answerers(target, second), ["525400000002"]);
    assert.deepEqual(await answerers(VIP, second), ["525400000002"]);
    assert.ok(!(await isAnswered(target)));
    responder.setInterfaces([
      { ...serve(first.wire.near), name: "later0" },
      serve(second.wire.near),
    ]);
    assert.deepEqual(await answerers(target), [bare(MAC)]);
    responder.setInterfaces([serve(first.wire.near)]);
    assert.ok(!(await isAnswered(target)));
    assert.ok(!(await isAnswered(target, second)));
    assert.ok(await isAnswered(VIP));
  });

  it("L2-74: an address announced while its interface could not be served is answered once it can", async () => {
    const target = name("192.168.1.241");
    const absent = { index: 4321, name: "wire1", mac: MAC };
    assert.equal(responder.setInterfaces([serve(first.wire.near), absent]).length, 1);
    responder.announce(address(target), new Set(["wire1"]));
    const second = await lay("wire1", MAC, absent.index);
    assert.deepEqual(
      responder.setInterfaces([serve(first.wire.near), serve(second.wire.near)]),
      [],
    );
    assert.ok(await isAnswered(target, second));
    assert.ok(!(await isAnswered(target)));
  });

  it("L2-74: a new interface does not inherit the addresses of one whose place it takes", async () => {
    responder.announce(address(name("192.168.1.241")), new Set(["wire0"]));
    assert.ok(await isAnswered(name("192.168.1.241")));
    const second = await lay("wire1");
    responder.setInterfaces([serve(second.wire.near)]);
    assert.ok(!(await isAnswered(name("192.168.1.241"), second)));
    assert.ok(await isAnswered(VIP, second));
  });

  it("L2-87 L2-100: another MAC address is answered with from then on", async () => {
    ip("link set wire0 address 52:54:00:00:00:99");
    responder.setInterfaces([serve(wireEnd("wire0"))]);
    assert.deepEqual(await answerers(VIP), ["525400000099"]);
    assert.deepEqual(responder.answers().get(VIP), 1);
  });

  it("L2-87 L2-202: until it is told of the other MAC address, what is sent to the old one is for another host", async () => {
    ip("link set wire0 address 52:54:00:00:00:99");
    first.wire.send(question(VIP).replace(/^.{12}/, bare(MAC)));
    assert.deepEqual(await answerers(name("192.168.1.99")), []);
    assert.equal(responder.drops()["other-vlan"], 1);
    assert.equal(responder.answers().get(VIP), 0);
  });

  it("a sender that asks on two interfaces has a MAC address on each of them", async () => {
    const second = await lay("wire1", "52:54:00:00:00:02");
    responder.setInterfaces([serve(first.wire.near), serve(second.wire.near)]);
    for (let times = 0; times < 2; times++) {
      first.wire.send(question(VIP));
      second.wire.send(question(VIP, "001122334456"));
      for (const on of [first, second]) await answerers(name("192.168.1.99"), on);
    }
    assert.equal(responder.drops()["sender-moved"], 0);
    assert.equal(responder.answers().get(VIP), 4);
  });

  it("L2-83 L2-205: an interface that vanishes under the program harms nothing, and comes back", async () => {
    const { index } = first.wire.near;
    cut(first.wire);
    responder.announce(address(name("192.168.1.241")), "all");
    assert.deepEqual(responder.setInterfaces([]), []);
    first = await lay("wire0");
    assert.notEqual(first.wire.near.index, index);
    assert.deepEqual(responder.setInterfaces([serve(first.wire.near)]), []);
    assert.ok(await isAnswered(name("192.168.1.241")));
  });

  it("L2-205: is attached anew to an interface that came with the number of one that went", async () => {
    const { index } = first.wire.near;
    cut(first.wire);
    first = await lay("wire0", MAC, index);
    assert.equal(first.wire.near.index, index);
    assert.ok(!(await isAnswered(VIP)));
    assert.deepEqual(responder.setInterfaces([serve(first.wire.near)]), []);
    assert.ok(await isAnswered(VIP));
  });

  it("an interface that does not exist is named, and keeps the program from no other", async () => {
    const missing = { index: 999_999, name: "missing0", mac: MAC };
    const [trouble, ...others] = responder.setInterfaces([missing, serve(first.wire.near)]);
    assert.deepEqual([trouble?.name, others], ["missing0", []]);
    assert.match(trouble?.error.message ?? "", /interface missing0 \(index 999999\): ENODEV/);
    assert.ok(await isAnswered(VIP));
  });

  it("what is beyond 64 interfaces is left to user space, and told, however many came and went", async () => {
    for (let round = 0; round < 3; round++) {
      // None of them exists, so they take a place until the kernel says so.
      const missing = Array.from({ length: 64 }, (_, number) => {
        return { index: 900_000 + 100 * round + number, name: `missing${number}`, mac: MAC };
      });
      const troubles = responder.setInterfaces([serve(first.wire.near), ...missing]);
      assert.equal(troubles.length, 64);
      const beyond = troubles.filter(({ error }) => /64 interfaces at most: /.test(error.message));
      assert.deepEqual(
        beyond.map(({ name }) => name),
        ["missing63"],
      );
      assert.ok(await isAnswered(VIP));
    }
  });

  it("an address for which there is no room is named, and those that are in stay", async () => {
    const small = open({ maxAddresses: 2 });
    responder.close();
    small.setInterfaces([serve(first.wire.near)]);
    small.announce(address(name("10.0.0.1")), "all");
    small.announce(address(name("10.0.0.2")), "all");
    assert.throws(
      () => small.announce(address(name("10.0.0.3")), "all"),
      (error) =>
        error instanceof MapFullError &&
        error.message.startsWith(`${name("10.0.0.3")} is answered by user space only: `) &&
        error.message.includes(`l2_ipv${family} is full: it holds 2 entries`),
    );
    small.announce(address(OTHER_FAMILY), "all");
    small.announce(address(name("10.0.0.2")), new Set(["wire0"]));
    assert.ok(await isAnswered(name("10.0.0.1")));
    assert.ok(await isAnswered(name("10.0.0.2")));
    assert.ok(!(await isAnswered(name("10.0.0.3"))));
    small.withdraw(address(name("10.0.0.1")));
    small.announce(address(name("10.0.0.3")), "all");
    assert.ok(await isAnswered(name("10.0.0.3")));
  });

  it("stops answering when nobody says that the speaker lives, and goes on when somebody does", async () => {
    const short = open({ heartbeatLimitMs: 200 });
    responder.close();
    short.setInterfaces([serve(first.wire.near)]);
    short.announce(address(VIP), "all");
    const beat = async () => {
      short.beat();
      return await isAnswered(VIP);
    };
    // On a busy machine the limit may pass between a beat and the question.
    while (!(await beat()));
    const before = short.drops()["no-heartbeat"];
    while (await isAnswered(VIP));
    assert.equal(short.drops()["no-heartbeat"], before + 1);
    while (!(await beat()));
  });

  it("a beat may hold for less than the limit, and never for more", async () => {
    responder.beat(0);
    assert.ok(!(await isAnswered(VIP)));
    assert.equal(responder.drops()["no-heartbeat"], 1);
    responder.beat(600_000);
    assert.ok(await isAnswered(VIP));
    const short = open({ heartbeatLimitMs: 1 });
    responder.close();
    short.setInterfaces([serve(first.wire.near)]);
    short.announce(address(VIP), "all");
    short.beat(600_000);
    while (await isAnswered(VIP)) short.beat(600_000);
    assert.ok(short.drops()["no-heartbeat"] > 0);
  });

  it("other programs on the interface see what they saw before: all in front, behind all but what was answered", async () => {
    responder.setInterfaces([]);
    const front = countingProgram(first.wire);
    responder.setInterfaces([serve(first.wire.near)]);
    const behind = countingProgram(first.wire);
    assert.deepEqual([front(), behind()], [0, 0]);
    assert.ok(await isAnswered(VIP));
    assert.deepEqual([front(), behind()], [2, 1]);
    assert.ok(!(await isAnswered(name("192.168.1.99"))));
    assert.deepEqual([front(), behind()], [4, 3]);
    first.wire.send(`525400123456${CLIENT}0800${"45".repeat(40)}`);
    first.wire.send(`525400123456${CLIENT}86dd${"60".repeat(80)}`);
    await isAnswered(name("192.168.1.99"));
    assert.deepEqual([front(), behind()], [8, 7]);
  });

  it("after close nothing is answered, and everything reaches the programs behind", async () => {
    const behind = countingProgram(first.wire);
    responder.close();
    assert.ok(!(await isAnswered(VIP)));
    assert.equal(behind(), 2);
  });

  it("programs that are started get none of the descriptors, so the program does not outlive this process", () => {
    const listed = execFileSync("ls", ["-l", "/proc/self/fd"], { encoding: "utf8" });
    assert.doesNotMatch(listed, /bpf/);
    const own = readdirSync("/proc/self/fd").map((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`);
      } catch {
        return "closed since";
      }
    });
    const kinds = own.filter((target) => target.includes("bpf")).sort();
    const known = ["bpf-map", "bpf-prog", "bpf_link"].map((kind) => `anon_inode:${kind}`);
    assert.deepEqual([...new Set(kinds)], known);
  });

  it("answers what a network card left in pieces, of both families", async () => {
    const ipv4 = "192.168.1.240";
    for (const target of [ipv4, "fd00:1::240"]) responder.announce(address(target), "all");
    const solicitation =
      `3333ff000240${CLIENT}86dd6000000000203afffe80000000000000021122fffe334455` +
      "ff0200000000000000000001ff0002408700ab6900000000fd000001000000000000000000000240" +
      `0101${CLIENT}`;
    // Only a frame of more than a page is put together from pieces: 14 bytes first.
    for (const frame of [question(ipv4), solicitation]) {
      sendInPieces(first.wire, frame + "00".repeat(5000));
    }
    const mark = `${first.network}7778`;
    first.wire.send(request(`${first.network}fffe`, mark));
    const frames = await first.wire.until((frame) => frame.slice(76, 84) === mark);
    assert.deepEqual(
      frames.map((frame) => [frame.length / 2, frame.slice(24, 28)]),
      [
        [60, "0806"],
        [86, "86dd"],
      ],
    );
  });

  /** Attaches a program behind those that are there; the result tells how many packets it has passed on. */
  function countingProgram({ near }: PrivateWire): () => number {
    const shape = { name: "test_count", type: "array", keyBytes: 4, valueBytes: 8 } as const;
    const map = new BpfMap(shape, 1);
    const program = loadProgram(
      assemble([
        loadMapValue(r1, map.fd, 0),
        move(r2, 1),
        atomicAdd(at(r1, 0), r2),
        move(r0, -1),
        exit(),
      ]),
      "test_count",
    );
    opened.push(attachToIngress(program, near), program, map);
    return () => Number(Buffer.from(map.get(Buffer.alloc(4)) ?? []).readBigUInt64LE());
  }
};

for (const [family, protocol] of [
  [4, "ARP"],
  [6, "NDP"],
] as const) {
  describe(`the responder in the kernel, ${protocol}`, suite(family));
}

/** Sends a frame of which only Ethernet's header lies in one piece (PACKET_VNET_HDR of packet(7)). */
function sendInPieces({ far }: PrivateWire, frame: string): void {
  const [AF_PACKET, SOCK_RAW, SOL_PACKET, PACKET_VNET_HDR] = [17, 3, 263, 15];
  const fd = libc().socket(AF_PACKET, SOCK_RAW, 0);
  const to = Buffer.alloc(20);
  to.writeUInt16LE(AF_PACKET, 0);
  to.writeInt32LE(far.index, 4);
  assert.equal(libc().bind(fd, to, to.length), 0);
  const on = Buffer.from([1, 0, 0, 0]);
  assert.equal(libc().setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, on, 4), 0);
  const header = Buffer.alloc(10);
  header.writeUInt16LE(14, 2);
  const bytes = Buffer.concat([header, Buffer.from(frame, "hex")]);
  assert.equal(Number(libc().send(fd, bytes, bytes.length, 0)), bytes.length);
  libc().close(fd);
}
