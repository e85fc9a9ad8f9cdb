import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { InterfaceTable } from "./interface-table.ts";
import { dumpRequest, type NetlinkMessage, parseNetlink, RTM_GETLINK } from "./netlink-messages.ts";

/** Captured on Linux 6.18; of links only the attributes address, name, operstate, master and one more are kept. */
const CAPTURED = {
  lo: "4400000010000200000000008f24000000000403010000000800000000000000070003006c6f000008000d00e803000005001000020000000a0001000000000000000000",
  done: "1400000003000200000000008f24000000000000",
  linkDown:
    "44000000100000000000000000000000000001000300000002100000ffffffff070003007630000008000d00e803000005001000020000000a00010076ea91a05c140000",
  linkUp:
    "4400000010000000000000000000000000000100030000000310000001000000070003007630000008000d00e803000005001000030000000a00010076ea91a05c140000",
  address:
    "4c000000140000009758036b9b2400000218800003000000080001000a010203080002000a0102030700030076300000080008008000000014000600fffffffffffffffffe430400fe430400",
  inBridge:
    "4c00000010000000000000000000000000000100030000000310000000000000070003007630000008000d00e8030000050010000300000008000a00040000000a00010076ea91a05c140000",
  bridgePort:
    "4400000010000000000000000000000007000100030000000310000000000000070003007630000008000a000400000005001000030000000a00010076ea91a05c140000",
  bridgePortGone:
    "4400000011000000000000000000000007000100030000000310000000000000070003007630000008000a000400000005001000030000000a00010076ea91a05c140000",
  addressGone:
    "4c000000150000009758036ba32400000218800003000000080001000a010203080002000a0102030700030076300000080008008000000014000600fffffffffffffffffe430400fe430400",
  linkLocal:
    "500000001400000000000000000000000a4080fd0300000014000100fe800000000000006c7a8cfffe429d3a14000600ffffffffffffffffd8b01400d8b01400080008008000000005000b0003000000",
  linkGone:
    "44000000110000000000000000000000000001000300000002100000ffffffff070003007630000008000d00e803000005001000020000000a00010076ea91a05c140000",
};

const parse = (...hex: string[]) => parseNetlink(Buffer.from(hex.join(""), "hex"));

function isOfTable(message: NetlinkMessage): message is Parameters<InterfaceTable["apply"]>[0] {
  return !["done", "interrupted", "error"].includes(message.kind);
}

/** The table after these messages. */
function tableAfter(...hex: string[]): InterfaceTable {
  const table = new InterfaceTable();
  for (const message of parse(...hex)) {
    if (isOfTable(message)) table.apply(message);
  }
  return table;
}

