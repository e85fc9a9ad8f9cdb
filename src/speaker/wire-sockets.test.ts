import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatAddress, parseAddress } from "../ip/index.ts";
import { type AskingInterface, ETHERTYPE_ARP, ETHERTYPE_IPV6 } from "../layer2/index.ts";
import { createLogger } from "../platform/index.ts";
import { FakeSocket } from "../testing/fake-announcer-sockets.ts";
import { WireSockets } from "./wire-sockets.ts";

const on = (index: number, more: Partial<AskingInterface> = {}): AskingInterface => ({
  index,
  name: `eth${index}`,
  mac: `52:54:00:00:00:0${index}`,
  ipv4: parseAddress(`192.168.1.${index}`)!,
  linkLocal: parseAddress(`fe80::${index}`)!,
  ...more,
});
/** 192.168.1.240 is at 02:00:00:00:00:99, to everybody. */
const claim =
  "ffffffffffff02000000009908060001080006040002020000000099c0a801f0ffffffffffffc0a801f0";

function opened() {
  const sockets: FakeSocket[] = [];
  const heard: string[] = [];
  const lines: string[] = [];
  const told = { floods: 0, failure: undefined as Error | undefined };
  const wire = new WireSockets({
    logger: createLogger({ form: "legacy", write: (line) => lines.push(line) }),
    onSighting: ({ ip, mac, kind }, { name }) =>
      heard.push(`${name} ${mac} ${kind} ${formatAddress(ip)}`),
    onFlood: () => told.floods++,
    openSocket: (options) => {
      if (told.failure !== undefined) throw told.failure;
      const socket = new FakeSocket(options);
      sockets.push(socket);
      return socket;
    },
  });
  return { wire, sockets, heard, lines, told };
}

describe("sockets for questions and claims", () => {
  it("asks for an address on each interface that has one of the family, and closes what is gone", () => {
    const { wire, sockets } = opened();
    wire.setInterfaces([
      on(1),
      { index: 2, name: "eth2", mac: on(2).mac, linkLocal: parseAddress("fe80::2")! },
    ]);
    assert.deepEqual(
      sockets.map(({ options }) => [options.interfaceIndex, options.etherType]),
      [
        [1, ETHERTYPE_ARP],
        [1, ETHERTYPE_IPV6],
        [2, ETHERTYPE_IPV6],
      ],
    );
    assert.equal(wire.ask(parseAddress("192.168.1.240")!), 1);
    assert.equal(wire.ask(parseAddress("fd00::240")!), 2);
    assert.deepEqual(
      sockets.map(({ sent }) => sent.length),
      [1, 1, 1],
    );
    wire.setInterfaces([on(1, { name: "lan0" })]);
    assert.deepEqual(
      sockets.map(({ isOpen }) => isOpen),
      [true, true, false],
    );
    wire.close();
    assert.ok(sockets.every(({ isOpen }) => !isOpen));
  });

  it("tells what it hears by the interface's name of now, and looks at a bounded number of frames", () => {
    const { wire, sockets, heard, told } = opened();
    wire.setInterfaces([on(1)]);
    wire.setInterfaces([on(1, { name: "lan0" })]);
    sockets[0]?.receive(claim);
    assert.deepEqual(heard, ["lan0 02:00:00:00:00:99 claims 192.168.1.240"]);
    for (let turn = 0; turn < 50_000; turn++) sockets[0]?.receive(claim);
    assert.ok(told.floods > 0, "some were not looked at");
    wire.close();
  });

  it("says once that it cannot look, and goes on", () => {
    const { wire, lines, told } = opened();
    told.failure = new Error("not permitted");
    wire.setInterfaces([on(1)]);
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? "", /cannot look at the wire.*eth1|eth1.*cannot look at the wire/);
    wire.setInterfaces([on(1), on(2)]);
    assert.equal(lines.length, 1);
    told.failure = undefined;
    wire.setInterfaces([on(1), on(2)]);
    told.failure = new Error("not permitted");
    wire.setInterfaces([on(1), on(2), on(3)]);
    assert.equal(lines.length, 2, "it is news again");
    wire.close();
  });

  it("RFC 5227 section 2.4: hears ordinary questions from the ranges that are watched, also when these change", () => {
    const { wire, sockets, heard } = opened();
    const filters = () => sockets.map(({ options }) => options.filter.length);
    wire.setInterfaces([on(1)]);
    wire.setRanges([{ first: 1, last: 2 }]);
    const [, ndp, arp] = sockets;
    assert.equal(sockets.length, 3);
    assert.equal((filters()[2] ?? 0) - (filters()[0] ?? 0), 3);
    wire.setRanges([{ first: 1, last: 2 }]);
    assert.equal(sockets.length, 3);
    arp?.receive(claim.replace("06040002", "06040001").replace(/c0a801f0$/, "c0a80101"));
    assert.deepEqual(heard, ["eth1 02:00:00:00:00:99 uses 192.168.1.240"]);
    assert.equal(ndp?.isOpen, true);
    wire.close();
    wire.setRanges([]);
    assert.equal(sockets.length, 3);
  });
});
