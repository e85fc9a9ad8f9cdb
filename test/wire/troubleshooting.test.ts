/** What docs/troubleshooting.md tells of addresses that nobody reaches, each with what is seen of it. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { parseAddress } from "../../src/ip/index.ts";
import { echoRequest, isEchoReply } from "../../src/testing/echo-frames.ts";
import { enterPrivateNetwork, LineProgram } from "../../src/testing/index.ts";
import { lanObstacle } from "../kube/lan.ts";
import { NODE, until, WatchedLan } from "./watched-lan.ts";

const pathOf = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
/** The order of both addresses begins with n1; p0 is its port of the switch. */
const OWNER = "n1";
const OTHER = "n2";
const families = [
  { family: "IPv4", service: "four", vip: "192.168.1.240", port: "ipv4", length: 32 },
  { family: "IPv6", service: "six", vip: "fd00:1::242", port: "ndp", length: 128 },
] as const;

/** Of a switch, for what comes from or goes to the owner's port. */
const filters = {
  /** Spoofing protection: the port may answer for the addresses that it was given, and for no other. */
  protected: [
    'iifname "p0" arp saddr ip != 192.168.1.10 drop',
    'iifname "p0" icmpv6 type nd-neighbor-advert @th,64,128 0xfd000001000000000000000000000242 drop',
  ],
  /** As Wi-Fi access points do it. */
  withoutBroadcasts: ['oifname "p0" ether daddr ff:ff:ff:ff:ff:ff drop'],
  withoutMulticasts: ['oifname "p0" ether daddr & ff:ff:00:00:00:00 == 33:33:00:00:00:00 drop'],
};

const skip = lanObstacle() ?? false;
if (skip === false) enterPrivateNetwork();

