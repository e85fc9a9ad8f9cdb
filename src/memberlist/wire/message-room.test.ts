import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { encodePacket } from "./encode-packet.ts";
import { gossipRoom, messageCost, piggybackRoom } from "./message-room.ts";

describe("room for gossip", () => {
  it("ML-93: a packet's bytes less compound, label and encryption", () => {
    const label = new TextEncoder().encode("blue");
    assert.equal(gossipRoom({ isEncrypted: false }), 1398);
    assert.equal(gossipRoom({ isEncrypted: true }), 1369);
    assert.equal(gossipRoom({ isEncrypted: true, label }), 1363);
    assert.equal(gossipRoom({ isEncrypted: false, packetBytes: 512 }), 510);
    assert.equal(piggybackRoom({ isEncrypted: true }, new Uint8Array(69)), 1298);
    assert.equal(messageCost(new Uint8Array(60)), 62);
  });

  it("ML-4, ML-177: what fits the room fits a packet of 1400 bytes, label and key included", () => {
    const key = new Uint8Array(16);
    const anyMessages = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }));
    fc.assert(
      fc.property(
        anyMessages,
        fc.boolean(),
        fc.uint8Array({ maxLength: 40 }),
        (messages, isEncrypted, label) => {
          let room = gossipRoom({ isEncrypted, label });
          const chosen = messages.filter((message) => {
            const fits = messageCost(message) <= room;
            if (fits) room -= messageCost(message);
            return fits;
          });
          const keys = isEncrypted ? [key] : [];
          const options = { label, keys, compresses: false, withChecksum: false };
          const sent = encodePacket(chosen, {
            ...options,
            nonce: (length) => new Uint8Array(length),
          });
          assert.ok(sent.every((bytes) => bytes.length <= 1400));
        },
      ),
    );
  });
});
