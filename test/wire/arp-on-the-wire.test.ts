import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { CabledNamespaces, LineProgram, whyNoNamespaces } from "../../src/testing/index.ts";
import { requireKernelPrograms } from "../../src/testing/kernel-rights.ts";

const VIP = "10.99.0.240";
const CLIENT_MAC = "020000000001";
const PADDING = "00".repeat(18);
const ALL_ONES = "ffffffffffff";

const program = (name: string) => [
  process.execPath,
  "--disable-warning=ExperimentalWarning",
  fileURLToPath(new URL(`../../src/testing/${name}-program.ts`, import.meta.url)),
];
const bare = (mac: string) => mac.replaceAll(":", "");
/** Who has the address? Asked by a made-up station 10.99.0.7. */
const requestFor = (ipHex = "0a6300f0", mac = CLIENT_MAC) =>
  `${ALL_ONES}${mac}08060001080006040001${mac}0a630007000000000000${ipHex}`;
const replyOf = (mac: string) =>
  `got ${CLIENT_MAC}${mac}08060001080006040002${mac}0a6300f0${CLIENT_MAC}0a630007${PADDING}`;
const gratuitous = (mac: string, operation: string) =>
  `got ${ALL_ONES}${mac}08060001080006040${operation}${mac}0a6300f0${ALL_ONES}0a6300f0${PADDING}`;

