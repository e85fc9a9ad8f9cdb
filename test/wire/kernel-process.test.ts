/** The program in the kernel lives and dies with its process; without the rights it is refused. */
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { addressBytes, type IpAddress, parseAddress } from "../../src/ip/index.ts";
import { questionFrame } from "../../src/layer2/index.ts";
import { CabledNamespaces, LineProgram } from "../../src/testing/index.ts";
import { requireKernelPrograms } from "../../src/testing/kernel-rights.ts";

const VIP = "10.99.0.240";
const VIP6 = "fd00:99::240";
/** Those of the node itself its kernel answers for, whoever runs or not. */
const families = [
  { port: "arp", vip: VIP, own: "10.99.0.2" },
  { port: "ndp", vip: VIP6, own: "fd00:99::2" },
] as const;
type Family = (typeof families)[number];
const CLIENT_MAC = "02:00:00:00:00:01";
const LONG_MS = "600000";

const program = (name: string, ...args: string[]) => [
  process.execPath,
  "--disable-warning=ExperimentalWarning",
  fileURLToPath(new URL(`../../src/testing/${name}-program.ts`, import.meta.url)),
  ...args,
];
const cli = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const address = (text: string) => parseAddress(text) as IpAddress;
const hexOf = (ip: string) => Buffer.from(addressBytes(address(ip))).toString("hex");

