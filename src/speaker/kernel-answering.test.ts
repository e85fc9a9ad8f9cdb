import assert from "node:assert/strict";
import { beforeEach, describe, it, mock } from "node:test";
import { parseAddress } from "../ip/index.ts";
import { BpfError } from "../platform/index.ts";
import { FakeKernel, FakeNode, link } from "../testing/fake-announcer-sockets.ts";

const VIP = "192.0.2.1";
const QUESTION =
  "ffffffffffff00112233445508060001080006040001001122334455c0000232000000000000c0000201";

describe("answering in the kernel", () => {
  let kernel: FakeKernel;
  let node: FakeNode;
  let patienceMs: number | undefined;
  const announce = (service: string, text: string, on: "all" | ReadonlySet<string> = "all") =>
    node.announcer.announce(service, parseAddress(text)!, on);
  const announced = () => Object.fromEntries(kernel.announced);

  beforeEach((context) => {
    mock.timers.enable({ apis: ["setTimeout"] });
    if ("after" in context) context.after(() => mock.timers.reset());
    kernel = new FakeKernel();
    patienceMs = undefined;
    const way = { way: "kernel", reason: "possible", explanation: "it can", kernel } as const;
    node = new FakeNode({ way, patienceMs: () => patienceMs });
  });

  it("L2-81 L2-110: the kernel gets the interfaces of ARP, with the link-local address of those that do NDP", () => {
    const noBroadcast = link(3, { canBroadcast: false });
    node.setInterfaces([link(1), link(2, { addresses: [] }), noBroadcast]);
    const ll = parseAddress("fe80::1");
    assert.deepEqual(kernel.links, [
      { index: 1, name: "eth1", mac: "52:54:00:00:00:01", linkLocal: ll },
      { index: 2, name: "eth2", mac: "52:54:00:00:00:02", linkLocal: undefined },
    ]);
    assert.deepEqual(
      node.announcer.counts().map(({ interfaces }) => interfaces),
      [
        ["eth1", "eth2"],
        ["eth1", "eth3"],
      ],
    );
  });

  it("L2-85: interfaces that are excluded are not the kernel's either", () => {
    const way = { way: "kernel", reason: "possible", explanation: "", kernel } as const;
    node = new FakeNode({ way });
    node.setInterfaces([link(1), link(2)], /^eth2$/);
    assert.deepEqual(
      kernel.links.map(({ name }) => name),
      ["eth1"],
    );
  });

  it("L2-71 L2-73: an address is answered where any of its services announces it, and no longer than that", () => {
    announce("shop/a", VIP, new Set(["eth1"]));
    assert.deepEqual(announced(), { [VIP]: new Set(["eth1"]) });
    announce("shop/b", VIP, new Set(["eth2"]));
    assert.deepEqual(announced(), { [VIP]: new Set(["eth1", "eth2"]) });
    announce("shop/c", VIP);
    assert.deepEqual(announced(), { [VIP]: "all" });
    node.announcer.withdraw("shop/c");
    assert.deepEqual(announced(), { [VIP]: new Set(["eth1", "eth2"]) });
    announce("shop/a", VIP, new Set(["eth3"]));
    assert.deepEqual(announced(), { [VIP]: new Set(["eth2", "eth3"]) });
    node.announcer.withdraw("shop/b");
    node.announcer.withdraw("shop/a");
    assert.deepEqual(announced(), {});
  });

  it("L2-87 L2-130: the kernel knows an address and a MAC address before anybody is told of it", () => {
    node.setInterfaces([link(1)]);
    const socket = node.opened(1, 0x0806)[0]!;
    const known: unknown[] = [];
    socket.send = () => {
      known.push([kernel.announced.has(VIP), kernel.links[0]?.mac]);
      return true;
    };
    announce("shop/a", VIP);
    node.setInterfaces([link(1, { mac: "02:00:00:00:00:99" })]);
    const both = [true, "52:54:00:00:00:01"];
    const later = [true, "02:00:00:00:00:99"];
    assert.deepEqual(known, [both, both, later, later]);
  });

  it("a beat holds as long as others are patient with us, at most 3 s, and is renewed at half that", () => {
    const pass = (ms: number) => {
      for (let passed = 0; passed < ms; passed += 10) {
        node.nowMs += 10;
        mock.timers.tick(10);
      }
    };
    node.announcer.isAwake();
    assert.deepEqual(kernel.beats, [], "nothing is answered yet");
    node.setInterfaces([link(1)]);
    assert.deepEqual(kernel.beats, [3000]);
    pass(3000);
    assert.deepEqual(kernel.beats, [3000, 3000, 3000]);
    patienceMs = 440;
    pass(1500 + 440);
    assert.deepEqual(kernel.beats.slice(3), [440, 440, 440]);
    patienceMs = 10_000;
    pass(220);
    assert.equal(kernel.beats.at(-1), 3000);
    node.announcer.close();
    const beats = kernel.beats.length;
    pass(6000);
    node.announcer.isAwake();
    assert.equal(kernel.beats.length, beats);
  });

  it("who is awake anyway is not woken for a beat, and beats no more often than four times in what one holds", () => {
    patienceMs = 400;
    node.setInterfaces([link(1)]);
    for (let turn = 0; turn < 40; turn++) {
      node.nowMs += 10;
      mock.timers.tick(10);
      node.announcer.isAwake();
    }
    assert.equal(kernel.beats.length, 1 + 4);
    node.nowMs += 190;
    mock.timers.tick(190);
    assert.equal(kernel.beats.length, 1 + 4, "the timer began anew with each beat");
  });

  it("an address without room is named once, counted, answered by user space, and gets the room of the next that goes", () => {
    kernel.room = 1;
    node.setInterfaces([link(1)]);
    announce("shop/a", "192.0.2.9");
    announce("shop/b", VIP);
    announce("shop/c", "192.0.2.2");
    const told = () => node.logged("the kernel has no room");
    assert.deepEqual([told().length, told()[0]?.["ip"]], [1, VIP]);
    assert.equal(node.announcer.kernelCounts()?.troubles.get("no-room"), 2);
    assert.equal(node.announcer.kernelStatus()?.withoutRoom, 2);
    node.opened(1, 0x0806)[0]!.receive(QUESTION);
    assert.equal(node.announcer.addresses.counters().get(VIP)?.responsesSent, 1);
    node.announcer.withdraw("shop/c");
    assert.equal(node.announcer.kernelStatus()?.withoutRoom, 1);
    node.announcer.withdraw("shop/a");
    assert.deepEqual(announced(), { [VIP]: "all" });
    assert.equal(node.announcer.kernelStatus()?.withoutRoom, 0);
    announce("shop/d", "192.0.2.4");
    assert.equal(told().length, 2, "it is news again");
    assert.equal(node.announcer.way.way, "kernel");
  });

  it("an interface that the kernel cannot serve is told once while it lasts, and is user space's", () => {
    kernel.troubles.push({ name: "eth2", error: new Error("no such device") });
    node.setInterfaces([link(1), link(2)]);
    node.setInterfaces([link(1), link(2)]);
    const told = node.logged("the kernel does not answer on this interface");
    assert.deepEqual(
      told.map((line) => [line["interface"], line["error"]]),
      [["eth2", "no such device"]],
    );
    const { interfaces, leftToUserSpace } = node.announcer.kernelStatus()!;
    assert.deepEqual(interfaces, ["eth1"]);
    assert.deepEqual(leftToUserSpace, [{ name: "eth2", error: "no such device" }]);
    assert.equal(node.announcer.kernelCounts()?.troubles.get("interface"), 1);
    assert.equal(node.opened(2, 0x0806).length, 1);
  });

  const calls: [what: string, call: () => void][] = [
    ["an announcement", () => announce("shop/b", "192.0.2.2")],
    ["a withdrawal", () => node.announcer.withdraw("shop/a")],
    ["interfaces", () => node.setInterfaces([link(1), link(2)])],
    ["a beat", () => mock.timers.tick(1500)],
    ["a look at its counters", () => node.announcer.kernelCounts()],
  ];
  for (const [what, call] of calls) {
    it(`when the kernel refuses ${what}, its part ends, which is said once, and user space carries on`, () => {
      node.setInterfaces([link(1)]);
      announce("shop/a", VIP);
      kernel.answered.set(VIP, 7);
      assert.equal(node.announcer.kernelCounts()?.answers.get(VIP), 7);
      kernel.failure = new BpfError("write to the BPF map l2_ipv4", "ENOMEM");
      call();
      assert.equal(kernel.isOpen, false);
      const [line, ...others] = node.logged("the kernel refused");
      assert.match(line?.["error"] ?? "", /^cannot write to the BPF map l2_ipv4: ENOMEM: /);
      const { way, reason, explanation } = node.announcer.way;
      assert.deepEqual([way, reason], ["packet", "gave-up"]);
      assert.match(explanation, /ENOMEM/);
      announce("shop/c", VIP);
      mock.timers.tick(10_000);
      node.opened(1, 0x0806)[0]!.receive(QUESTION);
      assert.equal(node.announcer.addresses.counters().get(VIP)?.responsesSent, 1);
      assert.deepEqual(others.concat(node.logged("the kernel refused").slice(1)), []);
      const { answers, troubles } = node.announcer.kernelCounts()!;
      assert.deepEqual([answers.get(VIP), troubles.get("gave-up")], [7, 1]);
      assert.equal(node.announcer.kernelStatus(), undefined);
    });
  }

  it("L2-161: closing ends the kernel's answers, and what was counted stays", () => {
    node.setInterfaces([link(1)]);
    announce("shop/a", VIP);
    kernel.answered.set(VIP, 3);
    node.announcer.close();
    assert.equal(kernel.isOpen, false);
    assert.equal(node.announcer.kernelCounts()?.answers.get(VIP), 3);
    assert.deepEqual(node.logged("refused"), []);
  });
});