const suite = (way: string) => () => {
  let wire: CabledNamespaces;
  let speaker: LineProgram;
  const programs: LineProgram[] = [];

  function start(end: "node" | "client", name: string, ...args: string[]): LineProgram {
    const started = new LineProgram(wire.at(end, [...program(name), ...args]));
    programs.push(started);
    return started;
  }

  async function openPort(): Promise<LineProgram> {
    const port = start("client", "frame-port", "arp");
    await port.line((line) => line === "ready");
    return port;
  }

  const responderMade = (line: string) => line.includes("created ARP responder for interface");

  async function announce(): Promise<void> {
    speaker.write(`announce ${VIP}`);
    await speaker.line((line) => line.includes(`announce ${VIP}`));
  }

  before(() => {
    if (way === "kernel") requireKernelPrograms();
    wire = new CabledNamespaces("l2t-w");
  });
  after(() => wire?.remove());
  beforeEach(async () => {
    speaker = start("node", "announcer", way);
    await speaker.line((line) => responderMade(line) && line.includes('"eth0"'));
  });
  afterEach(async () => {
    for (const running of programs.splice(0)) await running.stop();
  });

  it("L2-95 L2-82 L2-195: the client's kernel resolves an announced address that no interface has", async () => {
    await announce();
    const monitor = new LineProgram(wire.at("client", ["ip", "monitor", "neigh"]));
    programs.push(monitor);
    const resolved = `${VIP} dev eth0 lladdr ${wire.mac("node")} REACHABLE`;
    // The monitor says nothing when it is ready, so the question may have to be put twice.
    const ask = setInterval(
      () => wire.run("client", ["bash", "-c", `echo > /dev/udp/${VIP}/9`]),
      100,
    );
    await monitor.line((line) => line.includes(resolved));
    clearInterval(ask);
  });

  it("L2-99 L2-209 L2-140 L2-141: the reply is right in every byte and counted", async () => {
    await announce();
    const port = await openPort();
    port.write(requestFor());
    const reply = replyOf(bare(wire.mac("node")));
    assert.equal(await port.line((line) => line.startsWith(`got ${CLIENT_MAC}`)), reply);
    speaker.write(`counters ${VIP}`);
    const counters = await speaker.line((line) => line.includes('"counters":'));
    assert.match(counters, /"requestsReceived":1,"responsesSent":1/);
  });

  it("a client that asks from another MAC address has it in the node's own neighbour table from then on", async () => {
    // The kernel takes no second change within this time.
    wire.configure("node", "ipv4/neigh/eth0/locktime", "0");
    wire.ip("node", "neigh replace 10.99.0.7 dev eth0 lladdr 02:00:00:00:00:01 nud stale");
    await announce();
    const port = await openPort();
    for (const mac of [CLIENT_MAC, "020000000002", "020000000002", CLIENT_MAC]) {
      const from = port.lines.length;
      port.write(requestFor(undefined, mac));
      await port.line((line) => line.startsWith(`got ${mac}`), from);
      const entry = `lladdr ${mac.replace(/..(?=.)/g, "$&:")} `;
      assert.ok(wire.ip("node", "neigh show 10.99.0.7 dev eth0").includes(entry));
    }
    // A client that the node does not know is not taken in.
    wire.ip("node", "neigh del 10.99.0.7 dev eth0");
    port.write(requestFor(undefined, "020000000003"));
    await port.line((line) => line.startsWith("got 020000000003"));
    assert.equal(wire.ip("node", "neigh show 10.99.0.7 dev eth0"), "");
  });

  it("L2-94 L2-73: nothing is answered before the announcement and after the withdrawal", async () => {
    const port = await openPort();
    speaker.write("announce 10.99.0.241");
    await speaker.line((line) => line.includes("announce 10.99.0.241"));
    const answers = () => port.lines.filter((line) => line.startsWith(`got ${CLIENT_MAC}`));
    /**
     * Asks for the address, then for the other one, whose answer shows that both have been handled: with a priority tag,
     * as such a request is user space's in either way, where it waits behind the first.
     */
    const ask = async (soFar: number) => {
      port.write(requestFor());
      port.write(requestFor("0a6300f1").replace("0806", "8100e0000806"));
      await port.line(() => answers().length > soFar);
    };
    await ask(0);
    await announce();
    speaker.write(`withdraw ${VIP}`);
    await speaker.line((line) => line.includes(`withdraw ${VIP}`));
    await ask(1);
    assert.equal(answers().length, 2);
    assert.ok(answers().every((line) => line.includes("0a6300f1")));
  });

  it("L2-135 L2-132: an announcement is five rounds of both gratuitous forms", async () => {
    const port = await openPort();
    const mac = bare(wire.mac("node"));
    speaker.write("announce 10.99.0.241");
    await announce();
    const forms = [gratuitous(mac, "001"), gratuitous(mac, "002")];
    const ours = () => port.lines.filter((line) => forms.includes(line));
    await port.line(() => ours().length >= 10);
    assert.deepEqual(ours().slice(0, 10), Array.from({ length: 5 }, () => forms).flat());
  });

  it("L2-202: a tagged frame of a VLAN without a device gets no answer, a priority tag does", async () => {
    await announce();
    const port = await openPort();
    const tagged = (tag: string) => requestFor().replace("0806", `8100${tag}0806`);
    port.write(tagged("0064"));
    port.write(tagged("e000"));
    await port.line((line) => line.startsWith(`got ${CLIENT_MAC}`));
    port.write(requestFor());
    await port.line(
      () => port.lines.filter((line) => line.startsWith(`got ${CLIENT_MAC}`)).length >= 2,
    );
    speaker.write(`counters ${VIP}`);
    const counters = await speaker.line((line) => line.includes('"counters":'));
    assert.match(counters, /"requestsReceived":2,"responsesSent":2/);
  });

  it("L2-91 L2-93: truncated and foreign frames leave the responder working and are counted", async () => {
    await announce();
    const port = await openPort();
    for (let bytes = 14; bytes < 42; bytes++) port.write(requestFor().slice(0, bytes * 2));
    port.write(requestFor().replace(ALL_ONES, "020000000099"));
    port.write(requestFor());
    await port.line((line) => line === replyOf(bare(wire.mac("node"))));
    speaker.write(`counters ${VIP}`);
    const counters = await speaker.line((line) => line.includes('"counters":'));
    assert.match(counters, /"requestsReceived":1,/);
    speaker.write("drops");
    const drops = await speaker.line((line) => line.includes('"drops":'));
    assert.match(drops, /"arp":\{"error":28,"ethernet-destination":1,/);
  });

  it("L2-87: a changed MAC address is announced and answered at once", async () => {
    await announce();
    const port = await openPort();
    const mac = "02:aa:bb:cc:dd:ee";
    wire.ip("node", `link set eth0 address ${mac}`);
    await port.line((line) => line === gratuitous(bare(mac), "002"));
    port.write(requestFor());
    assert.equal(
      await port.line((line) => line.includes(`${CLIENT_MAC}0a630007`)),
      replyOf(bare(mac)),
    );
  });

  it("L2-205 L2-83 L2-87: a link that goes down and up is answered on again, with a burst", async () => {
    await announce();
    const from = speaker.lines.length;
    wire.ip("node", "link set eth0 down");
    await speaker.line((line) => line.includes("deleted ARP responder"), from);
    const port = await openPort();
    wire.ip("node", "link set eth0 up");
    await speaker.line(responderMade, from);
    await port.line((line) => line === gratuitous(bare(wire.mac("node")), "002"));
    port.write(requestFor());
    await port.line((line) => line === replyOf(bare(wire.mac("node"))));
  });

  it("L2-205 L2-80: an interface deleted under its socket is followed by the next one of that name", async () => {
    await announce();
    const from = speaker.lines.length;
    wire.unplug();
    await speaker.line((line) => line.includes("deleted ARP responder"), from);
    wire.plug();
    await speaker.line(responderMade, from);
    const port = await openPort();
    port.write(requestFor());
    await port.line((line) => line === replyOf(bare(wire.mac("node"))));
  });

  it("L2-80 L2-87: events that the kernel dropped in a flood are made up for", async () => {
    const names = Array.from({ length: 200 }, (_, index) => `flood${index}`);
    // A stopped program cannot read, so its socket overflows.
    speaker.signal("SIGSTOP");
    const commands = names.map((name) => `link add ${name} type bridge\nlink set ${name} up\n`);
    wire.batch("node", commands.join(""));
    speaker.signal("SIGCONT");
    for (const name of names) {
      await speaker.line((line) => responderMade(line) && line.includes(`"${name}"`));
    }
    wire.batch("node", names.map((name) => `link del ${name}\n`).join(""));
  });

  it("L2-200 L2-206 L2-208: the kernel hands over ARP requests only, also long ones", async () => {
    const picky = new LineProgram(wire.at("node", [...program("frame-port"), "arp-requests"]));
    programs.push(picky);
    await picky.line((line) => line === "ready");
    const port = await openPort();
    port.write(requestFor().replace("0806", "0800"));
    port.write(requestFor().replace("06040001", "06040002"));
    port.write(requestFor() + "aa".repeat(1400));
    port.write(requestFor());
    await picky.line((line) => line === `got ${requestFor()}`);
    const own = (line: string) => line.includes(CLIENT_MAC);
    assert.deepEqual(
      picky.lines.filter(own).map((line) => line.length / 2 - 2),
      [1442, 42],
    );
  });

  it("L2-81: the member of a bridge is not answered on, the bridge is, with its own MAC", async () => {
    await announce();
    // Before the bridge is there: its burst ends after five seconds, and a program may start slowly.
    const port = await openPort();
    const from = speaker.lines.length;
    wire.ip("node", "link add br0 type bridge");
    wire.ip("node", "link set br0 address 02:00:00:00:0b:00 up");
    wire.ip("node", "link set eth0 master br0");
    await speaker.line((line) => line.includes("deleted ARP responder"), from);
    await speaker.line((line) => responderMade(line) && line.includes('"br0"'), from);
    // The bridge learns its port after a moment: its burst tells that frames pass.
    await port.line((line) => line === gratuitous("020000000b00", "002"));
    port.write(requestFor());
    await port.line((line) => line === replyOf("020000000b00"));
    wire.ip("node", "link del br0");
  });

  it("L2-163 L2-84: without CAP_NET_RAW the error names the capability and the mend, once, and the program stays", async () => {
    const drop = ["setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw"];
    const poor = new LineProgram(wire.at("node", [...drop, ...program("announcer"), way]));
    programs.push(poor);
    const told = (line: string) =>
      line.includes("CAP_NET_RAW") && line.includes("ARP") && line.includes('"eth0"');
    const line = await poor.line(told);
    assert.match(line, /securityContext\.capabilities\.add: \[\\"NET_RAW\\"\]/);
    poor.write(`announce ${VIP}`);
    await poor.line((text) => text.includes("taken"));
    assert.equal(poor.lines.filter(told).length, 1);
    wire.ip("node", "link set eth0 mtu 1400");
    wire.ip("node", "link set eth0 down");
    wire.ip("node", "link set eth0 up");
    await poor.line(told, poor.lines.indexOf(line) + 1);
    assert.equal(poor.exitCode, null);
  });
};

for (const way of ["packet", "kernel"]) {
  const title = `ARP on a real wire, answered by way of ${way}`;
  describe(title, { skip: whyNoNamespaces("setpriv", "bash") }, suite(way));
}
