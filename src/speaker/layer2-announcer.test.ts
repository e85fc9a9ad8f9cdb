import assert from "node:assert/strict";
import { beforeEach, describe, it, mock } from "node:test";
import { parseAddress } from "../ip/index.ts";
import type { NetworkInterface } from "../layer2/index.ts";
import { createLogger, type PacketSocketOptions } from "../platform/index.ts";
import { Layer2Announcer } from "./layer2-announcer.ts";

const VIP = parseAddress("192.168.1.240")!;
const PADDING = "00".repeat(18);
const REQUEST =
  "ffffffffffff00112233445508060001080006040001001122334455c0a80132000000000000c0a801f0";

function link(index: number, more: Partial<NetworkInterface> = {}): NetworkInterface {
  return {
    index,
    name: `eth${index}`,
    mac: `52:54:00:00:00:0${index}`,
    isUp: true,
    canBroadcast: true,
    hasNoArp: false,
    operState: "up",
    addresses: [],
    ...more,
  };
}

class FakeSocket {
  readonly options: PacketSocketOptions;
  readonly sent: string[] = [];
  isOpen = true;
  takesFrames = true;

  constructor(options: PacketSocketOptions) {
    this.options = options;
  }

  send(frame: Uint8Array): boolean {
    if (this.takesFrames) this.sent.push(Buffer.from(frame).toString("hex"));
    return this.takesFrames;
  }

  close(): void {
    this.isOpen = false;
  }

  receive(hex: string): void {
    this.options.onFrame({ bytes: Buffer.from(hex, "hex"), packetType: 1 });
  }
}

