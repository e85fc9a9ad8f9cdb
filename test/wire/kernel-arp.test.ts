/** The kernel answers ARP exactly when and as user space does: the same frames are put to both. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import * as fc from "fast-check";
import type { KernelDropReason } from "../../src/bpf/index.ts";
import { parseAddress } from "../../src/ip/index.ts";
import { AnnouncedAddresses, ETHERTYPE_ARP, type InterfaceSet } from "../../src/layer2/index.ts";
import { answerArp } from "../../src/layer2/arp-responder.ts";
import { ARP_REQUEST_FILTER, KernelResponder, PacketSocket } from "../../src/platform/index.ts";
import { enterPrivateNetwork } from "../../src/testing/index.ts";
import { requireKernelPrograms } from "../../src/testing/kernel-rights.ts";
import { PrivateWire, stayOnOneProcessor } from "../../src/testing/private-wire.ts";

const MAC = "525400123456";
const CLIENT = "001122334455";
const ALL_ONES = "ffffffffffff";
const VIP = "192.168.1.240";
/** Announced on another interface only. */
const ELSEWHERE = "192.168.1.241";
/** Only user space knows it, so that its answer comes behind all that user space was asked before. */
const LAST = "192.168.1.250";

/** A station that answers at the near end of its own cable. */
class Station {
  readonly wire: PrivateWire;
  readonly kernel: KernelResponder | undefined;
  answeredByUserSpace = 0;
  readonly #addresses = new AnnouncedAddresses();
  readonly #socket: PacketSocket;
  #asked = 0;

  static async open(name: string, kernel?: KernelResponder): Promise<Station> {
    return new Station(await PrivateWire.lay(name, MAC.replace(/..(?=.)/g, "$&:")), kernel);
  }

  private constructor(wire: PrivateWire, kernel?: KernelResponder) {
    this.wire = wire;
    this.kernel = kernel;
    const { near } = wire;
    if (kernel !== undefined) assert.deepEqual(kernel.setInterfaces([near]), []);
    this.#socket = new PacketSocket({
      interfaceIndex: near.index,
      etherType: ETHERTYPE_ARP,
      filter: ARP_REQUEST_FILTER,
      onFrame: (frame) => {
        const outcome = answerArp(frame, near, this.#addresses);
        if (outcome.kind !== "reply") return;
        this.answeredByUserSpace++;
        this.#socket.send(outcome.frame);
      },
      onFailure: (error) => assert.fail(error),
    });
    this.announce(VIP, "all");
    this.announce(ELSEWHERE, new Set(["another0"]));
    this.#addresses.announce(LAST, parseAddress(LAST)!, "all");
  }

  announce(text: string, interfaces: InterfaceSet): void {
    this.#addresses.announce(text, parseAddress(text)!, interfaces);
    this.kernel?.announce(parseAddress(text)!, interfaces);
  }

  /** What comes back for a frame, in hex, and whether user space sent it. */
  async ask(frame: string): Promise<{ answers: string[]; isUserSpace: boolean }> {
    const before = this.answeredByUserSpace;
    const mark = (0x0b00_0000 + this.#asked++).toString(16).padStart(8, "0");
    this.wire.send(frame);
    this.wire.send(request({ targetIp: "c0a801fa", senderIp: mark }));
    const answers = await this.wire.until((arrived) => arrived.slice(76, 84) === mark);
    return { answers, isUserSpace: this.answeredByUserSpace - before > 1 };
  }

  close(): void {
    this.#socket.close();
    this.kernel?.close();
    this.wire.close();
  }
}

const FIELDS = {
  destination: ALL_ONES,
  source: CLIENT,
  tags: "",
  etherType: "0806",
  hardwareType: "0001",
  protocolType: "0800",
  lengths: "0604",
  operation: "0001",
  senderMac: CLIENT,
  senderIp: "c0a80132",
  targetMac: "000000000000",
  targetIp: "c0a801f0",
  padding: "",
};
type Fields = typeof FIELDS;

