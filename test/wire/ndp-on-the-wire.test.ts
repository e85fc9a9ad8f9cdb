/** The NDP responder with real peers: the client's kernel, ndisc6, tcpdump, and frames of our own. */
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { addressBytes, formatAddress, type IpAddress, parseAddress } from "../../src/ip/index.ts";
import { encodeEthernetFrame } from "../../src/layer2/ethernet-frame.ts";
import { ALL_NODES, multicastMac, solicitedNodeGroup } from "../../src/layer2/multicast-address.ts";
import {
  encodeNeighborAdvertisement,
  encodeNeighborSolicitation,
} from "../../src/layer2/ndp-packet.ts";
import { CabledNamespaces, LineProgram, whyNoNamespaces } from "../../src/testing/index.ts";
import { requireKernelPrograms } from "../../src/testing/kernel-rights.ts";

const VIP = "fd00:99::240";
/** A made-up station. */
const STATION = { ip: "fd00:99::7", mac: "02:00:00:00:00:01" };
const ip = (text: string): IpAddress => parseAddress(text)!;
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const bare = (mac: string): string => mac.replaceAll(":", "");

const program = (name: string) => [
  process.execPath,
  "--disable-warning=ExperimentalWarning",
  fileURLToPath(new URL(`../../src/testing/${name}-program.ts`, import.meta.url)),
];

interface Question {
  readonly target?: string;
  readonly source?: string;
  readonly destination?: string;
  readonly sourceMac?: string | null;
  readonly to?: string;
}

/** Who has the address? As hex, asked by the station unless said otherwise. */
function questionFor({ target = VIP, source = STATION.ip, ...more }: Question = {}): string {
  const group = solicitedNodeGroup(ip(target));
  const destination = more.destination === undefined ? group : ip(more.destination);
  const { sourceMac = STATION.mac, to = multicastMac(group) } = more;
  const payload = encodeNeighborSolicitation({
    source: ip(source),
    destination,
    target: ip(target),
    ...(sourceMac !== null && { sourceMac }),
  });
  const ends = { destination: to, source: STATION.mac };
  return hex(encodeEthernetFrame({ ...ends, etherType: 0x86dd, payload }));
}

/** What the port prints of an advertisement that a node sends for an address. */
function advertisement(
  node: { readonly mac: string; readonly linkLocal: IpAddress },
  { target = VIP, isUnasked = false } = {},
): string {
  const payload = encodeNeighborAdvertisement({
    source: node.linkLocal,
    destination: isUnasked ? ALL_NODES : ip(STATION.ip),
    target: ip(target),
    targetMac: node.mac,
    isSolicited: !isUnasked,
    isOverriding: isUnasked,
  });
  const destination = isUnasked ? multicastMac(ALL_NODES) : STATION.mac;
  const frame = { destination, source: node.mac, etherType: 0x86dd, payload };
  return `got ${hex(encodeEthernetFrame(frame))}`;
}

