/** Kernels that refuse: frames that are not taken (EPERM, ENOBUFS), no TCX, no IPv6. */
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { CabledNamespaces, LineProgram, whyNoNamespaces } from "../../src/testing/index.ts";
import { requireKernelPrograms } from "../../src/testing/kernel-rights.ts";

const pathOf = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const NODE = [process.execPath, "--disable-warning=ExperimentalWarning"];
/** The first words of a program whose kernel refuses what REFUSES names. */
const REFUSED_NODE = [...NODE, "--import", pathOf("src/testing/refusing-kernel.ts")];
const ANNOUNCER = pathOf("src/testing/announcer-program.ts");
const CLI = pathOf("src/cli/main.ts");

const families = [
  { protocol: "ARP", vip: "10.99.0.240", nft: "ether type arp" },
  { protocol: "NDP", vip: "fd00:99::240", nft: "icmpv6 type nd-neighbor-advert" },
] as const;

const suite = (way: string) => () => {
  let wire: CabledNamespaces;
  const programs: LineProgram[] = [];

  before(() => {
    if (way === "kernel") requireKernelPrograms();
    wire = new CabledNamespaces("l2t-r");
  });
  after(() => wire?.remove());
  afterEach(async () => {
    for (const running of programs.splice(0)) await running.stop();
    wire.run("node", ["nft", "flush", "ruleset"]);
    for (const name of ["all", "eth0"])
      wire.configure("node", `ipv6/conf/${name}/disable_ipv6`, "0");
  });

  function run(command: readonly string[], refuses = ""): LineProgram {
    const env = { ...process.env, REFUSES: refuses };
    const started = new LineProgram(wire.at("node", command), env);
    programs.push(started);
    return started;
  }

  async function startAnnouncer(refuses: string): Promise<LineProgram> {
    const announcer = run([...REFUSED_NODE, ANNOUNCER, way], refuses);
    for (const { protocol } of families) {
      await announcer.line((line) => line.includes(`created ${protocol} responder for interface`));
    }
    return announcer;
  }

  async function order(announcer: LineProgram, words: string): Promise<void> {
    const from = announcer.lines.length;
    announcer.write(words);
    await announcer.line((line) => line.includes(`"taken":"${words}"`), from);
  }

  async function told<T>(announcer: LineProgram, words: string, key: string): Promise<T> {
    const from = announcer.lines.length;
    announcer.write(words);
    const line = await announcer.line((text) => text.includes(`"${key}":`), from);
    return (JSON.parse(line) as Record<string, T>)[key] as T;
  }

  const isAnswered = async (vip: string): Promise<boolean> =>
    (await wire.answered([vip])).length === 1;

  const refusals = [
    {
      code: "EPERM",
      refuses: "frames",
      /** What is told in the kernel's way comes from the unasked frames, which are user space's. */
      begin: () => undefined,
    },
    {
      code: "ENOBUFS",
      refuses: "",
      begin: (nft: string) => {
        const rules =
          "add table netdev full; " +
          "add chain netdev full out { type filter hook egress device eth0 priority 0; }; " +
          `add rule netdev full out ${nft} drop`;
        assert.equal(wire.run("node", ["nft", rules]).status, 0, rules);
      },
    },
  ];

  for (const { protocol, vip, nft } of families) {
    for (const { code, refuses, begin } of refusals) {
      it(`L2-101: ${code} when ${protocol} frames are sent is counted, said once and survived`, async () => {
        const announcer = await startAnnouncer(refuses);
        begin(nft);
        await order(announcer, `announce ${vip}`);
        const isTold = (line: string) => line.includes(`"op":"send${protocol}"`);
        const line = await announcer.line(isTold);
        assert.match(line, new RegExp(`"interface":"eth0","error":"send: ${code}"`));
        // What the kernel answers itself passes neither the call nor the filters of what the machine sends.
        assert.equal(await isAnswered(vip), way === "kernel");
        const counters = await told<Record<string, number>>(
          announcer,
          `counters ${vip}`,
          "counters",
        );
        const drops = await told<Record<string, Record<string, number>>>(
          announcer,
          "drops",
          "drops",
        );
        const notSent = drops[protocol.toLowerCase()]?.["not-sent"] ?? 0;
        assert.ok((drops[protocol.toLowerCase()]?.["unasked-not-sent"] ?? 0) >= 1);
        if (way === "packet") {
          assert.ok((counters["requestsReceived"] ?? 0) >= 1);
          assert.equal(counters["responsesSent"], 0);
          assert.equal(notSent, counters["requestsReceived"]);
        }
        assert.equal(announcer.lines.filter(isTold).length, 1);
        wire.run("node", ["nft", "flush", "ruleset"]);
        if (code === "ENOBUFS")
          assert.ok(await isAnswered(vip), "it answers once frames are taken again");
        assert.equal(announcer.exitCode, null);
      });
    }
  }

  it("L2-83: on a kernel without IPv6 addresses of IPv4 are announced and answered, and nothing complains", async () => {
    wire.configure("node", "ipv6/conf/eth0/disable_ipv6", "1");
    wire.configure("node", "ipv6/conf/all/disable_ipv6", "1");
    const announcer = run([...REFUSED_NODE, ANNOUNCER, way], "ipv6");
    await announcer.line((line) => line.includes("created ARP responder for interface"));
    await order(announcer, "announce 10.99.0.240");
    await order(announcer, "announce fd00:99::240");
    assert.deepEqual(await wire.answered(["10.99.0.240", "fd00:99::240"]), ["10.99.0.240"]);
    // The only word about it is the one for the address that nobody can answer for.
    await announcer.line((line) => line.includes("no interface can answer for them"));
    const complaints = announcer.lines.filter((line) => /"(op|error)":/.test(line));
    assert.equal(complaints.length, 1, complaints.join("\n"));
  });

  it("L2-200 L2-201: on a kernel that knows fewer options of packet sockets both families are answered", async () => {
    const announcer = await startAnnouncer("outgoing");
    for (const { vip } of families) {
      await order(announcer, `announce ${vip}`);
      assert.ok(await isAnswered(vip), vip);
    }
  });

  if (way === "kernel") {
    it("L2-163 FL-2: without TCX a speaker that must answer in the kernel ends, and names Linux 6.6", async () => {
      const flags = ["speaker", "--node-name=n1", "--layer2-responder=kernel"];
      const speaker = run([...REFUSED_NODE, CLI, ...flags], "tcx");
      const line = await speaker.line((text) => text.includes("--layer2-responder=kernel: "));
      assert.match(
        line,
        /EINVAL: TCX is needed, which Linux has since version 6\.6; mend that, or let --layer2-responder=auto/,
      );
      assert.equal(await speaker.ended(), 1);
    });

    it("L2-163: without TCX auto answers by packet sockets", async () => {
      const announcer = run([...REFUSED_NODE, ANNOUNCER, "auto"], "tcx");
      await announcer.line((line) => line.includes("created ARP responder for interface"));
      await announcer.line((line) => line.includes("created NDP responder for interface"));
      for (const { vip } of families) {
        await order(announcer, `announce ${vip}`);
        assert.ok(await isAnswered(vip));
        const { responsesSent } = await told<Record<string, number>>(
          announcer,
          `counters ${vip}`,
          "counters",
        );
        assert.ok((responsesSent ?? 0) >= 1);
      }
      const { way: used, reason } = await told<Record<string, string>>(announcer, "way", "way");
      assert.deepEqual([used, reason], ["packet", "EINVAL"]);
    });
  }
};

for (const way of ["packet", "kernel"]) {
  const title = `a kernel that refuses, answered by way of ${way}`;
  const skip = whyNoNamespaces("setpriv", "bash", "arping", "nft");
  describe(title, { skip, timeout: 120_000 }, suite(way));
}