describe("netlink messages", () => {
  it("L2-211: a captured link is read with index, name, flags, MAC and state", () => {
    assert.deepEqual(parse(CAPTURED.linkUp), [
      {
        kind: "link",
        link: {
          index: 3,
          name: "v0",
          flags: 0x1003,
          mac: "76:ea:91:a0:5c:14",
          operState: "lowerlayerdown",
        },
      },
    ]);
  });

  it("L2-81: membership in a bridge is read from the link itself, not from the bridge's own messages", () => {
    const [link] = parse(CAPTURED.inBridge);
    assert.equal(link?.kind === "link" && link.link.masterIndex, 4);
    assert.deepEqual(parse(CAPTURED.bridgePort, CAPTURED.bridgePortGone), []);
  });

  it("L2-183 L2-87: what a wireless driver says about a link leaves its MAC address and state as they were", () => {
    // SIOCGIWSCAN of wext-core: the link's name and the event, and nothing of what the link is.
    const scanned =
      "30000000100000000000000000000000000001000300000003100000000000000700030076300000" +
      "08000b00198b0000";
    assert.deepEqual(parse(scanned), []);
    const [before, after] = [tableAfter(CAPTURED.linkUp), tableAfter(CAPTURED.linkUp, scanned)];
    assert.deepEqual(after.interfaces(), before.interfaces());
  });

  it("L2-211: captured addresses come and go", () => {
    assert.deepEqual(parse(CAPTURED.address, CAPTURED.addressGone), [
      { kind: "address", index: 3, address: "10.1.2.3", subnet: "10.1.2.0/24", isTentative: false },
      { kind: "address-gone", index: 3, address: "10.1.2.3", subnet: "10.1.2.0/24" },
    ]);
  });

  it("an address with a peer is in the subnet of the peer, as the kernel's route says", () => {
    const withPeer = CAPTURED.address.replace("080001000a010203", "08000100c0a80501");
    assert.notEqual(withPeer, CAPTURED.address);
    assert.deepEqual(parse(withPeer), [
      {
        kind: "address",
        index: 3,
        address: "10.1.2.3",
        subnet: "192.168.5.0/24",
        isTentative: false,
      },
    ]);
  });

  it("L2-110 L2-87: an IPv6 address is not in use while it is tentative, or where it was found taken", () => {
    const address = "fe80::6c7a:8cff:fe42:9d3a";
    const withFlags = (flags: string) => CAPTURED.linkLocal.replace("0a4080fd", `0a40${flags}fd`);
    for (const [flags, isTentative] of [
      ["80", false],
      ["c0", true], // dumped while detection runs
      ["c4", false], // optimistic (RFC 4429)
      ["c8", true], // detection failed
      ["88", true],
    ] as const) {
      assert.deepEqual(parse(withFlags(flags)), [
        { kind: "address", index: 3, address, subnet: "fe80::/64", isTentative },
      ]);
    }
    const addresses = (...hex: string[]) => tableAfter(...hex).interfaces()[0]?.addresses;
    assert.deepEqual(addresses(CAPTURED.linkUp, withFlags("c0")), []);
    assert.deepEqual(addresses(CAPTURED.linkUp, withFlags("c0"), CAPTURED.linkLocal), [address]);
    assert.deepEqual(addresses(CAPTURED.linkUp, CAPTURED.linkLocal, withFlags("c8")), []);
  });

  it("L2-80: the end of a dump and a deleted link are read", () => {
    assert.deepEqual(parse(CAPTURED.done), [{ kind: "done" }]);
    const interrupted = CAPTURED.done.replace("03000200", "03001200");
    assert.deepEqual(parse(interrupted), [{ kind: "interrupted" }, { kind: "done" }]);
    // Of a long dump the kernel marks the message that it went on with after the change, and not the last one.
    const link = CAPTURED.linkUp.replace("4400000010000000", "4400000010001200");
    const kinds = parse(link, CAPTURED.done).map(({ kind }) => kind);
    assert.deepEqual(kinds, ["interrupted", "link", "done"]);
    assert.deepEqual(parse(CAPTURED.linkGone), [{ kind: "link-gone", index: 3 }]);
  });

  it("L2-80: a dump request asks for everything", () => {
    const expected = "20000000120001030000000000000000".padEnd(64, "0");
    assert.equal(dumpRequest(RTM_GETLINK).toString("hex"), expected);
  });

  it("L2-205: truncated and random bytes never throw", () => {
    const whole = Buffer.from(Object.values(CAPTURED).join(""), "hex");
    for (let length = 0; length <= whole.length; length++) parseNetlink(whole.subarray(0, length));
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 120 }),
        (bytes) => void parseNetlink(Buffer.from(bytes)),
      ),
    );
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
        const broken = Buffer.from(whole);
        broken[at] = byte;
        parseNetlink(broken);
      }),
    );
  });
});

describe("interface table", () => {
  it("L2-81: tells what the checks of an interface need", () => {
    const [lo, v0] = tableAfter(CAPTURED.lo, CAPTURED.linkUp, CAPTURED.address).interfaces();
    assert.deepEqual([lo?.name, lo?.canBroadcast, lo?.hasNoArp], ["lo", false, false]);
    assert.deepEqual(v0, {
      index: 3,
      name: "v0",
      mac: "76:ea:91:a0:5c:14",
      isUp: true,
      canBroadcast: true,
      hasNoArp: false,
      operState: "lowerlayerdown",
      addresses: ["10.1.2.3"],
      subnets: ["10.1.2.0/24"],
    });
  });

  it("L2-87: follows links and addresses as they change and go", () => {
    const isUp = (...hex: string[]) => tableAfter(...hex).interfaces()[0]?.isUp;
    assert.equal(isUp(CAPTURED.linkDown), false);
    assert.equal(isUp(CAPTURED.linkDown, CAPTURED.linkUp), true);
    const bridged = tableAfter(CAPTURED.linkUp, CAPTURED.inBridge).interfaces()[0];
    assert.equal(bridged?.masterIndex, 4);
    const table = tableAfter(CAPTURED.linkUp, CAPTURED.address, CAPTURED.linkGone, CAPTURED.linkUp);
    assert.deepEqual(table.interfaces()[0]?.addresses, []);
  });

  it("L2-87: an address that is there with two prefixes stays when one of them goes", () => {
    const ofOne = (hex: string) => hex.replace("02188000", "02208000");
    const both = [CAPTURED.linkUp, CAPTURED.address, ofOne(CAPTURED.address)];
    const told = (...hex: string[]) => {
      const [found] = tableAfter(...hex).interfaces();
      return [found?.addresses, found?.subnets];
    };
    assert.deepEqual(told(...both), [["10.1.2.3"], ["10.1.2.0/24", "10.1.2.3/32"]]);
    assert.deepEqual(told(...both, ofOne(CAPTURED.addressGone)), [["10.1.2.3"], ["10.1.2.0/24"]]);
    assert.deepEqual(told(...both, CAPTURED.addressGone), [["10.1.2.3"], ["10.1.2.3/32"]]);
  });

  it("L2-87: a message that repeats what is known changes nothing", () => {
    const table = tableAfter(CAPTURED.linkUp, CAPTURED.address);
    for (const message of parse(CAPTURED.linkUp, CAPTURED.address)) {
      if (isOfTable(message)) assert.equal(table.apply(message), false);
    }
  });
});
