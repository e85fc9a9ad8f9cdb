/** A node with two networks whose packets go one way and come back another. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { parseAddress } from "../../src/ip/index.ts";
import { echoRequest } from "../../src/testing/echo-frames.ts";
import { CabledNamespaces, LineProgram, whyNoNamespaces } from "../../src/testing/index.ts";
import { until } from "./watched-lan.ts";

const VIP = "10.99.0.240";
/** The node's way to it is its second interface. */
const CLIENT = "10.98.0.1";
const program = (name: string) => [
  process.execPath,
  "--disable-warning=ExperimentalWarning",
  fileURLToPath(new URL(`../../src/testing/${name}-program.ts`, import.meta.url)),
];

const skip = whyNoNamespaces("setpriv", "arping");
describe("a node with two networks", { skip, timeout: 60_000 }, () => {
  let wire: CabledNamespaces;
  const programs: LineProgram[] = [];

  async function start(end: "node" | "client", name: string, what: string, ready: string) {
    const started = new LineProgram(wire.at(end, [...program(name), what]));
    programs.push(started);
    await started.line((line) => line.includes(ready));
    return started;
  }

  before(() => {
    wire = new CabledNamespaces("l2t-a");
    wire.ip("node", "link add eth1 type veth peer name far1");
    wire.ip("node", "link set eth1 up");
    wire.ip("node", "link set far1 up");
    wire.ip("node", "addr add 10.99.0.2/24 dev eth0");
    wire.ip("node", "addr add 10.98.0.2/24 dev eth1");
    // Stands in for kube-proxy: what arrives for the address is taken.
    wire.ip("node", `addr add ${VIP}/32 dev lo`);
    wire.configure("node", "ipv4/conf/all/arp_ignore", "1");
  });
  after(async () => {
    for (const running of programs) await running.stop();
    wire?.remove();
  });

  /** A number of /proc/net/FILE of the node. */
  function count(file: string, group: string, name: string): number {
    const { stdout } = wire.run("node", ["cat", `/proc/net/${file}`]);
    const [names = [], values = []] = stdout
      .split("\n")
      .filter((line) => line.startsWith(`${group}:`))
      .map((line) => line.split(" "));
    return Number(values[names.indexOf(name)]);
  }
  const dropped = () => count("netstat", "TcpExt", "IPReversePathFilter");
  const received = () => count("snmp", "Icmp", "InEchos");

  it("L2-186: strict rp_filter drops what asks for an address that is announced and answered; loose lets it pass", async () => {
    const announcer = await start("node", "announcer", "packet", '"eth0"');
    announcer.write(`announce ${VIP}`);
    await announcer.line((line) => line.includes(`"taken":"announce ${VIP}"`));
    const port = await start("client", "frame-port", "ipv4", "ready");
    const echo = echoRequest({
      from: { mac: wire.mac("client"), ip: parseAddress(CLIENT)! },
      to: { mac: wire.mac("node"), ip: parseAddress(VIP)! },
    });

    wire.configure("node", "ipv4/conf/eth0/rp_filter", "1");
    const before = [dropped(), received()] as const;
    port.write(echo);
    await until(dropped, (now) => now === before[0] + 1);
    assert.equal(received(), before[1]);
    // Layer 2 is in order all the while: arping is no proof of the rest.
    assert.equal(wire.run("client", ["arping", "-c1", "-w2", "-I", "eth0", VIP]).status, 0);

    wire.configure("node", "ipv4/conf/eth0/rp_filter", "2");
    port.write(echo);
    await until(received, (now) => now === before[1] + 1);
    assert.equal(dropped(), before[0] + 1);
  });
});
