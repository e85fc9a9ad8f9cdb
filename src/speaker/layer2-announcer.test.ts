import assert from "node:assert/strict";
import { beforeEach, describe, it, mock } from "node:test";
import { formatAddress, parseAddress } from "../ip/index.ts";
import type { NetworkInterface } from "../layer2/index.ts";
import { type FakeSocket, FakeNode, link } from "../testing/fake-announcer-sockets.ts";

interface Wire {
  readonly name: "ARP" | "NDP";
  readonly etherType: number;
  readonly address: string;
  /** A client's question for `address` as hex. */
  readonly question: string;
  /** Frames of one unasked round on one interface. */
  readonly framesOfRound: number;
  /** The Ethernet header of an unasked frame, up to the source. */
  readonly everybody: string;
  readonly senderKey: "senderMAC" | "senderLLAddr";
  readonly senderIp: string;
}

const wires: readonly Wire[] = [
  {
    name: "ARP",
    etherType: 0x0806,
    address: "192.168.1.240",
    question:
      "ffffffffffff00112233445508060001080006040001001122334455c0a80132000000000000c0a801f0",
    framesOfRound: 2,
    everybody: "ffffffffffff",
    senderKey: "senderMAC",
    senderIp: "192.168.1.50",
  },
  {
    name: "NDP",
    etherType: 0x86dd,
    address: "fd00:1::240",
    question:
      "3333ff00024000112233445586dd6000000000203afffe80000000000000021122fffe334455" +
      "ff0200000000000000000001ff0002408700ab6900000000fd000001000000000000000000000240" +
      "0101001122334455",
    framesOfRound: 1,
    everybody: "333300000001",
    senderKey: "senderLLAddr",
    senderIp: "fe80::211:22ff:fe33:4455",
  },
];

