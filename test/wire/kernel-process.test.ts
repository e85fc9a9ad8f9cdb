/** The program in the kernel lives and dies with its process; without the rights it is refused. */
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { CabledNamespaces, LineProgram } from "../../src/testing/index.ts";
import { requireKernelPrograms } from "../../src/testing/kernel-rights.ts";

const VIP = "10.99.0.240";
const VIP6 = "fd00:99::240";
/** Of the node itself: its kernel answers for it, whoever runs or not. */
const NODE = "10.99.0.2";
const CLIENT_MAC = "020000000001";
const LONG_MS = "600000";

const program = (name: string, ...args: string[]) => [
  process.execPath,
  "--disable-warning=ExperimentalWarning",
  fileURLToPath(new URL(`../../src/testing/${name}-program.ts`, import.meta.url)),
  ...args,
];
const cli = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const hexOf = (ip: string) => Buffer.from(ip.split(".").map(Number)).toString("hex");

describe("the process of the responder in the kernel", () => {
  let wire: CabledNamespaces;
  let port: LineProgram;
  const running: LineProgram[] = [];
  let asked = 0;

  before(async () => {
    requireKernelPrograms();
    wire = new CabledNamespaces("l2t-k");
    wire.ip("node", `addr add ${NODE}/24 dev eth0`);
    port = new LineProgram(wire.at("client", program("frame-port", "arp")));
    await port.line((line) => line === "ready");
  });
  afterEach(async () => {
    for (const one of running.splice(0)) await one.stop("SIGKILL");
  });
  after(async () => {
    await port?.stop();
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
  async function isAnswered(): Promise<boolean> {
    const sender = `0a6301${(asked++ % 256).toString(16).padStart(2, "0")}`;
    const from = port.lines.length;
    for (const target of [VIP, NODE]) {
      const head = `ffffffffffff${CLIENT_MAC}08060001080006040001${CLIENT_MAC}`;
      port.write(`${head}${sender}000000000000${hexOf(target)}`);
    }
    const isFrom = (ip: string) => (line: string) =>
      line.startsWith("got ") && line.slice(60, 68) === hexOf(ip) && line.slice(80, 88) === sender;
    await port.line(isFrom(NODE), from);
    return port.lines.slice(from).some(isFrom(VIP));
  }

  it("answers while the process is stopped", async () => {
    const responder = await start(LONG_MS);
    assert.ok(await isAnswered());
    responder.signal("SIGSTOP");
    for (let times = 0; times < 50; times++) assert.ok(await isAnswered());
  });

  it("but not beyond the limit of the heartbeat, and again when the process goes on", async () => {
    const responder = await start("200");
    while (!(await isAnswered()));
    responder.signal("SIGSTOP");
    while (await isAnswered());
    assert.ok(!(await isAnswered()));
    responder.signal("SIGCONT");
    while (!(await isAnswered()));
  });

  it("L2-173: a process that is killed answers nothing more", async () => {
    const responder = await start(LONG_MS);
    assert.ok(await isAnswered());
    await responder.stop("SIGKILL");
    for (let times = 0; times < 50; times++) assert.ok(!(await isAnswered()));
  });

  it("a process that is told to end answers nothing more", async () => {
    const responder = await start(LONG_MS);
    assert.ok(await isAnswered());
    await responder.stop("SIGTERM");
    assert.ok(!(await isAnswered()));
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

  it("L2-163: CAP_BPF and CAP_NET_ADMIN are all the rights that it needs", async () => {
    const bounds = "--bounding-set=-all,+bpf,+net_admin";
    const responder = run(["setpriv", bounds, "--", ...program("kernel-responder", LONG_MS, VIP)]);
    assert.equal(await responder.line(() => true), "ready");
    assert.ok(await isAnswered());
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
      assert.ok(!(await isAnswered()));
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
