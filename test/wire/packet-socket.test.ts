import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ETHERTYPE_ARP, ETHERTYPE_IPV6 } from "../../src/layer2/index.ts";
import {
  ARP_REQUEST_FILTER,
  arpSightingFilter,
  NEIGHBOR_SOLICITATION_FILTER,
  PacketSocket,
} from "../../src/platform/index.ts";
import { enterPrivateNetwork, whyNoPrivateNetwork } from "../../src/testing/index.ts";
import { PrivateWire, stayOnOneProcessor } from "../../src/testing/private-wire.ts";

const REQUEST =
  "ffffffffffff02000000000108060001080006040001020000000001c0a80132000000000000c0a801f0";
const SOLICITATION =
  "3333ff00024002000000000186dd60000000002" +
  "03afffe80000000000000021122fffe334455ff0200000000000000000001ff000240" +
  "8700ab6900000000fd0000010000000000000000000002400101001122334455";
const FRAMES = 1000;

describe("packet socket", { skip: whyNoPrivateNetwork() ?? false, timeout: 30_000 }, () => {
  let wire: PrivateWire;

  before(async () => {
    enterPrivateNetwork();
    stayOnOneProcessor();
    wire = await PrivateWire.lay("ps0", "52:54:00:12:34:56");
  });
  after(() => wire?.close());

  it("however fast frames follow each other, others have their turn after 256 of them", async () => {
    let received = 0;
    const ofFirstTurn = await new Promise<number>((resolve) => {
      const socket = new PacketSocket({
        interfaceIndex: wire.near.index,
        etherType: ETHERTYPE_ARP,
        filter: ARP_REQUEST_FILTER,
        onFrame: () => {
          if (received === 0) {
            setImmediate(() => {
              socket.close();
              resolve(received);
            });
          }
          // The next one is there before this one is done.
          if (++received < FRAMES) wire.send(REQUEST);
        },
        onFailure: assert.fail,
      });
      wire.send(REQUEST);
    });
    assert.equal(ofFirstTurn, 256);
  });

  for (const { name, etherType, filter, frame } of [
    { name: "ARP", etherType: ETHERTYPE_ARP, filter: ARP_REQUEST_FILTER, frame: REQUEST },
    {
      name: "NDP",
      etherType: ETHERTYPE_IPV6,
      filter: NEIGHBOR_SOLICITATION_FILTER,
      frame: SOLICITATION,
    },
  ]) {
    it(`L2-208: ${name} frames that find the receive buffer full are told, by their number`, async () => {
      let received = 0;
      let lost = 0;
      await new Promise<void>((resolve) => {
        const endWhenAllAreKnown = () => {
          if (received + lost < FRAMES) return;
          socket.close();
          resolve();
        };
        const socket = new PacketSocket({
          interfaceIndex: wire.near.index,
          etherType,
          filter,
          onFrame: () => {
            received++;
            setImmediate(endWhenAllAreKnown);
          },
          onLost: (frames) => {
            lost += frames;
            setImmediate(endWhenAllAreKnown);
          },
          onFailure: assert.fail,
        });
        // Nobody reads meanwhile.
        for (let sent = 0; sent < FRAMES; sent++) wire.send(frame);
      });
      assert.ok(lost > 0);
      assert.equal(received + lost, FRAMES);
    });
  }

  it("RFC 5227 section 2.4: of ordinary requests the kernel lets only those from watched addresses through", async () => {
    const request = (senderIp: string, targetIp = "c0a80101"): string =>
      `ffffffffffff02000000000108060001080006040001020000000001${senderIp}000000000000${targetIp}`;
    const reply = REQUEST.replace("06040001", "06040002");
    const watched = ["c0a801f0", "c0a801ff", "0a000001"];
    const passed = [
      reply,
      request("c0a80132", "c0a80132"),
      request("00000000"),
      ...watched.map((sender) => request(sender)),
    ];
    const stopped = ["c0a80132", "c0a801ef", "c0a80200", "0a000002", "ffffffff"].map((sender) =>
      request(sender),
    );
    const numberOf = (text: string): number => Number.parseInt(text, 16);
    const filter = arpSightingFilter([
      { first: numberOf("0a000001"), last: numberOf("0a000001") },
      { first: numberOf("c0a801f0"), last: numberOf("c0a801ff") },
    ]);
    const heard = await new Promise<string[]>((resolve) => {
      const frames: string[] = [];
      const socket = new PacketSocket({
        interfaceIndex: wire.near.index,
        etherType: ETHERTYPE_ARP,
        filter,
        onFrame: ({ bytes }) => {
          frames.push(Buffer.from(bytes).subarray(0, 42).toString("hex"));
          if (frames.length < passed.length) return;
          socket.close();
          resolve(frames);
        },
        onFailure: assert.fail,
      });
      for (const frame of [...stopped, ...passed]) wire.send(frame);
    });
    assert.deepEqual(heard, passed);
  });
});