for (const wire of wires) {
  const { name, address, etherType, question, framesOfRound } = wire;
  const vip = parseAddress(address)!;

  describe(`layer 2 announcer, ${name}`, () => {
    let node: FakeNode;
    const opened = (index: number) => node.opened(index, etherType);
    const first = (index: number): FakeSocket => opened(index)[0]!;
    const setInterfaces = (...links: NetworkInterface[]) => node.setInterfaces(links);
    const announce = (service = "shop/web") => node.announcer.announce(service, vip, "all");
    const counters = () => node.announcer.addresses.counters().get(address)!;
    const rounds = (index: number) => first(index).sent.length / framesOfRound;
    /** Sets the clock forward together with the timers. */
    const pass = (ms: number): void => {
      node.nowMs += ms;
      mock.timers.tick(ms);
    };

    beforeEach((context) => {
      mock.timers.enable({ apis: ["setTimeout"] });
      if ("after" in context) context.after(() => mock.timers.reset());
      node = new FakeNode();
    });

    it("L2-80 L2-156: each fitting interface gets a responder, said in the log", () => {
      setInterfaces(link(1), link(2, { isUp: false }), link(3));
      assert.deepEqual(
        [1, 2, 3].map((index) => opened(index).length),
        [1, 0, 1],
      );
      const made = node.logged(`created ${name} responder for interface`);
      assert.deepEqual(
        made.map((line) => [line["event"], line["interface"]]),
        ["eth1", "eth3"].map((on) => [`create${name}Responder`, on]),
      );
    });

    it("L2-95 L2-117 L2-141: an announced address is answered on the interface that asks, and counted", () => {
      setInterfaces(link(1), link(2));
      announce();
      first(2).receive(question);
      assert.match(first(2).sent.at(-1) ?? "", /^001122334455525400000002/);
      assert.equal(rounds(1), 1);
      assert.equal(counters().responsesSent, 1);
    });

    it("L2-101: a response that could not be sent counts as a request only", () => {
      setInterfaces(link(1));
      announce();
      first(1).takesFrames = false;
      first(1).receive(question);
      assert.deepEqual([counters().requestsReceived, counters().responsesSent], [1, 0]);
    });

    it("L2-101: what the kernel does not take is counted, and said once in the life of a responder", () => {
      setInterfaces(link(1));
      announce();
      first(1).takesFrames = false;
      const told = () => node.logged(`the kernel did not take ${name} frames`);
      for (let times = 0; times < 3; times++) first(1).receive(question);
      pass(2200);
      const { drops } = node.announcer.counts()[name === "ARP" ? 0 : 1]!;
      assert.equal(drops.get("not-sent"), 3);
      assert.deepEqual(
        told().map((line) => [line["interface"], line["error"]]),
        [["eth1", "send: ENOBUFS"]],
      );
      setInterfaces();
      setInterfaces(link(1));
      opened(1)[1]!.takesFrames = false;
      opened(1)[1]!.receive(question);
      assert.equal(told().length, 2, "it is news again");
    });

    it("L2-142: unasked frames that the kernel does not take are counted apart", () => {
      setInterfaces(link(1), link(2));
      first(2).takesFrames = false;
      announce();
      pass(1100);
      const { drops } = node.announcer.counts()[name === "ARP" ? 0 : 1]!;
      assert.deepEqual(
        [drops.get("unasked-not-sent"), drops.get("not-sent")],
        [2 * framesOfRound, 0],
      );
    });

    it("L2-208: questions that were lost because too many came are counted, and said once in the life of a responder", () => {
      setInterfaces(link(1));
      announce();
      const notRead = () => {
        return node.announcer.counts()[name === "ARP" ? 0 : 1]!.drops.get("not-read");
      };
      assert.equal(notRead(), 0);
      first(1).lost = 300;
      assert.equal(notRead(), 300);
      first(1).lost = 7;
      first(1).tellLost();
      assert.equal(notRead(), 307);
      assert.deepEqual(
        node
          .logged(`more ${name} questions came than were read`)
          .map((line) => [line["op"], line["interface"], line["frames"]]),
        [[`read${name}`, "eth1", 300]],
      );
    });

    it("L2-205: that an interface on its way down takes nothing is no news of its own", () => {
      setInterfaces(link(1));
      Object.assign(first(1), { takesFrames: false, refusal: "ENETDOWN" });
      announce();
      assert.equal(node.logged("the kernel did not take").length, 0);
    });

    it("L2-130 L2-142: announcing tells it on every interface and counts each frame", () => {
      setInterfaces(link(1), link(2));
      announce();
      assert.deepEqual([rounds(1), rounds(2)], [1, 1]);
      assert.equal(counters().gratuitousSent, 2 * framesOfRound);
      assert.ok(first(1).sent[0]?.startsWith(`${wire.everybody}525400000001`));
    });

    it("L2-137 L2-142: an interface that takes no frames does not keep the round from the others", () => {
      setInterfaces(link(1), link(2));
      first(1).takesFrames = false;
      announce();
      assert.equal(rounds(2), 1);
      assert.equal(counters().gratuitousSent, 2);
    });

    it("L2-73 L2-76: a withdrawn address is silent at once", () => {
      setInterfaces(link(1));
      announce();
      node.announcer.withdraw("shop/web");
      first(1).receive(question);
      pass(60_000);
      assert.equal(rounds(1), 1);
    });

    it("L2-74 L2-75: an address of certain interfaces is told and answered on those only", () => {
      setInterfaces(link(1), link(2));
      node.announcer.announce("shop/web", vip, new Set(["eth2"]));
      for (const index of [1, 2]) first(index).receive(question);
      assert.deepEqual([first(1).sent.length, first(2).sent.length], [0, framesOfRound + 1]);
    });

    it("L2-83: an interface that no longer fits loses its responder, said in the log", () => {
      setInterfaces(link(1), link(2));
      setInterfaces(link(1), link(2, { masterIndex: 9 }));
      assert.deepEqual([first(1).isOpen, first(2).isOpen], [true, false]);
      const [line] = node.logged(`deleted ${name} responder for interface`);
      assert.deepEqual([line?.["event"], line?.["interface"]], [`delete${name}Responder`, "eth2"]);
    });

    it("L2-87: a changed MAC address is used for answers and announced, without a new socket", () => {
      setInterfaces(link(1));
      announce();
      setInterfaces(link(1, { mac: "02:00:00:00:00:99" }));
      assert.equal(opened(1).length, 1);
      assert.ok(first(1).sent[framesOfRound]?.startsWith(`${wire.everybody}020000000099`));
      first(1).receive(question);
      assert.match(first(1).sent.at(-1) ?? "", /^001122334455020000000099/);
    });

    it("L2-87: a new interface and one that got its carrier send a burst, an unchanged one does not", () => {
      setInterfaces(link(1));
      announce();
      setInterfaces(link(1), link(2, { operState: "lowerlayerdown" }));
      assert.deepEqual([rounds(1), rounds(2)], [1, 1]);
      setInterfaces(link(1), link(2));
      assert.deepEqual([rounds(1), rounds(2)], [1, 2]);
    });

    it("L2-87 L2-80: a renamed interface keeps its socket and its burst, one of the same name but another index does not", () => {
      setInterfaces(link(1));
      announce();
      setInterfaces(link(1, { name: "lan0" }));
      assert.equal(opened(1).length, 1);
      assert.equal(rounds(1), 2);
      setInterfaces(link(2, { name: "lan0" }));
      assert.equal(first(1).isOpen, false);
      assert.equal(rounds(2), 1);
    });

    it("L2-139: rounds of thousands of addresses go out a few at a time, the first of each at once, and none after closing", () => {
      setInterfaces(link(1));
      for (let index = 0; index < 1000; index++) {
        const ip = { family: vip.family, value: vip.value + BigInt(index) };
        node.announcer.announce(`shop/${index}`, ip, "all");
      }
      const atOnce = rounds(1);
      assert.ok(atOnce > 50 && atOnce < 200, `${atOnce} rounds in the first turn`);
      for (let ms = 0; ms < 150; ms += 5) pass(5);
      assert.equal(rounds(1), 1000);
      pass(1100 - 150);
      pass(5);
      const before = first(1).sent.length;
      assert.ok(before > 1000 * framesOfRound);
      node.announcer.close();
      pass(10_000);
      assert.equal(first(1).sent.length, before);
    });

    it("L2-84 L2-163: a socket that is not allowed is explained once while it lasts, tried again, and the rest goes on", () => {
      node.failure = Object.assign(new Error("socket: EPERM"), { code: "EPERM" });
      setInterfaces(link(1));
      announce();
      const told = () => node.logged(`failed to create ${name} responder`);
      assert.match(told()[0]?.["error"] ?? "", /CAP_NET_RAW.*securityContext\.capabilities\.add/);
      assert.equal(told()[0]?.["op"], `create${name}Responder`);
      pass(30_000);
      assert.equal(told().length, 1);
      // As pods come and go.
      setInterfaces(link(1), link(2, { isUp: false }));
      setInterfaces(link(1, { operState: "down" }));
      assert.equal(told().length, 1);
      node.failure = undefined;
      pass(10_000);
      assert.equal(opened(1).length, 1);
      assert.equal(rounds(1), 1);
      node.failure = new Error("socket: EPERM");
      first(1).options.onFailure(Object.assign(new Error("recvfrom"), { code: "ENETDOWN" }));
      pass(1000);
      assert.equal(told().length, 2, "it is news again");
    });

    it("L2-205: a socket that failed is replaced shortly after, if the interface is still wanted", () => {
      setInterfaces(link(1));
      first(1).options.onFailure(
        Object.assign(new Error("recvfrom: ENETDOWN"), {
          code: "ENETDOWN",
          name: "SystemCallError",
        }),
      );
      assert.equal(node.logged(`deleted ${name} responder`).length, 1);
      pass(1000);
      assert.equal(opened(1).length, 2);
    });

    it("L2-205: a socket that failed because its interface is gone is not replaced", () => {
      setInterfaces(link(1));
      setInterfaces();
      pass(60_000);
      assert.equal(opened(1).length, 1);
      assert.equal(first(1).isOpen, false);
    });

    it("L2-156: requests are logged only when asked for, and so are those on the wrong interface", () => {
      setInterfaces(link(1));
      announce();
      first(1).receive(question);
      assert.equal(node.logged(`got ${name} request`).length, 0);
      node = new FakeNode({ logsRequests: true });
      setInterfaces(link(5), link(6));
      node.announcer.announce("shop/web", vip, new Set(["eth5"]));
      first(5).receive(question);
      first(6).receive(question);
      const [line] = node.logged(`got ${name} request for service IP, sending response`);
      assert.deepEqual(
        [line?.["ip"], line?.["senderIP"], line?.[wire.senderKey], line?.["responseMAC"]],
        [address, wire.senderIp, "00:11:22:33:44:55", "52:54:00:00:00:05"],
      );
      const [ignored] = node.logged("on an interface not announced on");
      assert.deepEqual(
        [ignored?.["op"], ignored?.["ip"], ignored?.["interface"], ignored?.["reason"]],
        [`${name.toLowerCase()}RequestIgnore`, address, "eth6", "notMatchInterface"],
      );
    });

    it("L2-94 L2-116: what gets no answer is counted by reason", () => {
      setInterfaces(link(1));
      const drops = () =>
        node.announcer.counts().find(({ protocol }) => protocol === name.toLowerCase())!.drops;
      assert.deepEqual(
        [...drops().values()].filter((count) => count > 0),
        [],
      );
      first(1).receive(question);
      first(1).receive(question);
      first(1).receive(question.slice(0, 20));
      const counted = [...drops()].filter(([, count]) => count > 0);
      assert.deepEqual(Object.fromEntries(counted), { "not-announced": 2, error: 1 });
    });

    it("L2-161: closing stops answers and rounds, and sends nothing", () => {
      setInterfaces(link(1));
      announce();
      node.announcer.close();
      pass(60_000);
      assert.equal(rounds(1), 1);
      assert.equal(first(1).isOpen, false);
    });
  });
}

