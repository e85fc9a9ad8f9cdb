import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Gossip, type GossipCommand, lanTimings } from "./index.ts";

const timer = "suspicion-node-b";
const from = { address: "192.0.2.11", port: 7946 };
const vsn = Uint8Array.of(1, 5, 2, 0, 0, 0);

/** A ring of two in which the other is suspected at 1000 ms; the suspicion is over at 5000 ms. */
function suspecting(): Gossip {
  const gossip = new Gossip({
    name: "node-a",
    addr: Uint8Array.of(192, 0, 2, 10),
    port: 7946,
    timings: lanTimings,
    isEncrypted: false,
    random: () => 0.5,
    meta: new Uint8Array(),
  });
  gossip.step({ kind: "start" }, 0);
  const node = "node-b";
  const addr = Uint8Array.of(192, 0, 2, 11);
  const alive = { kind: "alive", incarnation: 1, node, addr, port: 7946, meta: vsn, vsn } as const;
  gossip.step({ kind: "packet", from, messages: [alive] }, 0);
  const suspect = { kind: "suspect", incarnation: 1, node, from: "node-c" } as const;
  const commands = gossip.step({ kind: "packet", from, messages: [suspect] }, 1000);
  assert.deepEqual(timersIn(commands), [4000]);
  return gossip;
}

function timersIn(commands: readonly GossipCommand[]): number[] {
  return commands.flatMap((one) => (one.kind === "set-timer" && one.name === timer ? one.ms : []));
}

describe("the timer of a suspicion", () => {
  it("ML-107: ends it in a death", () => {
    const gossip = suspecting();
    gossip.step({ kind: "timer", name: timer }, 5000);
    assert.equal(gossip.members.get("node-b")?.state, "dead");
  });

  it("ML-107: is set again where it came before its time, so that no suspicion lasts for ever", () => {
    const gossip = suspecting();
    const early = gossip.step({ kind: "timer", name: timer }, 4999.25);
    assert.deepEqual(timersIn(early), [0.75]);
    assert.equal(gossip.members.get("node-b")?.state, "suspect");
    gossip.step({ kind: "timer", name: timer }, 5000);
    assert.equal(gossip.members.get("node-b")?.state, "dead");
  });
});
