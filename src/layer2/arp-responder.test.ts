import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { parseAddress } from "../ip/index.ts";
import { AnnouncedAddresses } from "./announced-addresses.ts";
import { answerArp } from "./arp-responder.ts";
import type { ReceivedFrame } from "./resolution.ts";

const ETH0 = { name: "eth0", mac: "52:54:00:12:34:56" };
const PADDING = "00".repeat(18);
const REQUEST =
  "ffffffffffff00112233445508060001080006040001001122334455c0a80132000000000000c0a801f0";
const ANSWER =
  "00112233445552540012345608060001080006040002525400123456c0a801f0001122334455c0a80132";

const ip = (text: string) => parseAddress(text)!;
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

function announcing(...texts: string[]): AnnouncedAddresses {
  const addresses = new AnnouncedAddresses();
  for (const text of texts) addresses.announce(`default/${text}`, ip(text), "all");
  return addresses;
}

function frame(text: string, more: Partial<ReceivedFrame> = {}): ReceivedFrame {
  return { bytes: Buffer.from(text, "hex"), packetType: 1, ...more };
}

function outcome(received: ReceivedFrame, addresses = announcing("192.168.1.240")): string {
  const answer = answerArp(received, ETH0, addresses);
  return answer.kind === "reply" ? hex(answer.frame) : answer.reason;
}

/** The request with the bytes at an offset replaced. */
function changed(offset: number, bytes: string): string {
  return REQUEST.slice(0, offset * 2) + bytes + REQUEST.slice(offset * 2 + bytes.length);
}

/** No station has such an address; what is answered is true whoever hears it. */
const forgedSenders: [what: string, mac: string][] = [
  ["zero", "000000000000"],
  ["everybody", "ffffffffffff"],
  ["a group", "01005e000001"],
];