describe("layer 2 announcer, NDP and its groups", () => {
  let node: FakeNode;
  const announce = (service: string, ...texts: string[]) => {
    for (const text of texts) node.announcer.announce(service, parseAddress(text)!, "all");
  };
  /** What became of groups since it was asked last; they are joined in a turn of their own. */
  const groups = async (): Promise<string[]> => {
    await new Promise((turn) => setImmediate(turn));
    return node.memberships.splice(0);
  };

  beforeEach((context) => {
    mock.timers.enable({ apis: ["setTimeout"] });
    if ("after" in context) context.after(() => mock.timers.reset());
    node = new FakeNode();
  });

  it("L2-72 L2-111: the first user of an address joins its group on every NDP responder, the last one leaves it", async () => {
    node.setInterfaces([link(1), link(2), link(3, { addresses: [] })]);
    const ip = parseAddress("fd00:1::240")!;
    node.announcer.announce("shop/a", ip, new Set(["eth1"]));
    node.announcer.announce("shop/b", ip, "all");
    node.announcer.announce("shop/a", ip, new Set(["eth2"]));
    assert.deepEqual(
      await groups(),
      [1, 2].map((index) => `join ${index} ff02::1:ff00:240`),
    );
    node.announcer.withdraw("shop/a");
    assert.deepEqual(await groups(), []);
    node.announcer.withdraw("shop/b");
    assert.deepEqual(
      await groups(),
      [1, 2].map((index) => `leave ${index} ff02::1:ff00:240`),
    );
  });

  it("L2-111: addresses with the same last 24 bits share one membership", async () => {
    node.setInterfaces([link(1)]);
    announce("shop/a", "fd00:1::240", "fd00:2::240");
    announce("shop/b", "fd00:3::1:0:240", "fd00:1::241");
    assert.deepEqual(await groups(), ["join 1 ff02::1:ff00:240", "join 1 ff02::1:ff00:241"]);
    node.announcer.withdraw("shop/a");
    assert.deepEqual(await groups(), []);
    node.announcer.withdraw("shop/b");
    assert.deepEqual((await groups()).sort(), [
      "leave 1 ff02::1:ff00:240",
      "leave 1 ff02::1:ff00:241",
    ]);
  });

  it("L2-87 L2-111: a responder made later, or anew, joins the groups of all that is announced", async () => {
    announce("shop/a", "fd00:1::240", "fd00:2::240", "fd00:1::241", "192.0.2.1");
    node.setInterfaces([link(1)]);
    const joined = ["join 1 ff02::1:ff00:240", "join 1 ff02::1:ff00:241"];
    assert.deepEqual(await groups(), joined);
    node.setInterfaces([link(1, { isUp: false })]);
    assert.deepEqual(await groups(), ["close 1"]);
    node.setInterfaces([link(1)]);
    assert.deepEqual(await groups(), joined);
    node.announcer.withdraw("shop/a");
    assert.deepEqual((await groups()).sort(), [
      "leave 1 ff02::1:ff00:240",
      "leave 1 ff02::1:ff00:241",
    ]);
  });

  it("L2-111: IPv4 addresses need no group", async () => {
    node.setInterfaces([link(1)]);
    announce("shop/a", "192.0.2.1");
    node.announcer.withdraw("shop/a");
    assert.deepEqual(await groups(), []);
  });

  it("L2-111: a group that cannot be joined is told once and tried again; the address is answered meanwhile", async () => {
    node.groupFailure = new Error("setsockopt IPV6_JOIN_GROUP: ENOMEM");
    node.setInterfaces([link(1)]);
    announce("shop/a", "fd00:1::240", "fd00:1::241");
    assert.deepEqual(await groups(), []);
    const told = node.logged("failed to watch NDP multicast group for IP");
    assert.equal(told.length, 1);
    assert.deepEqual(
      [told[0]?.["op"], told[0]?.["interface"], told[0]?.["error"]],
      ["watchMulticastGroup", "eth1", "setsockopt IPV6_JOIN_GROUP: ENOMEM"],
    );
    assert.equal(node.opened(1, 0x86dd)[0]?.sent.length, 2);
    mock.timers.tick(10_000);
    assert.deepEqual(await groups(), []);
    assert.equal(node.logged("failed to watch").length, 1);
    node.groupFailure = undefined;
    mock.timers.tick(10_000);
    const joined = ["join 1 ff02::1:ff00:240", "join 1 ff02::1:ff00:241"];
    assert.deepEqual((await groups()).sort(), joined);
    mock.timers.tick(10_000);
    assert.deepEqual(await groups(), []);
  });

  it("L2-205: that no group can be joined on an interface on its way out is no news of its own", async () => {
    node.groupFailure = Object.assign(new Error("setsockopt IPV6_JOIN_GROUP: ENODEV"), {
      code: "ENODEV",
    });
    node.setInterfaces([link(1)]);
    announce("shop/a", "fd00:1::240");
    assert.deepEqual(await groups(), []);
    assert.equal(node.logged("failed to watch NDP multicast group for IP").length, 0);
  });

  it("L2-72: an address withdrawn before its group was joined leaves nothing behind", async () => {
    node.setInterfaces([link(1)]);
    announce("shop/a", "fd00:1::240");
    announce("shop/b", "fd00:1::241");
    node.announcer.withdraw("shop/a");
    assert.deepEqual(await groups(), ["join 1 ff02::1:ff00:241"]);
  });

  it("L2-139: thousands of groups are joined a few at a time, after what is told unasked", async () => {
    let nowMs = 0;
    const memberships: string[] = [];
    node = new FakeNode({
      nowMs: () => nowMs,
      openMemberships: () => ({
        join: (group) => {
          memberships.push(formatAddress(group));
          nowMs += 0.5;
        },
        leave: () => undefined,
        close: () => undefined,
      }),
    });
    node.setInterfaces([link(1)]);
    announce("shop/a", ...Array.from({ length: 20 }, (_, index) => `fd00:1::${index + 100}`));
    assert.equal(node.opened(1, 0x86dd)[0]?.sent.length, 20);
    for (const soFar of [0, 4, 8, 12, 16, 20, 20]) {
      assert.equal(memberships.length, soFar);
      await new Promise((turn) => setImmediate(turn));
    }
  });

  it("L2-87 L2-110: a link-local address that comes later makes the responder, another one becomes the source", () => {
    node.setInterfaces([link(1, { addresses: ["192.0.2.9"] })]);
    announce("shop/a", "fd00:1::240", "192.0.2.1");
    const arpFrames = node.opened(1, 0x0806)[0]!.sent.length;
    assert.equal(node.opened(1, 0x86dd).length, 0);
    node.setInterfaces([link(1, { addresses: ["192.0.2.9", "fe80::1"] })]);
    const [socket] = node.opened(1, 0x86dd);
    assert.equal(socket?.sent.length, 1);
    assert.ok(socket?.sent[0]?.includes("fe800000000000000000000000000001ff02"));
    assert.equal(node.opened(1, 0x0806)[0]!.sent.length, arpFrames, "nothing is new for ARP");
    node.setInterfaces([link(1, { addresses: ["fe80::2"] })]);
    node.announcer.announce("shop/b", parseAddress("fd00:1::241")!, "all");
    assert.ok(socket?.sent.at(-1)?.includes("fe800000000000000000000000000002ff02"));
    node.setInterfaces([link(1, { addresses: [] })]);
    assert.equal(socket?.isOpen, false);
    assert.equal(node.opened(1, 0x0806)[0]!.isOpen, true);
  });

  it("L2-81: without any link-local address IPv6 is told once to have no interface, and IPv4 goes on", () => {
    const told = () => node.logged("no interface can answer for them");
    const deaf = link(1, { addresses: [] });
    node.setInterfaces([deaf]);
    mock.timers.tick(10_000);
    assert.equal(told().length, 0, "nobody needs IPv6");
    announce("shop/a", "fd00:1::240", "fd00:1::241", "192.0.2.1");
    mock.timers.tick(9_999);
    assert.equal(told().length, 0, "an address may yet come");
    mock.timers.tick(1);
    assert.deepEqual([told()[0]?.["ip"], told()[0]?.["addresses"]], ["fd00:1::240", 2]);
    announce("shop/b", "fd00:1::242");
    node.setInterfaces([deaf]);
    mock.timers.tick(30_000);
    assert.equal(told().length, 1);
    node.setInterfaces([link(1)]);
    mock.timers.tick(10_000);
    node.setInterfaces([deaf]);
    mock.timers.tick(10_000);
    assert.equal(told().length, 2);
    const responders = node.announcer.counts().map((one) => [one.protocol, ...one.interfaces]);
    assert.deepEqual(responders, [["arp", "eth1"], ["ndp"]]);
  });

  it("L2-86: an address of interfaces that this node does not have is no fault of IPv6", () => {
    node.setInterfaces([link(1, { addresses: [] })]);
    node.announcer.announce("shop/a", parseAddress("fd00:1::240")!, new Set(["eth7"]));
    mock.timers.tick(10_000);
    assert.equal(node.logged("no interface can answer for them").length, 0);
  });

  it("L2-72: 2,000 addresses are told apart by 2,000 groups, and all are left", async () => {
    node.setInterfaces([link(1)]);
    const ips = Array.from({ length: 2000 }, (_, index) =>
      formatAddress({ family: 6, value: (0xfd00n << 112n) + BigInt(index) }),
    );
    for (const ip of ips) announce(ip, ip);
    assert.equal(new Set(await groups()).size, 2000);
    for (const ip of ips) node.announcer.withdraw(ip);
    assert.equal((await groups()).filter((line) => line.startsWith("leave 1 ")).length, 2000);
  });
});
