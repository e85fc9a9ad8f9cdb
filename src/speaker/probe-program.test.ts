import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { formatAddress, type IpAddress, parseAddress } from "../ip/index.ts";
import { type NetworkInterface, planInterfaces } from "../layer2/index.ts";
import { createLogger, Metrics } from "../platform/index.ts";
import { FakeSocket, link } from "../testing/fake-announcer-sockets.ts";
import { configOf, l2, pool } from "../testing/resources.ts";
import { ProbeProgram } from "./probe-program.ts";

const ip = (text: string): IpAddress => parseAddress(text) as IpAddress;
const interfaces: readonly NetworkInterface[] = [
  link(1, {
    addresses: ["fe80::1", "192.168.1.1", "192.168.1.250", "fd00:1::1"],
    subnets: ["192.168.1.0/24", "fd00:1::/64"],
  }),
  // On the same segment.
  link(2, { addresses: ["fe80::2", "10.0.0.2"], subnets: ["10.0.0.0/8"] }),
];
/** 192.168.1.240 is at 02:00:00:00:00:99: to everybody, and in answer to a probe. */
const claim =
  "ffffffffffff02000000009908060001080006040002020000000099c0a801f0ffffffffffffc0a801f0";
const answer =
  "52540000000102000000009908060001080006040002020000000099c0a801f052540000000100000000";

function opened({ announced = "", takesFrames = true } = {}) {
  const sockets: FakeSocket[] = [];
  const groups: string[] = [];
  const metrics = new Metrics();
  const program = new ProbeProgram({
    nodeName: "a",
    logger: createLogger({ form: "legacy", write: () => undefined }),
    isAnnounced: (one) => formatAddress(one) === announced,
    found: metrics.probes(),
    openSocket: (options) => {
      const socket = new FakeSocket(options);
      socket.takesFrames = takesFrames;
      sockets.push(socket);
      return socket;
    },
    openMemberships: (index) => ({
      join: (group) => groups.push(`join ${index} ${formatAddress(group)}`),
      leave: (group) => groups.push(`leave ${index} ${formatAddress(group)}`),
      close: () => groups.push(`close ${index}`),
    }),
  });
  const pools = [pool("lan", { addresses: ["192.168.1.240/28", "fd00:1::f0/124"] })];
  program.setConfig(configOf({ pools, l2Advertisements: [l2("all")] }));
  program.setInterfaces(planInterfaces(interfaces));
  return { program, sockets, groups, metrics };
}

