import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ETHERTYPE_ARP } from "../../src/layer2/index.ts";
import { ARP_REQUEST_FILTER, PacketSocket } from "../../src/platform/index.ts";
import { enterPrivateNetwork, whyNoPrivateNetwork } from "../../src/testing/index.ts";
import { PrivateWire, stayOnOneProcessor } from "../../src/testing/private-wire.ts";

const REQUEST =
  "ffffffffffff02000000000108060001080006040001020000000001c0a80132000000000000c0a801f0";
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
});