describe("ARP responder", () => {
  it("L2-99 L2-95: the request of the specification gets its answer, byte for byte", () => {
    assert.equal(outcome(frame(REQUEST + PADDING)), ANSWER + PADDING);
  });

  it("L2-207: a frame of 42 bytes without padding is answered too", () => {
    assert.equal(outcome(frame(REQUEST)), ANSWER + PADDING);
  });

  it("L2-90: other EtherTypes are ignored", () => {
    assert.equal(outcome(frame(changed(12, "0800"))), "not-arp");
  });

  it("L2-91: truncated frames are errors", () => {
    for (let bytes = 0; bytes < 42; bytes++) {
      assert.equal(outcome(frame(REQUEST.slice(0, bytes * 2))), "error");
    }
  });

  it("L2-91: lengths that are not those of Ethernet and IPv4 are errors, before anything else is looked at", () => {
    for (const lengths of ["0604", "0804", "0610", "0000", "ffff", "0406"]) {
      const odd = changed(18, lengths) + PADDING.repeat(4);
      assert.equal(outcome(frame(odd)), lengths === "0604" ? ANSWER + PADDING : "error");
    }
    assert.equal(outcome(frame(changed(18, "0804").replace("0001", "0002") + PADDING)), "error");
  });

  it("L2-206: what follows the packet, however long, is not looked at", () => {
    assert.equal(outcome(frame(REQUEST + "ff".repeat(1472))), ANSWER + PADDING);
  });

  it("L2-92: replies and other operations are not requests", () => {
    for (const operation of ["0000", "0002", "0003", "0004"]) {
      assert.equal(outcome(frame(changed(20, operation))), "not-a-request");
    }
  });

  it("L2-93 L2-203: frames to another station or to a multicast group are dropped, own unicast is answered", () => {
    assert.equal(outcome(frame(changed(0, "525400aaaaaa"))), "ethernet-destination");
    assert.equal(outcome(frame(changed(0, "01005e000001"))), "ethernet-destination");
    assert.equal(outcome(frame(changed(0, "525400123456"))), ANSWER + PADDING);
  });

  it("L2-94: an address that is not announced gets no answer", () => {
    assert.equal(outcome(frame(changed(38, "c0a801f1"))), "not-announced");
  });

  it("L2-94 L2-74: an address announced on other interfaces only is not answered here", () => {
    const addresses = new AnnouncedAddresses();
    addresses.announce("default/a", ip("192.168.1.240"), new Set(["eth1"]));
    assert.equal(outcome(frame(REQUEST), addresses), "interface-not-matched");
    addresses.announce("default/b", ip("192.168.1.240"), new Set(["eth0"]));
    assert.equal(outcome(frame(REQUEST), addresses), ANSWER + PADDING);
  });

  it("L2-96: the operation is checked before the destination, the destination before the address", () => {
    const foreign = changed(0, "525400aaaaaa");
    assert.equal(
      outcome(frame(foreign.slice(0, 40) + "0002" + foreign.slice(44))),
      "not-a-request",
    );
    assert.equal(outcome(frame(foreign), announcing()), "ethernet-destination");
  });

  it("L2-97: a probe from 0.0.0.0 and a gratuitous request by another station are answered", () => {
    assert.match(outcome(frame(changed(28, "00000000"))), /^001122334455.*0{8}0{36}$/);
    assert.match(outcome(frame(changed(28, "c0a801f0"))), /^001122334455.*c0a801f00{36}$/);
  });

  it("L2-98: the answer goes to the sender inside the packet, not to the Ethernet source", () => {
    assert.equal(outcome(frame(changed(6, "0a0a0a0a0a0a"))), ANSWER + PADDING);
  });

  for (const [what, mac] of forgedSenders) {
    it(`L2-98: a request whose sender is ${what} gets the true answer, sent there and nowhere else`, () => {
      const answer = mac + ANSWER.slice(12, 64) + mac + ANSWER.slice(76) + PADDING;
      assert.equal(outcome(frame(changed(22, mac))), answer);
    });
  }

  it("L2-97: the target's hardware address is not looked at, be it zero, everybody's or another's", () => {
    for (const mac of ["000000000000", "ffffffffffff", "525400aaaaaa"]) {
      assert.equal(outcome(frame(changed(32, mac))), ANSWER + PADDING);
    }
  });

  it("L2-94: nobody's and everybody's address are not announced", () => {
    for (const ip of ["00000000", "ffffffff", "e0000001"]) {
      assert.equal(outcome(frame(changed(38, ip))), "not-announced");
    }
  });

  it("L2-100: the answer carries the MAC of the interface that received the request", () => {
    const on = { name: "eth1", mac: "52:54:00:99:99:99" };
    const answer = answerArp(frame(REQUEST), on, announcing("192.168.1.240"));
    assert.ok(answer.kind === "reply");
    assert.equal(hex(answer.frame.subarray(6, 12)), "525400999999");
    assert.equal(hex(answer.frame.subarray(22, 28)), "525400999999");
  });

  it("L2-201: own frames that come back are dropped", () => {
    assert.equal(outcome(frame(changed(6, "525400123456"))), "own-frame");
    assert.equal(outcome(frame(REQUEST, { packetType: 4 })), "own-frame");
  });

  it("L2-202: a frame of a VLAN is not answered, a priority tag (id 0) is", () => {
    const tagged = (id: string) => REQUEST.slice(0, 24) + "8100" + id + REQUEST.slice(24);
    assert.equal(outcome(frame(REQUEST, { packetType: 3 })), "other-vlan");
    assert.equal(outcome(frame(tagged("0064"))), "other-vlan");
    assert.equal(outcome(frame(tagged("e000"))), ANSWER + PADDING);
    assert.equal(outcome(frame(tagged("00008100e000"))), ANSWER + PADDING);
    assert.equal(outcome(frame(tagged("000081000064"))), "other-vlan");
    assert.equal(outcome(frame(tagged("006481000000"))), "other-vlan");
    assert.equal(outcome(frame(tagged("00008100000081000000"))), "not-arp");
  });

  it("L2-140 L2-101: an accepted request is counted at once, drops are not, the response is left to the sender", () => {
    const addresses = announcing("192.168.1.240");
    outcome(frame(REQUEST), addresses);
    outcome(frame(changed(0, "525400aaaaaa")), addresses);
    outcome(frame(changed(38, "c0a801f1")), addresses);
    assert.deepEqual(
      [...addresses.counters()],
      [["192.168.1.240", { requestsReceived: 1, responsesSent: 0, gratuitousSent: 0 }]],
    );
  });

  it("L2-94: never answers for an address that is not announced, whatever arrives", () => {
    const anyTarget = fc.nat(0xff).map((low) => `192.168.1.${low}`);
    const anyTail = fc.uint8Array({ minLength: 0, maxLength: 60 });
    fc.assert(
      fc.property(fc.uniqueArray(anyTarget), anyTail, fc.nat(0xff), (announced, tail, low) => {
        const bytes = Buffer.concat([
          Buffer.from(changed(38, "c0a801"), "hex").subarray(0, 41),
          Buffer.from([low]),
          tail,
        ]);
        const answered = answerArp({ bytes, packetType: 0 }, ETH0, announcing(...announced));
        assert.equal(answered.kind === "reply", announced.includes(`192.168.1.${low}`));
      }),
    );
    fc.assert(
      fc.property(anyTail, (bytes) => {
        assert.equal(answerArp({ bytes, packetType: 0 }, ETH0, announcing()).kind, "drop");
      }),
    );
  });
});