describe("a speaker that is asked for addresses", () => {
  let program: ProbeProgram;

  afterEach(() => program.close());

  it("opens nothing before somebody asks, and asks three times before it calls an address free", async () => {
    const { sockets, metrics, ...rest } = opened();
    ({ program } = rest);
    assert.deepEqual(program.where(ip("192.168.1.240")), { kind: "here" });
    assert.equal(sockets.length, 0);
    assert.deepEqual(await program.ask(ip("192.168.1.240")), { kind: "free" });
    assert.deepEqual(
      sockets.map(({ sent }) => sent.length),
      [3, 0, 0, 0],
    );
    assert.match(metrics.expose().text, /metallb_speaker_probes_total\{answer="free"\} 1/);
  });

  it("tells at once who answers or claims it, to all who wait, and leaves its own MAC addresses out", async () => {
    for (const frame of [answer, claim]) {
      const { sockets, ...rest } = opened();
      ({ program } = rest);
      const asked = [program.ask(ip("192.168.1.240")), program.ask(ip("192.168.1.240"))];
      sockets[0]?.receive(frame.replaceAll("020000000099", "525400000001"));
      sockets[0]?.receive(frame.replaceAll("020000000099", "525400000002"));
      sockets[0]?.receive(frame);
      const used = { kind: "used", mac: "02:00:00:00:00:99", on: "eth1", how: "has" };
      assert.deepEqual(await Promise.all(asked), [used, used]);
      assert.equal(sockets[0]?.sent.length, 1, "they share the question");
      program.close();
    }
  });

  it("another speaker that asks for the address too does not want it, but may have it", async () => {
    const probe = `${claim.slice(0, 56)}00000000${claim.slice(64)}`;
    for (const isMember of [true, false]) {
      const { sockets, ...rest } = opened();
      ({ program } = rest);
      if (isMember) program.setMemberMacs(new Map([["02:00:00:00:00:99", "b"]]));
      const asked = program.ask(ip("192.168.1.240"));
      sockets[0]?.receive(probe.replace("060001080006040002", "060001080006040001"));
      assert.equal((await asked).kind, isMember ? "free" : "used");
      program.close();
    }
    const { sockets, ...rest } = opened();
    ({ program } = rest);
    program.setMemberMacs(new Map([["02:00:00:00:00:99", "b"]]));
    const asked = program.ask(ip("192.168.1.240"));
    sockets[0]?.receive(answer);
    const used = { kind: "used", mac: "02:00:00:00:00:99", on: "eth1", how: "has", whose: "b" };
    assert.deepEqual(await asked, used);
  });

  it("RFC 4862 section 5.4.2: listens in the address's group while it asks", async () => {
    const { groups, sockets, ...rest } = opened();
    ({ program } = rest);
    assert.deepEqual(await program.ask(ip("fd00:1::f1")), { kind: "free" });
    assert.deepEqual(groups, ["join 1 ff02::1:ff00:f1", "leave 1 ff02::1:ff00:f1"]);
    // With an ordinary question beside each probe.
    assert.deepEqual(
      sockets.map(({ sent }) => sent.length),
      [0, 6, 0, 0],
    );
  });

  it("does not ask for what this node has or announces: nobody would answer", async () => {
    const { sockets, ...rest } = opened({ announced: "192.168.1.241" });
    ({ program } = rest);
    const has = { kind: "used", on: "eth1", how: "has" };
    const own = { ...has, mac: "52:54:00:00:00:01", whose: "a" };
    assert.deepEqual(await program.ask(ip("192.168.1.250")), own);
    assert.deepEqual(await program.ask(ip("192.168.1.241")), { kind: "ours" });
    assert.equal(sockets.length, 0);
  });

  it("calls nothing free where no question goes out", async () => {
    ({ program } = opened({ takesFrames: false }));
    const found = await program.ask(ip("192.168.1.240"));
    assert.deepEqual(found, { kind: "elsewhere", why: "its speaker could send no question" });
  });

  it("calls nothing free while a flood of frames hides answers", async () => {
    const { sockets, ...rest } = opened();
    ({ program } = rest);
    const asked = program.ask(ip("192.168.1.240"));
    for (let count = 0; count < 5000; count++) sockets[0]?.receive("00");
    assert.deepEqual(await asked, {
      kind: "elsewhere",
      why: "its speaker could not look at all frames, because there are too many",
    });
  });

  it("calls nothing free while frames were lost before it could look at them, and is not bothered by earlier losses", async () => {
    for (const [address, family] of [
      ["192.168.1.240", 4],
      ["fd00:1::f1", 6],
    ] as const) {
      const { sockets, ...rest } = opened();
      ({ program } = rest);
      const asked = program.ask(ip(address));
      const socket = sockets[family === 4 ? 0 : 1]!;
      socket.lost = 1;
      assert.deepEqual(await asked, {
        kind: "elsewhere",
        why: "its speaker could not look at all frames, because there are too many",
      });
      socket.lost = 1;
      assert.deepEqual(await program.ask(ip(address)), { kind: "free" });
      program.close();
    }
  });

  it("lets nobody wait when it stops", async () => {
    ({ program } = opened());
    const asked = program.ask(ip("192.168.1.240"));
    program.close();
    assert.deepEqual(await asked, { kind: "elsewhere", why: "its speaker stops" });
  });
});
