import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { CabledNamespaces, LineProgram, whyNoNamespaces } from "../../src/testing/index.ts";

const PROGRAM = fileURLToPath(
  new URL("../../src/testing/ask-neighbor-program.ts", import.meta.url),
);

describe("neighbours that the kernel waits for", { skip: whyNoNamespaces() }, () => {
  let wire: CabledNamespaces;
  let monitors: Record<"node" | "client", LineProgram>;

  /** It says nothing when it is ready, so something happens until it has told. */
  async function monitorAt(end: "node" | "client"): Promise<LineProgram> {
    const monitor = new LineProgram(wire.at(end, ["ip", "monitor", "neigh"]));
    const stranger = "10.99.0.9 dev eth0";
    const happen = setInterval(() => {
      wire.ip(end, `neigh replace ${stranger} lladdr 02:00:00:00:00:09`);
      wire.ip(end, `neigh del ${stranger}`);
    }, 50);
    await monitor.line((line) => line.includes(stranger));
    clearInterval(happen);
    return monitor;
  }

  before(async () => {
    wire = new CabledNamespaces("l2t-q");
    wire.ip("node", "addr add 10.99.0.2/24 dev eth0");
    wire.ip("node", "addr add fd00:99::2/64 dev eth0 nodad");
    // Nothing but questions of ours can end what the kernel waits for.
    for (const family of ["ipv4", "ipv6"]) {
      wire.configure("node", `${family}/neigh/eth0/retrans_time_ms`, "3600000");
    }
    monitors = { node: await monitorAt("node"), client: await monitorAt("client") };
  });
  after(async () => {
    for (const monitor of Object.values(monitors ?? {})) await monitor.stop();
    wire?.remove();
  });

  for (const [protocol, own, target, options] of [
    ["ARP", "10.99.0.2", "10.99.0.77", ""],
    ["NDP", "fd00:99::2", "fd00:99::77", " nodad"],
  ] as const) {
    it(`${protocol}: an answer to our own question is the kernel's as well, and who is asked learns us`, async () => {
      const state = () => wire.ip("node", `neigh show ${target} dev eth0`);
      wire.run("node", ["bash", "-c", `echo > /dev/udp/${target}/9`]);
      assert.match(state(), /INCOMPLETE/);
      wire.ip("client", `addr add ${target} dev eth0${options}`);
      assert.match(state(), /INCOMPLETE/);
      const command = [process.execPath, "--disable-warning=ExperimentalWarning", PROGRAM];
      const { status } = wire.run("node", [...command, own, target]);
      assert.equal(status, 0);
      const reachable = `${target} dev eth0 lladdr ${wire.mac("client")} REACHABLE`;
      await monitors.node.line((line) => line.includes(reachable));
      const learnt = `${own} dev eth0 lladdr ${wire.mac("node")}`;
      await monitors.client.line((line) => line.includes(learnt));
    });
  }
});