const suite = (way: string) => () => {
  let wire: CabledNamespaces;
  let speaker: LineProgram;
  const programs: LineProgram[] = [];

  function run(end: "node" | "client", command: readonly string[]): LineProgram {
    const started = new LineProgram(wire.at(end, command));
    programs.push(started);
    return started;
  }

  async function openPort(what = "ndp"): Promise<LineProgram> {
    const port = run("client", [...program("frame-port"), what]);
    await port.line((line) => line === "ready");
    return port;
  }

  const responderMade = (line: string) => line.includes("created NDP responder for interface");
  const responderGone = (line: string) => line.includes("deleted NDP responder for interface");

  /** Gives the speaker an order and waits until it was carried out. */
  async function order(words: string): Promise<void> {
    const from = speaker.lines.length;
    speaker.write(words);
    await speaker.line((line) => line.includes(`"taken":"${words}"`), from);
  }
  const announce = (address = VIP) => order(`announce ${address}`);

  async function told(words: string, key: string): Promise<Record<string, never>> {
    const from = speaker.lines.length;
    speaker.write(words);
    const line = await speaker.line((text) => text.includes(`"${key}":`), from);
    return (JSON.parse(line) as Record<string, Record<string, never>>)[key]!;
  }
  const counters = (): Promise<Record<string, number>> => told(`counters ${VIP}`, "counters");
  const drops = async (): Promise<Record<string, number>> => (await told("drops", "drops"))["ndp"]!;

  function linkLocalOf(name: string): IpAddress {
    const [link] = JSON.parse(wire.ip("node", `-json -6 addr show dev ${name} scope link`)) as {
      addr_info: { local: string }[];
    }[];
    return ip(link!.addr_info[0]!.local);
  }
  const here = (name = "eth0") => ({ mac: wire.mac("node", name), linkLocal: linkLocalOf(name) });

  /** The groups of the node's interface, those of its own addresses too. */
  const groupsOf = (name: string): string => wire.ip("node", `-6 maddr show dev ${name}`);
  const groupText = (address: string): string => formatAddress(solicitedNodeGroup(ip(address)));
  /** Groups are joined shortly after their addresses are announced. */
  async function groupsJoined(...addresses: string[]): Promise<void> {
    for (;;) {
      const groups = groupsOf("eth0");
      if (addresses.every((address) => groups.includes(groupText(address)))) return;
      await new Promise((again) => setTimeout(again, 50));
    }
  }

  before(() => {
    if (way === "kernel") requireKernelPrograms();
    wire = new CabledNamespaces("l2t-6");
  });
  after(() => wire?.remove());
  beforeEach(async () => {
    speaker = run("node", [...program("announcer"), way]);
    await speaker.line((line) => responderMade(line) && line.includes('"eth0"'));
  });
  afterEach(async () => {
    for (const running of programs.splice(0)) await running.stop();
  });

  /** Asks again and again until `ip monitor` shows the line: it does not say when it is ready, so once may not do. */
  async function seenOnAsking(line: string, ask: () => void): Promise<void> {
    const monitor = run("client", ["ip", "monitor", "neigh"]);
    const asking = setInterval(ask, 100);
    try {
      await monitor.line((text) => text.includes(line));
    } finally {
      clearInterval(asking);
    }
  }
  const touch = (address: string): void => {
    wire.ip("client", "neigh flush dev eth0");
    wire.run("client", ["bash", "-c", `echo > /dev/udp/${address}/9`]);
  };
  const reachable = () => `${VIP} dev eth0 lladdr ${wire.mac("node")} REACHABLE`;

  it("L2-117 L2-122 L2-82: the client's kernel resolves an announced address that no interface has", async () => {
    await announce();
    await seenOnAsking(reachable(), () => touch(VIP));
  });

  it("L2-120: a client that doubts asks us alone, by unicast, and is answered", async () => {
    await announce();
    const seen = run("node", [...program("frame-port"), "ndp-requests"]);
    await seen.line((line) => line === "ready");
    const mac = wire.mac("node");
    const probe = `-6 neigh replace ${VIP} lladdr ${mac} dev eth0 nud probe`;
    await seenOnAsking(reachable(), () => wire.ip("client", probe));
    const isAboutVip = new RegExp(`8700.{4}0{8}${hex(addressBytes(ip(VIP)))}`);
    // What the kernel answers nobody else on the node sees.
    if (way === "packet") await seen.line((line) => isAboutVip.test(line));
    const others = seen.lines.filter(
      (line) => isAboutVip.test(line) && !line.startsWith(`got ${bare(mac)}`),
    );
    assert.deepEqual(others, []);
    assert.ok((await counters())["responsesSent"]! > 0);
  });

  it("L2-121 L2-110 L2-209 L2-140 L2-141: the answer is right in every byte and counted", async () => {
    await announce();
    const port = await openPort();
    port.write(questionFor());
    const answered = (line: string) => line.startsWith(`got ${bare(STATION.mac)}`);
    assert.equal(await port.line(answered), advertisement(here()));
    const { requestsReceived, responsesSent } = await counters();
    assert.deepEqual([requestsReceived, responsesSent], [1, 1]);
  });

  it("L2-123 L2-136: tcpdump finds checksum, hop limit and flags right, of answers and of what is unasked", async () => {
    // ndisc6 only asks here: it takes no answer from another address than the target, MetalLB's neither (L2-110).
    const dump = run("client", ["tcpdump", "-l", "-n", "-vv", "-i", "eth0", "icmp6"]);
    await dump.complaint(/listening on/);
    await announce();
    wire.run("client", ["ndisc6", "-r1", "-w1", "-n", VIP, "eth0"]);
    // The line break stands before the flags or behind them.
    const said = () => dump.lines.join("\n").split(/\n(?=\d\d:)/);
    const shows = (flags: string) => (text: string) =>
      text.includes("neighbor advertisement") && text.includes(`Flags [${flags}]`);
    for (const flags of ["override", "solicited"]) {
      await dump.line(() => said().some(shows(flags)));
      const text = said().find(shows(flags))!;
      for (const fact of ["[icmp6 sum ok]", "hlim 255", `tgt is ${VIP}`]) {
        assert.ok(text.includes(fact), `${fact}: ${text}`);
      }
    }
  });

  it("L2-116 L2-73 L2-111: nothing is answered before the announcement and after the withdrawal, and the group is left", async () => {
    const port = await openPort();
    await announce("fd00:99::241");
    const answers = () => port.lines.filter((line) => line.startsWith(`got ${bare(STATION.mac)}`));
    /**
     * Asks for the address, then for the other one, whose answer shows that both have been handled: with a priority tag,
     * as such a question is user space's in either way, where it waits behind the first.
     */
    const ask = async (soFar: number) => {
      const other = questionFor({ target: "fd00:99::241" });
      port.write(questionFor());
      port.write(`${other.slice(0, 24)}8100e000${other.slice(24)}`);
      await port.line(() => answers().length > soFar);
    };
    await ask(0);
    await announce();
    await groupsJoined(VIP);
    await order(`withdraw ${VIP}`);
    assert.ok(!groupsOf("eth0").includes(groupText(VIP)));
    await ask(1);
    assert.deepEqual(answers(), Array(2).fill(advertisement(here(), { target: "fd00:99::241" })));
  });

  it("L2-136 L2-132: an announcement is five rounds of one advertisement to all nodes", async () => {
    const port = await openPort();
    await announce("fd00:99::241");
    await announce();
    const form = advertisement(here(), { isUnasked: true });
    await port.line(() => port.lines.filter((line) => line === form).length >= 5);
  });

  it("L2-118 L2-115: a host that takes the address for its own is not told, and is counted", async () => {
    const port = await openPort();
    await announce();
    port.write(questionFor({ source: "::", sourceMac: null }));
    port.write(questionFor({ sourceMac: null }));
    port.write(questionFor());
    await port.line((line) => line === advertisement(here()));
    assert.equal((await drops())["no-source-lla"], 2);
    // The client's kernel, in earnest; what is unasked it would take for a conflict, so that has to be over.
    const unasked = advertisement(here(), { isUnasked: true });
    await port.line(() => port.lines.filter((line) => line === unasked).length >= 5);
    wire.configure("client", "ipv6/conf/eth0/dad_transmits", "1");
    wire.ip("client", `-6 addr add ${VIP}/128 dev eth0`);
    const shown = () => wire.ip("client", `-6 addr show dev eth0 to ${VIP}`);
    while (shown().includes("tentative")) await new Promise((again) => setTimeout(again, 50));
    assert.match(shown(), /240\/128 scope global\s*\n/, "detection ended without a conflict");
    wire.ip("client", `-6 addr del ${VIP}/128 dev eth0`);
    wire.configure("client", "ipv6/conf/eth0/dad_transmits", "0");
    assert.equal((await drops())["no-source-lla"], 3);
  });

  it("L2-202: a tagged frame of a VLAN without a device gets no answer, a priority tag does", async () => {
    await announce();
    const port = await openPort();
    const tagged = (tag: string) => {
      const question = questionFor();
      return `${question.slice(0, 24)}8100${tag}${question.slice(24)}`;
    };
    const answers = () => port.lines.filter((line) => line === advertisement(here())).length;
    port.write(tagged("0064"));
    port.write(tagged("e000"));
    await port.line(() => answers() >= 1);
    port.write(questionFor());
    await port.line(() => answers() >= 2);
    assert.equal((await counters())["requestsReceived"], 2);
    assert.equal((await drops())["other-vlan"], 1);
  });

  it("L2-113 L2-119 L2-93: truncated, forged and foreign frames leave the responder working and are counted", async () => {
    await announce();
    const port = await openPort();
    const question = questionFor();
    for (let bytes = 14; bytes < 86; bytes++) port.write(question.slice(0, bytes * 2));
    const at = (offset: number, byte: string) =>
      question.slice(0, offset * 2) + byte + question.slice(offset * 2 + 2);
    port.write(at(21, "40"));
    port.write(at(57, question.slice(114, 116) === "00" ? "01" : "00"));
    port.write(questionFor({ to: "02:00:00:00:00:99" }));
    port.write(question);
    await port.line((line) => line === advertisement(here()));
    assert.equal((await counters())["requestsReceived"], 1);
    const counted = await drops();
    assert.deepEqual(
      ["error", "hop-limit", "checksum"].map((reason) => counted[reason]),
      [72, 1, 1],
    );
  });

  it("L2-208 L2-206: the kernel hands over solicitations only, also long ones", async () => {
    const picky = new LineProgram(wire.at("node", [...program("frame-port"), "ndp-requests"]));
    programs.push(picky);
    await picky.line((line) => line === "ready");
    const port = await openPort();
    const question = questionFor();
    port.write(question.replace("86dd", "0800"));
    port.write(question.replace("3aff", "11ff"));
    port.write(`${question.slice(0, 108)}88${question.slice(110)}`);
    port.write(question + "aa".repeat(1300));
    port.write(question);
    await picky.line((line) => line === `got ${question}`);
    const own = picky.lines.filter((line) => line.includes(bare(STATION.mac)));
    assert.deepEqual(
      own.map((line) => line.length / 2 - 2),
      [1386, 86],
    );
  });

  it("L2-87: a changed MAC address is announced and answered at once", async () => {
    await announce();
    const port = await openPort();
    wire.ip("node", "link set eth0 address 02:aa:bb:cc:dd:ee");
    await port.line((line) => line === advertisement(here(), { isUnasked: true }));
    port.write(questionFor());
    await port.line((line) => line === advertisement(here()));
  });

  it("L2-205 L2-83 L2-87 L2-111: a link that goes down and up is in its groups again, is answered on, with a burst", async () => {
    await announce();
    const from = speaker.lines.length;
    wire.ip("node", "link set eth0 down");
    await speaker.line(responderGone, from);
    const port = await openPort();
    wire.ip("node", "link set eth0 up");
    await speaker.line(responderMade, from);
    await port.line((line) => line === advertisement(here(), { isUnasked: true }));
    await groupsJoined(VIP);
    port.write(questionFor());
    await port.line((line) => line === advertisement(here()));
  });

  it("L2-205 L2-80 L2-72: an interface deleted under its socket is followed by the next one of that name", async () => {
    await announce();
    const from = speaker.lines.length;
    wire.unplug();
    await speaker.line(responderGone, from);
    wire.plug();
    await speaker.line(responderMade, from);
    await groupsJoined(VIP);
    const port = await openPort();
    port.write(questionFor());
    await port.line((line) => line === advertisement(here()));
  });

  it("L2-81 L2-204: the member of a bridge is not answered on, the bridge is, with its own addresses", async () => {
    await announce();
    // Before the bridge is there: its burst ends after five seconds, and a program may start slowly.
    const port = await openPort();
    const from = speaker.lines.length;
    wire.ip("node", "link add br0 type bridge");
    wire.ip("node", "link set br0 address 02:00:00:00:0b:00 up");
    wire.ip("node", "link set eth0 master br0");
    await speaker.line(responderGone, from);
    await speaker.line((line) => responderMade(line) && line.includes('"br0"'), from);
    // The bridge learns its port after a moment: its burst tells that frames pass.
    await port.line((line) => line === advertisement(here("br0"), { isUnasked: true }));
    port.write(questionFor());
    await port.line((line) => line === advertisement(here("br0")));
    wire.ip("node", "link del br0");
  });

  it("L2-87 L2-110: a link-local address is waited for while it is tentative, and followed when it goes", async () => {
    await announce();
    const port = await openPort();
    let from = speaker.lines.length;
    wire.ip("node", `-6 addr flush dev eth0 scope link`);
    await speaker.line(responderGone, from);
    from = speaker.lines.length;
    wire.configure("node", "ipv6/conf/eth0/dad_transmits", "1");
    wire.ip("node", "-6 addr add fe80::77/64 dev eth0");
    const tentative = () => wire.ip("node", "-6 addr show dev eth0 tentative");
    assert.match(tentative(), /fe80::77/);
    await speaker.line(responderMade, from);
    assert.equal(tentative(), "");
    await port.line((line) => line === advertisement(here(), { isUnasked: true }));
    port.write(questionFor());
    await port.line((line) => line === advertisement(here()));
    assert.equal(formatAddress(here().linkLocal), "fe80::77");
    wire.configure("node", "ipv6/conf/eth0/dad_transmits", "0");
  });

  it("L2-81 L2-83: where IPv6 is turned off IPv4 goes on, and NDP returns with IPv6", async () => {
    await announce();
    await announce("10.99.0.240");
    let from = speaker.lines.length;
    wire.configure("node", "ipv6/conf/eth0/disable_ipv6", "1");
    await speaker.line(responderGone, from);
    const four = `10.99.0.240 dev eth0 lladdr ${wire.mac("node")} REACHABLE`;
    await seenOnAsking(four, () => touch("10.99.0.240"));
    from = speaker.lines.length;
    wire.configure("node", "ipv6/conf/eth0/disable_ipv6", "0");
    await speaker.line(responderMade, from);
    const port = await openPort();
    port.write(questionFor());
    await port.line((line) => line === advertisement(here()));
  });

  it("L2-196: the node's kernel does not answer for an address of another interface, so only we do", async () => {
    wire.ip("node", "link add svc0 type bridge");
    wire.ip("node", `-6 addr add ${VIP}/128 dev svc0 nodad`);
    wire.ip("node", "link set svc0 up");
    const port = await openPort();
    await announce("fd00:99::241");
    port.write(questionFor());
    port.write(questionFor({ target: "fd00:99::241" }));
    await port.line((line) => line === advertisement(here(), { target: "fd00:99::241" }));
    const aboutVip = port.lines.filter(
      (line) =>
        line.startsWith(`got ${bare(STATION.mac)}`) && line.includes(hex(addressBytes(ip(VIP)))),
    );
    assert.deepEqual(aboutVip, []);
    await announce();
    port.write(questionFor());
    await port.line((line) => line === advertisement(here()));
    wire.ip("node", "link del svc0");
  });

  it("L2-72 L2-111 L2-139: 2,000 addresses are in their groups though a socket holds few, are told and answered", async () => {
    wire.configure("node", "core/optmem_max", "8192");
    const port = await openPort();
    const addresses = Array.from({ length: 2000 }, (_, index) =>
      formatAddress({ family: 6, value: ip("fd00:99::1:0").value + BigInt(index) }),
    );
    for (const address of addresses) speaker.write(`announce ${address}`);
    await speaker.line((line) => line.includes(`"taken":"announce ${addresses.at(-1)}"`));
    await groupsJoined(...addresses);
    assert.ok(!speaker.lines.some((line) => line.includes("watchMulticastGroup")));
    const target = addresses.at(-1)!;
    const { mac, linkLocal } = here();
    const unasked = addresses.map((address) =>
      advertisement({ mac, linkLocal }, { target: address, isUnasked: true }),
    );
    // The port may have been too slow for some, which are repeated.
    const missed = new Set(unasked);
    await port.line((line) => missed.delete(line) && missed.size === 0);
    port.write(questionFor({ target }));
    await port.line((line) => line === advertisement({ mac, linkLocal }, { target }));
    for (const address of addresses) speaker.write(`withdraw ${address}`);
    await speaker.line((line) => line.includes(`"taken":"withdraw ${target}"`));
    const left = groupsOf("eth0");
    assert.deepEqual(
      addresses.filter((address) => left.includes(groupText(address))),
      [],
    );
  });

  it("L2-163 L2-84: without CAP_NET_RAW the error names the capability and the mend, once, and the program stays", async () => {
    const drop = ["setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw"];
    const poor = run("node", [...drop, ...program("announcer"), way]);
    const isTold = (line: string) =>
      line.includes("CAP_NET_RAW") && line.includes("NDP") && line.includes('"eth0"');
    const line = await poor.line(isTold);
    assert.match(line, /securityContext\.capabilities\.add: \[\\"NET_RAW\\"\]/);
    poor.write(`announce ${VIP}`);
    await poor.line((text) => text.includes("taken"));
    assert.equal(poor.lines.filter(isTold).length, 1);
    assert.equal(poor.exitCode, null);
  });
};

for (const way of ["packet", "kernel"]) {
  const title = `NDP on a real wire, answered by way of ${way}`;
  describe(title, { skip: whyNoNamespaces("setpriv", "ndisc6", "tcpdump") }, suite(way));
}