describe("the process of the responder in the kernel", () => {
  let wire: CabledNamespaces;
  const ports = new Map<string, LineProgram>();
  const running: LineProgram[] = [];
  let asked = 0;

  before(async () => {
    requireKernelPrograms();
    wire = new CabledNamespaces("l2t-k");
    wire.ip("node", "addr add 10.99.0.2/24 dev eth0");
    wire.ip("node", "addr add fd00:99::2/64 dev eth0 nodad");
    for (const { port: name } of families) {
      const port = new LineProgram(wire.at("client", program("frame-port", name)));
      ports.set(name, port);
      await port.line((line) => line === "ready");
    }
  });
  afterEach(async () => {
    for (const one of running.splice(0)) await one.stop("SIGKILL");
  });
  after(async () => {
    for (const port of ports.values()) await port.stop();
    wire?.remove();
  });

  async function start(limitMs: string): Promise<LineProgram> {
    const responder = run(program("kernel-responder", limitMs, VIP, VIP6));
    assert.equal(await responder.line(() => true), "ready");
    return responder;
  }

  function run(command: readonly string[]): LineProgram {
    const one = new LineProgram(wire.at("node", command));
    running.push(one);
    return one;
  }

  /** Behind the question goes one for the node's own address: what does not come before that answer does not come. */
  async function isAnswered(
    { port: name, vip, own }: Family,
    { number = asked++ % 250, mac = CLIENT_MAC } = {},
  ): Promise<boolean> {
    const port = ports.get(name) as LineProgram;
    const sender = name === "arp" ? `10.99.1.${number}` : `fe80::1:${number}`;
    const asker = { index: 0, name: "eth0", mac };
    const from = port.lines.length;
    for (const target of [vip, own]) {
      const on = { ...asker, ipv4: address(sender), linkLocal: address(sender) };
      const frame = questionFrame(on, address(target)) as Uint8Array;
      port.write(Buffer.from(frame).toString("hex"));
    }
    // Who it is about and who is told, by their places in an ARP reply and in an advertisement with its IPv6 header.
    const [about, told] = name === "arp" ? [28, 38] : [62, 38];
    const isFrom = (ip: string) => (line: string) =>
      line.startsWith(hexOf(ip), 4 + 2 * about) && line.startsWith(hexOf(sender), 4 + 2 * told);
    await port.line(isFrom(own), from);
    return port.lines.slice(from).some(isFrom(vip));
  }

  for (const family of families) {
    const protocol = family.port.toUpperCase();

    it(`answers ${protocol} while the process is stopped`, async () => {
      const responder = await start(LONG_MS);
      assert.ok(await isAnswered(family));
      responder.signal("SIGSTOP");
      for (let times = 0; times < 50; times++) assert.ok(await isAnswered(family));
    });

    it(`but not beyond the limit of the heartbeat, and again when the process goes on (${protocol})`, async () => {
      const responder = await start("200");
      while (!(await isAnswered(family)));
      responder.signal("SIGSTOP");
      while (await isAnswered(family));
      assert.ok(!(await isAnswered(family)));
      responder.signal("SIGCONT");
      while (!(await isAnswered(family)));
    });

    it(`L2-173: a process that is killed answers no ${protocol} more`, async () => {
      const responder = await start(LONG_MS);
      assert.ok(await isAnswered(family));
      await responder.stop("SIGKILL");
      for (let times = 0; times < 50; times++) assert.ok(!(await isAnswered(family)));
    });

    it(`a process that is told to end answers no ${protocol} more`, async () => {
      const responder = await start(LONG_MS);
      assert.ok(await isAnswered(family));
      await responder.stop("SIGTERM");
      assert.ok(!(await isAnswered(family)));
    });

    it(`L2-163: CAP_BPF and CAP_NET_ADMIN are all the rights that it needs to answer ${protocol}`, async () => {
      const bounds = "--bounding-set=-all,+bpf,+net_admin";
      const command = program("kernel-responder", LONG_MS, family.vip);
      const responder = run(["setpriv", bounds, "--", ...command]);
      assert.equal(await responder.line(() => true), "ready");
      assert.ok(await isAnswered(family));
    });
  }

  it("while the process is stopped a client that moved to another MAC address is answered when it asks again", async () => {
    const [arp] = families;
    const responder = await start(LONG_MS);
    assert.ok(await isAnswered(arp, { number: 251 }));
    responder.signal("SIGSTOP");
    assert.ok(await isAnswered(arp, { number: 251 }));
    assert.ok(await isAnswered(arp, { number: 252 }));
    const moved = { number: 251, mac: "02:00:00:00:00:02" };
    assert.ok(!(await isAnswered(arp, moved)));
    for (let times = 0; times < 50; times++) assert.ok(await isAnswered(arp, moved));
    assert.ok(await isAnswered(arp, { number: 252 }));
  });

  it("L2-82 L2-121: the client's kernel resolves announced addresses of both families", async () => {
    await start(LONG_MS);
    const monitor = new LineProgram(wire.at("client", ["ip", "monitor", "neigh"]));
    running.push(monitor);
    for (const target of [VIP, VIP6]) {
      const resolved = `${target} dev eth0 lladdr ${wire.mac("node")} REACHABLE`;
      // The monitor says nothing when it is ready, so the question may have to be put twice.
      const command = ["bash", "-c", `echo > /dev/udp/${target}/9`];
      const ask = setInterval(() => wire.run("client", command), 100);
      await monitor.line((line) => line.includes(resolved));
      clearInterval(ask);
    }
  });

  const reduced: [what: string, bounds: string][] = [
    ["CAP_BPF", "-bpf,-sys_admin"],
    ["CAP_NET_ADMIN", "-net_admin,-sys_admin"],
    ["all but CAP_NET_RAW", "-all,+net_raw"],
  ];
  for (const [what, bounds] of reduced) {
    it(`L2-163: without ${what} it is refused with the capabilities that it needs`, async () => {
      const command = ["setpriv", `--bounding-set=${bounds}`, "--", ...program("kernel-responder")];
      const responder = run(command);
      assert.match(
        await responder.line(() => true),
        /^cannot (make the BPF map|load the BPF program) l2_\w+: EPERM: .*CAP_BPF and CAP_NET_ADMIN; in the DaemonSet's container set securityContext\.capabilities\.add: \["BPF", "NET_ADMIN", "NET_RAW"\]/,
      );
      assert.equal(await responder.ended(), 0);
      for (const family of families) assert.ok(!(await isAnswered(family)));
    });

    it(`L2-163 FL-2: a speaker that must answer in the kernel does not start without ${what}, and says what to do`, async () => {
      const speaker = [cli, "speaker", "--node-name=n1", "--layer2-responder=kernel"];
      const node = [process.execPath, "--disable-warning=ExperimentalWarning", ...speaker];
      const running = run(["setpriv", `--bounding-set=${bounds}`, "--", ...node]);
      const line = await running.line((text) => text.includes("--layer2-responder=kernel: "));
      assert.match(line, /capabilities\.add: .*; mend that, or let --layer2-responder=auto/);
      assert.equal(await running.ended(), 1);
    });
  }
});