const request = (changed: Partial<Fields> = {}): string =>
  Object.values({ ...FIELDS, ...changed }).join("");

const anyHex = (bytes: number) =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((b) => Buffer.from(b).toString("hex"));
const anyMac = fc.oneof(
  fc.constantFrom(CLIENT, MAC, ALL_ONES, "000000000000", "01005e000001", "5254001234ff"),
  anyHex(6),
);
const anyTag = fc.constantFrom(
  "81000000",
  "8100e000",
  "81000064",
  "81000fff",
  "88a80000",
  "88a80064",
);
const often = <T>(usual: T, other: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: other });

/** Requests that are right but for one field in five. */
const anyRequest: fc.Arbitrary<Fields> = fc.record({
  destination: fc.oneof(fc.constantFrom(ALL_ONES, MAC), anyMac),
  source: often(CLIENT, anyMac),
  tags: often(
    "",
    fc.array(anyTag, { maxLength: 3 }).map((tags) => tags.join("")),
  ),
  etherType: often("0806", fc.constantFrom("0800", "86dd", "8035")),
  hardwareType: often("0001", anyHex(2)),
  protocolType: often("0800", anyHex(2)),
  lengths: often("0604", fc.oneof(fc.constantFrom("0804", "0610", "0406", "0000"), anyHex(2))),
  operation: often("0001", fc.oneof(fc.constantFrom("0000", "0002", "0003", "0100"), anyHex(2))),
  senderMac: anyMac,
  senderIp: fc.oneof(fc.constantFrom("c0a80132", "00000000", "c0a801f0", "ffffffff"), anyHex(4)),
  targetMac: anyMac,
  targetIp: often("c0a801f0", fc.oneof(fc.constantFrom("c0a801f1", "c0a801f2"), anyHex(4))),
  padding: fc.oneof(
    fc.constantFrom("", "00".repeat(18)),
    fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString("hex")),
    fc.constant("ff".repeat(1400)),
  ),
});