describe("an address that nobody reaches", { skip, timeout: 240_000 }, () => {
  let world: WatchedLan;
  const programs: LineProgram[] = [];
  const mac = (host: string): string => world.lan.mac(host);

  before(async () => {
    world = await WatchedLan.start({
      prefix: "ts",
      nodes: [OWNER, OTHER],
      others: ["client", "deaf", "foreign"],
      services: Object.fromEntries(families.map(({ service, vip }) => [service, vip])),
      hasRing: true,
    });
  });
  after(() => world?.remove());
  afterEach(async () => {
    for (const running of programs.splice(0)) await running.stop();
    for (const host of ["switch", OWNER, "deaf"]) world.on(host, "nft", "flush", "ruleset");
  });

  function start(host: string, ...command: string[]): LineProgram {
    const started = new LineProgram([...world.lan.on(host), ...NODE, ...command]);
    programs.push(started);
    return started;
  }

  /** From now on the switch drops what the rules say. */
  function filterPort(rules: readonly string[]): void {
    const chain = "add chain bridge port forward { type filter hook forward priority 0; }";
    const all = rules.map((rule) => `add rule bridge port forward ${rule}`);
    world.on("switch", "nft", ["add table bridge port", chain, ...all].join("; "));
  }

  /** What the client's kernel knows of an address. */
  const neighbour = (host: string, ip: string): string =>
    world.ip(host, `neigh show ${ip} dev eth0`).trim();
  /** Makes a kernel ask. */
  const touch = (host: string, ip: string): string =>
    world.on(host, "bash", "-c", `echo > /dev/udp/${ip}/9 || true`);

  /** Behind the question goes one for the node's own address: what has not come before that answer does not come. */
  async function isEchoed(vip: string, port: string): Promise<boolean> {
    const isIpv4 = port === "ipv4";
    const own = parseAddress(isIpv4 ? world.lan.address(OWNER) : "fd00:1::1")!;
    const from = parseAddress(isIpv4 ? world.lan.address("client") : "fd00:1::3")!;
    // The node must know the client, or it asks for it first.
    touch(OWNER, isIpv4 ? world.lan.address("client") : "fd00:1::3");
    const frames = start("client", pathOf("src/testing/frame-port-program.ts"), port);
    await frames.line((line) => line === "ready");
    const ends = { from: { mac: mac("client"), ip: from } };
    const answer = (ip: typeof own) => (line: string) => isEchoReply(line.slice(4), ip);
    for (const ip of [parseAddress(vip)!, own]) {
      frames.write(echoRequest({ ...ends, to: { mac: mac(OWNER), ip } }));
    }
    await frames.line(answer(own));
    return frames.lines.some(answer(parseAddress(vip)!));
  }

  for (const { family, service, vip, port, length } of families) {
    describe(family, () => {
      it("L2-181: is answered by layer 2 and not by ping, as no machine has it, but for IPVS, which gives it to each", async () => {
        assert.deepEqual(await world.lan.whoHas("client", vip), [mac(OWNER)]);
        assert.equal(await isEchoed(vip, port), false);
        world.ip(OWNER, "link add kube-ipvs0 type bridge");
        world.ip(OWNER, "link set kube-ipvs0 arp off up");
        world.ip(OWNER, `addr add ${vip}/${length} dev kube-ipvs0`);
        assert.equal(await isEchoed(vip, port), true);
        world.ip(OWNER, "link del kube-ipvs0");
      });

      it("L2-182 L2-184: a port that lets no answers of others through is seen, though the node itself reaches the address", async () => {
        // Stands in for kube-proxy, which takes what processes of the node send to the address.
        const [nft, own] =
          family === "IPv4" ? ["ip", world.lan.address(OWNER)] : ["ip6", "[fd00:1::1]"];
        const to = `${nft} daddr ${vip} tcp dport 80 dnat to ${own}:8080`;
        const chain = `add chain ${nft} proxy out { type nat hook output priority -100; }`;
        const rules = [`add table ${nft} proxy`, chain, `add rule ${nft} proxy out ${to}`];
        world.on(OWNER, "nft", rules.join("; "));
        const code =
          'require("http").createServer((q, r) => r.end("hello")).listen(8080, () => console.log("up"))';
        await start(OWNER, "-e", code).line((line) => line === "up");
        filterPort(filters.protected);

        const url = `http://${family === "IPv4" ? vip : `[${vip}]`}/`;
        const get = `fetch("${url}").then((r) => r.text()).then(console.log)`;
        assert.equal(world.on(OWNER, ...NODE, "-e", get).trim(), "hello");
        const asked = [vip, world.lan.address(OWNER)];
        const answers = asked.map((address) => world.lan.whoHas("client", address));
        assert.deepEqual(await Promise.all(answers), [[], [mac(OWNER)]]);
        const seen = await world.condition(service, "Seen", "NobodyAnswers");
        assert.deepEqual(
          [seen.status, seen.message],
          [
            "False",
            `nobody answers for ${vip}, though node "${OWNER}" answers for its own address`,
          ],
        );
        const told = await world.event(service, "AddressNotSeen", vip);
        assert.match(told.message, /look at the speaker of the node and the switch ports/);
        world.on("switch", "nft", "flush", "ruleset");
        await world.condition(service, "Seen", "OwnerAnswers");
      });

      it("L2-183: a network that lets no broadcasts or multicasts through to the owner is seen", async () => {
        filterPort(family === "IPv4" ? filters.withoutBroadcasts : filters.withoutMulticasts);
        // By ARP the node's own address is asked for with broadcasts too.
        const [status, reason] =
          family === "IPv4" ? ["Unknown", "OwnerSilent"] : ["False", "NobodyAnswers"];
        const seen = await world.condition(service, "Seen", reason);
        assert.equal(seen.status, status);
        assert.deepEqual(await world.lan.whoHas("client", vip), []);
        world.on("switch", "nft", "flush", "ruleset");
        await world.condition(service, "Seen", "OwnerAnswers");
      });

      it("L2-185: two announcers are two MAC addresses for the client, and named by the condition and an event", async () => {
        const second = start("foreign", pathOf("src/testing/announcer-program.ts"), "packet");
        const protocol = family === "IPv4" ? "ARP" : "NDP";
        await second.line(
          (line) => line.includes(`created ${protocol} responder`) && line.includes('"eth0"'),
        );
        second.write(`announce ${vip}`);
        const two = await world.condition(service, "Seen", "TwoAnswer");
        const answering = await world.lan.whoHas("client", vip);
        assert.deepEqual(answering.sort(), [mac(OWNER), mac("foreign")].sort());
        assert.equal(
          two.message,
          `${mac(OWNER)} of node "${OWNER}" answers for ${vip}, and so does ${mac("foreign")}`,
        );
        const conflict = await world.condition(service, "Conflict", "AnotherMachine");
        assert.match(conflict.message, new RegExp(mac("foreign")));
        const told = await world.event(service, "AddressConflict", mac("foreign"));
        assert.match(told.message, /take this one out of the pool/);
        await second.stop();
        await world.condition(service, "Seen", "OwnerAnswers");
      });

      it("L2-177: a client that ignores what is said unasked keeps the old MAC until its entry goes", async () => {
        const rules =
          family === "IPv4"
            ? [
                "add table arp f",
                "add chain arp f in { type filter hook input priority 0; }",
                `add rule arp f in arp saddr ip ${vip} arp daddr ip ${vip} counter drop`,
              ]
            : [
                "add table ip6 f",
                "add chain ip6 f in { type filter hook input priority 0; }",
                "add rule ip6 f in ip6 daddr ff02::1 icmpv6 type nd-neighbor-advert counter drop",
              ];
        world.on("deaf", "nft", rules.join("; "));
        for (const host of ["client", "deaf"]) {
          touch(host, vip);
          await until(
            () => neighbour(host, vip),
            (entry) => entry.includes(mac(OWNER)),
          );
        }
        await world.speakers.get(OWNER)?.stop();
        await until(
          () => neighbour("client", vip),
          (entry) => entry.includes(mac(OTHER)),
        );
        await until(
          () => world.on("deaf", "nft", "list", "ruleset"),
          (found) => /counter packets [1-9]/.test(found),
        );
        assert.match(neighbour("deaf", vip), new RegExp(mac(OWNER)));
        world.ip("deaf", `neigh del ${vip} dev eth0`);
        touch("deaf", vip);
        await until(
          () => neighbour("deaf", vip),
          (entry) => entry.includes(mac(OTHER)),
        );
        world.startSpeaker(OWNER);
        await until(
          () => world.lan.whoHas("client", vip),
          (found) => found.join() === mac(OWNER),
        );
        await world.condition(service, "Seen", "OwnerAnswers");
      });
    });
  }

  it("L2-185: a proxy ARP and a kernel with kube-ipvs0 are second MAC addresses too", async () => {
    const vip = "192.168.1.240";
    const both = [mac(OWNER), mac("foreign")].sort();
    const whoHas = async () => (await world.lan.whoHas("client", vip)).sort();
    const causes: [begin: () => void, end: () => void][] = [
      [
        () => {
          world.sysctl("foreign", "ipv4/conf/eth0/proxy_arp", "1");
          world.sysctl("foreign", "ipv4/conf/eth0/forwarding", "1");
          world.ip("foreign", "link add cni0 type bridge");
          world.ip("foreign", "link set cni0 up");
          world.ip("foreign", `route add ${vip} dev cni0`);
        },
        () => world.ip("foreign", "link del cni0"),
      ],
      [
        () => {
          world.sysctl("foreign", "ipv4/conf/all/arp_ignore", "0");
          world.ip("foreign", "link add kube-ipvs0 type bridge");
          world.ip("foreign", "link set kube-ipvs0 arp off");
          world.ip("foreign", `addr add ${vip}/32 dev kube-ipvs0`);
        },
        () => world.sysctl("foreign", "ipv4/conf/all/arp_ignore", "1"),
      ],
    ];
    for (const [begin, end] of causes) {
      begin();
      await world.condition("four", "Seen", "TwoAnswer");
      assert.deepEqual(await whoHas(), both);
      end();
      await world.condition("four", "Seen", "OwnerAnswers");
      assert.deepEqual(await whoHas(), [mac(OWNER)]);
    }
  });

  it("L2-194 L2-198: switched back, strictARP leaves its sysctls, and our warning goes by these", async () => {
    const speaker = world.speakers.get(OWNER)!;
    const arpIgnore = () => world.on(OWNER, "cat", "/proc/sys/net/ipv4/conf/all/arp_ignore").trim();
    const warnings = () => speaker.lines.filter((line) => line.includes("ipvs.strictARP: true"));
    const runProxy = async (strictARP: boolean): Promise<void> => {
      const file = join(world.folder, "proxy.yaml");
      const clientConnection = { kubeconfig: join(world.folder, OWNER) };
      writeFileSync(file, JSON.stringify({ mode: "ipvs", ipvs: { strictARP }, clientConnection }));
      const proxy = start(OWNER, pathOf("src/cluster/service-proxy-main.ts"), `--config=${file}`);
      await proxy.line((line) => line.includes('"op":"sync"') || line.includes('op":"sync'));
      await proxy.stop();
    };
    /** Until the speaker has looked at the interfaces as they are now. */
    const looked = async (name: string): Promise<void> => {
      world.ip(OWNER, `link add ${name} type bridge`);
      world.ip(OWNER, `link set ${name} up`);
      await speaker.line((line) => line.includes("created ARP responder") && line.includes(name));
    };
    world.sysctl(OWNER, "ipv4/conf/all/arp_ignore", "1");
    await runProxy(true);
    await runProxy(false);
    assert.equal(arpIgnore(), "1");
    await looked("look1");
    assert.deepEqual(warnings(), []);
    world.sysctl(OWNER, "ipv4/conf/all/arp_ignore", "0");
    await looked("look2");
    await speaker.line(() => warnings().length === 1);
    assert.match(warnings()[0] ?? "", /kube-ipvs0 exists and arp_ignore is 0 on .*eth0/);
  });
});