describe("layer 2 announcer", () => {
  let sockets: FakeSocket[];
  let lines: Record<string, string>[];
  let failure: Error | undefined;
  let announcer: Layer2Announcer;

  const opened = (index: number) =>
    sockets.filter(({ options }) => options.interfaceIndex === index);
  const logged = (msg: string) => lines.filter((line) => line["msg"]?.includes(msg));

  function announcerWith(options: { logsRequests?: boolean } = {}): Layer2Announcer {
    return new Layer2Announcer({
      ...options,
      logger: createLogger({ form: "legacy", write: (line) => lines.push(JSON.parse(line)) }),
      openSocket: (socketOptions) => {
        if (failure !== undefined) throw failure;
        const socket = new FakeSocket(socketOptions);
        sockets.push(socket);
        return socket;
      },
    });
  }

  beforeEach((context) => {
    mock.timers.enable({ apis: ["setTimeout"] });
    if ("after" in context) context.after(() => mock.timers.reset());
    sockets = [];
    lines = [];
    failure = undefined;
    announcer = announcerWith();
  });

  it("L2-80 L2-156: each fitting interface gets a responder, said in the log", () => {
    announcer.setInterfaces([link(1), link(2, { isUp: false }), link(3)]);
    assert.deepEqual(
      sockets.map(({ options }) => options.interfaceIndex),
      [1, 3],
    );
    const made = logged("created ARP responder for interface").map((line) => line["interface"]);
    assert.deepEqual(made, ["eth1", "eth3"]);
  });

  it("L2-95 L2-141: an announced address is answered on the interface that asks, and counted", () => {
    announcer.setInterfaces([link(1), link(2)]);
    announcer.announce("shop/web", VIP, "all");
    opened(2)[0]?.receive(REQUEST);
    assert.match(opened(2)[0]?.sent.at(-1) ?? "", /^001122334455525400000002/);
    const counters = announcer.addresses.counters().get("192.168.1.240");
    assert.equal(counters?.responsesSent, 1);
  });

  it("L2-101: a response that could not be sent counts as a request only", () => {
    announcer.setInterfaces([link(1)]);
    announcer.announce("shop/web", VIP, "all");
    const [socket] = opened(1);
    assert.ok(socket);
    socket.takesFrames = false;
    socket.receive(REQUEST);
    const { requestsReceived, responsesSent } = announcer.addresses
      .counters()
      .get("192.168.1.240")!;
    assert.deepEqual([requestsReceived, responsesSent], [1, 0]);
  });

  it("L2-130 L2-142: announcing sends both forms on every interface and counts each frame", () => {
    announcer.setInterfaces([link(1), link(2)]);
    announcer.announce("shop/web", VIP, "all");
    assert.equal(opened(1)[0]?.sent.length, 2);
    assert.equal(opened(2)[0]?.sent.length, 2);
    assert.equal(announcer.addresses.counters().get("192.168.1.240")?.gratuitousSent, 4);
    assert.ok(opened(1)[0]?.sent[0]?.endsWith(PADDING));
  });

  it("L2-137: an interface that takes no frames does not keep the round from the others", () => {
    announcer.setInterfaces([link(1), link(2)]);
    opened(1)[0]!.takesFrames = false;
    announcer.announce("shop/web", VIP, "all");
    assert.equal(opened(2)[0]?.sent.length, 2);
  });

  it("L2-73 L2-76: a withdrawn address is silent at once", () => {
    announcer.setInterfaces([link(1)]);
    announcer.announce("shop/web", VIP, "all");
    announcer.withdraw("shop/web");
    opened(1)[0]?.receive(REQUEST);
    assert.equal(opened(1)[0]?.sent.length, 2);
  });

  it("L2-83: an interface that no longer fits loses its responder", () => {
    announcer.setInterfaces([link(1), link(2)]);
    announcer.setInterfaces([link(1), link(2, { masterIndex: 9 })]);
    assert.deepEqual([opened(1)[0]?.isOpen, opened(2)[0]?.isOpen], [true, false]);
  });

  it("L2-87: a changed MAC address is used for answers and announced, without a new socket", () => {
    announcer.setInterfaces([link(1)]);
    announcer.announce("shop/web", VIP, "all");
    announcer.setInterfaces([link(1, { mac: "02:00:00:00:00:99" })]);
    assert.equal(opened(1).length, 1);
    const socket = opened(1)[0]!;
    assert.match(socket.sent[2] ?? "", /^ffffffffffff020000000099/);
    socket.receive(REQUEST);
    assert.match(socket.sent.at(-1) ?? "", /^001122334455020000000099/);
  });

  it("L2-87: a new interface and one that got its carrier send a burst, an unchanged one does not", () => {
    announcer.setInterfaces([link(1)]);
    announcer.announce("shop/web", VIP, "all");
    announcer.setInterfaces([link(1), link(2, { operState: "lowerlayerdown" })]);
    assert.deepEqual([opened(1)[0]?.sent.length, opened(2)[0]?.sent.length], [2, 2]);
    announcer.setInterfaces([link(1), link(2)]);
    assert.deepEqual([opened(1)[0]?.sent.length, opened(2)[0]?.sent.length], [2, 4]);
  });

  it("L2-87 L2-80: a renamed interface keeps its socket and its burst, one of the same name but another index does not", () => {
    announcer.setInterfaces([link(1)]);
    announcer.announce("shop/web", VIP, "all");
    announcer.setInterfaces([link(1, { name: "lan0" })]);
    assert.equal(opened(1).length, 1);
    assert.equal(opened(1)[0]?.sent.length, 4);
    announcer.setInterfaces([link(2, { name: "lan0" })]);
    assert.equal(opened(1)[0]?.isOpen, false);
    assert.equal(opened(2)[0]?.sent.length, 2);
  });

  it("L2-139: rounds of thousands of addresses go out over many turns, and none after closing", async () => {
    announcer.setInterfaces([link(1)]);
    for (let i = 0; i < 1000; i++) {
      announcer.announce(`shop/${i}`, { family: 4, value: BigInt(i) }, "all");
    }
    const { sent } = opened(1)[0]!;
    assert.equal(sent.length, 2000);
    mock.timers.tick(1100);
    assert.ok(sent.length < 2200, `${sent.length - 2000} frames in one turn`);
    while (sent.length < 4000) await new Promise((turn) => setImmediate(turn));
    mock.timers.tick(1100);
    const before = sent.length;
    announcer.close();
    await new Promise((turn) => setImmediate(turn));
    assert.equal(sent.length, before);
  });

  it("L2-84 L2-163: a socket that is not allowed is explained once per change, tried again, and the rest goes on", () => {
    failure = Object.assign(new Error("socket: EPERM"), { code: "EPERM" });
    announcer.setInterfaces([link(1)]);
    announcer.announce("shop/web", VIP, "all");
    const told = () => logged("failed to create ARP responder");
    assert.match(told()[0]?.["error"] ?? "", /CAP_NET_RAW.*securityContext\.capabilities\.add/);
    mock.timers.tick(30_000);
    assert.equal(told().length, 1);
    announcer.setInterfaces([link(1, { operState: "down" })]);
    assert.equal(told().length, 2);
    failure = undefined;
    mock.timers.tick(10_000);
    assert.equal(opened(1).length, 1);
    assert.equal(opened(1)[0]?.sent.length, 2);
  });

  it("L2-205: a socket that failed is replaced shortly after, if the interface is still wanted", () => {
    announcer.setInterfaces([link(1)]);
    opened(1)[0]?.options.onFailure(
      Object.assign(new Error("recvfrom: ENETDOWN"), { code: "ENETDOWN", name: "SystemCallError" }),
    );
    assert.equal(logged("deleted ARP responder").length, 1);
    mock.timers.tick(1000);
    assert.equal(opened(1).length, 2);
  });

  it("L2-205: a socket that failed because its interface is gone is not replaced", () => {
    announcer.setInterfaces([link(1)]);
    announcer.setInterfaces([]);
    mock.timers.tick(60_000);
    assert.equal(opened(1).length, 1);
    assert.equal(opened(1)[0]?.isOpen, false);
  });

  it("L2-156: requests are logged only when asked for", () => {
    announcer.setInterfaces([link(1)]);
    announcer.announce("shop/web", VIP, "all");
    opened(1)[0]?.receive(REQUEST);
    assert.equal(logged("got ARP request").length, 0);
    const talkative = announcerWith({ logsRequests: true });
    talkative.setInterfaces([link(5)]);
    talkative.announce("shop/web", VIP, "all");
    opened(5)[0]?.receive(REQUEST);
    const [line] = logged("got ARP request for service IP, sending response");
    assert.equal(line?.["senderIP"], "192.168.1.50");
  });

  it("L2-161: closing stops answers and rounds, and sends nothing", () => {
    announcer.setInterfaces([link(1)]);
    announcer.announce("shop/web", VIP, "all");
    announcer.close();
    mock.timers.tick(60_000);
    assert.equal(opened(1)[0]?.sent.length, 2);
    assert.equal(opened(1)[0]?.isOpen, false);
  });
});