describe("ARP answered in the kernel", () => {
  let both: Station;
  let userSpace: Station;

  before(async () => {
    requireKernelPrograms();
    enterPrivateNetwork();
    stayOnOneProcessor();
    both = await Station.open("both0", KernelResponder.open({ heartbeatLimitMs: 600_000 }));
    userSpace = await Station.open("user0");
  });
  after(() => {
    both?.close();
    userSpace?.close();
  });

  /** Puts the frame to both stations; the result says who answered. */
  async function compare(frame: string): Promise<"kernel" | "user space" | "nobody"> {
    const expected = await userSpace.ask(frame);
    const found = await both.ask(frame);
    assert.deepEqual(found.answers, expected.answers);
    assert.ok(expected.answers.length <= 1);
    if (expected.answers.length === 0) return "nobody";
    return found.isUserSpace ? "user space" : "kernel";
  }

  it("L2-99 L2-95: the request of the specification gets its answer, byte for byte", async () => {
    const { answers, isUserSpace } = await both.ask(request({ padding: "00".repeat(18) }));
    const answer =
      "00112233445552540012345608060001080006040002525400123456c0a801f0001122334455c0a80132";
    assert.deepEqual(answers, [answer + "00".repeat(18)]);
    assert.equal(isUserSpace, false);
  });

  const answered: [what: string, frame: string][] = [
    ["L2-207: without padding", request()],
    ["L2-99: with padding that is not zero", request({ padding: "a5".repeat(18) })],
    ["L2-206: much too long", request({ padding: "ff".repeat(1472) })],
    ["L2-93: to the interface's own MAC", request({ destination: MAC })],
    [
      "L2-97: of another hardware and protocol",
      request({ hardwareType: "0006", protocolType: "86dd" }),
    ],
    ["L2-98: from another Ethernet source", request({ source: "0a0a0a0a0a0a" })],
    [
      "L2-98: with a broadcast sender inside",
      request({ senderMac: ALL_ONES, senderIp: "c0a80133" }),
    ],
    [
      "L2-98: with a sender of zeros inside",
      request({ senderMac: "000000000000", senderIp: "c0a80134" }),
    ],
    [
      "L2-98: with a group as sender inside",
      request({ senderMac: "01005e000001", senderIp: "c0a80135" }),
    ],
    ["L2-97: with a broadcast target inside", request({ targetMac: ALL_ONES })],
    [
      "L2-98: that claims to come from ourselves inside",
      request({ senderMac: MAC, senderIp: "c0a80136" }),
    ],
  ];
  for (const [what, frame] of answered) {
    it(`${what}: answered by the kernel`, async () => {
      assert.equal(await compare(frame), "kernel");
    });
  }

  const dropped: [reason: KernelDropReason, what: string, frame: string][] = [
    ["error", "L2-91: cut short", request().slice(0, 82)],
    ["error", "L2-91: other lengths", request({ lengths: "0610", padding: "00".repeat(60) })],
    ["not-a-request", "L2-92: a reply", request({ operation: "0002" })],
    ["ethernet-destination", "L2-93: to another", request({ destination: "525400aaaaaa" })],
    ["ethernet-destination", "L2-93: to a group", request({ destination: "01005e000001" })],
    ["not-announced", "L2-94: another address", request({ targetIp: "c0a801f2" })],
    ["interface-not-matched", "L2-94: on other interfaces", request({ targetIp: "c0a801f1" })],
    ["own-frame", "L2-201: from ourselves", request({ source: MAC })],
    ["other-vlan", "L2-202: of a VLAN", request({ tags: "81000064" })],
    ["other-vlan", "L2-202: of a service VLAN", request({ tags: "88a80064" })],
  ];
  for (const [reason, what, frame] of dropped) {
    it(`${what} is dropped, and counted as ${reason}`, async () => {
      const before = both.kernel!.drops();
      assert.equal(await compare(frame), "nobody");
      // The request that marks the end asks for an address that the kernel does not know.
      const expected = { ...before, "not-announced": before["not-announced"] + 1 };
      expected[reason] += 1;
      assert.deepEqual(both.kernel!.drops(), expected);
    });
  }

  it("L2-97 RFC 5227: probes and gratuitous requests for an address are left to user space, which watches for them", async () => {
    const before = both.kernel!.drops().claim;
    for (const senderIp of ["00000000", "c0a801f0"]) {
      assert.equal(await compare(request({ senderIp })), "user space");
    }
    assert.equal(both.kernel!.drops().claim, before + 2);
    // Half of either is none.
    for (const senderIp of ["00000001", "00010000", "c0a801f1", "c0a901f0"]) {
      assert.equal(await compare(request({ senderIp })), "kernel");
    }
  });

  it("L2-202: priority tags are left to user space, which answers without a tag", async () => {
    const before = both.kernel!.drops()["priority-tagged"];
    for (const tags of ["81000000", "8100e000", "88a80000"]) {
      assert.equal(await compare(request({ tags })), "user space");
    }
    assert.equal(both.kernel!.drops()["priority-tagged"], before + 3);
  });

  it("of a sender with another MAC address than before one request is left to user space, as the node's own table learns from it", async () => {
    const before = both.kernel!.drops()["sender-moved"];
    const ask = (senderMac: string) => compare(request({ senderIp: "c0a80140", senderMac }));
    const moves = [CLIENT, "001122334456", CLIENT];
    for (const [times, mac] of moves.entries()) {
      assert.equal(await ask(mac), times === 0 ? "kernel" : "user space");
      for (let more = 0; more < 3; more++) assert.equal(await ask(mac), "kernel");
    }
    assert.equal(both.kernel!.drops()["sender-moved"], before + 2);
  });

  it("the MAC address that is remembered is the one inside the request, every byte of it", async () => {
    const senderIp = "c0a80141";
    const ask = (changed: Partial<Fields>) => compare(request({ senderIp, ...changed }));
    assert.equal(await ask({}), "kernel");
    assert.equal(await ask({ source: "0a0a0a0a0a0a" }), "kernel");
    for (let byte = 0; byte < 6; byte++) {
      const senderMac = CLIENT.slice(0, 2 * byte) + "ee" + CLIENT.slice(2 * byte + 2);
      assert.equal(await ask({ senderMac }), "user space");
      assert.equal(await ask({}), "user space");
    }
  });

  it("of what is not answered, and of probes, no sender is remembered", async () => {
    const senderIp = "c0a80142";
    const before = both.kernel!.drops()["sender-moved"];
    for (const senderMac of [CLIENT, "001122334456"]) {
      await compare(request({ senderMac, senderIp, targetIp: "c0a801f2" }));
      await compare(request({ senderMac, senderIp, targetIp: "c0a801f1" }));
      await compare(request({ senderMac, senderIp, destination: "525400aaaaaa" }));
      await compare(request({ senderMac, senderIp: "00000000" }));
      await compare(request({ senderMac, senderIp: "c0a801f0" }));
    }
    assert.equal(await compare(request({ senderMac: "001122334457", senderIp })), "kernel");
    assert.equal(both.kernel!.drops()["sender-moved"], before);
  });

  it("more senders than it remembers are all answered by the kernel", async () => {
    const before = both.kernel!.answers().get(VIP)!;
    for (let number = 0; number < 10_000; number++) {
      both.wire.send(request({ senderIp: (0x0a63_0000 + number).toString(16).padStart(8, "0") }));
      if (number % 100 === 0) await both.ask(request());
    }
    await both.ask(request());
    assert.equal(both.kernel!.answers().get(VIP), before + 10_101);
  });

  it("L2-90..L2-100 L2-202: whatever arrives, user space would answer the same, byte for byte", async () => {
    const outcomes = { kernel: 0, "user space": 0, nobody: 0 };
    const senders = new Map<string, string>();
    await fc.assert(
      fc.asyncProperty(
        anyRequest,
        fc.option(fc.integer({ min: 14, max: 70 }), { freq: 8 }),
        async (fields, cut) => {
          const frame = request(fields).slice(0, cut === null ? undefined : cut * 2);
          const outcome = await compare(frame);
          outcomes[outcome]++;
          const wantsIt = [fields.targetIp, "00000000"].includes(fields.senderIp);
          if (outcome === "nobody" || wantsIt || fields.tags !== "") return;
          const known = senders.get(fields.senderIp);
          senders.set(fields.senderIp, fields.senderMac);
          // Of the first request of a sender it depends on the tests before this.
          if (known === undefined) return;
          assert.equal(outcome, known === fields.senderMac ? "kernel" : "user space");
        },
      ),
      { numRuns: 3000 },
    );
    assert.ok(outcomes.kernel > 100 && outcomes.nobody > 300, JSON.stringify(outcomes));
  });

  it("L2-91: whatever bytes arrive as ARP, user space would answer the same", async () => {
    const anyBytes = fc.uint8Array({ minLength: 14, maxLength: 80 });
    await fc.assert(
      fc.asyncProperty(
        anyBytes,
        fc.array(fc.tuple(fc.nat(41), fc.nat(255)), { maxLength: 4 }),
        async (tail, flips) => {
          const flipped = Buffer.from(request({ padding: "00".repeat(18) }), "hex");
          for (const [at, value] of flips) flipped[at] = value;
          await compare(flipped.toString("hex"));
          await compare(`${ALL_ONES}${CLIENT}0806${Buffer.from(tail).toString("hex")}`);
        },
      ),
      { numRuns: 500 },
    );
  });
});
