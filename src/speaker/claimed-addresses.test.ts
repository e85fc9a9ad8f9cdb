import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ClaimedAddresses } from "./claimed-addresses.ts";
import type { Decision } from "./announcements.ts";

const x = "192.0.2.1";
const announcement = { ips: [], pool: "lan", protocol: "layer2", interfaces: undefined } as const;
const announce = (claimed?: string): Decision => ({
  kind: "announce",
  announcement,
  ...(claimed !== undefined && { claimed }),
});
const withdraw = (claimed?: string): Decision => ({
  kind: "withdraw",
  reason: "notOwner",
  ...(claimed !== undefined && { claimed }),
});

describe("addresses that are claimed", () => {
  it("are told when they begin, change and end; nothing of Services that ask for none", () => {
    const addresses = new ClaimedAddresses();
    assert.deepEqual(addresses.follow("a", announce()), []);
    assert.deepEqual(addresses.follow("a", withdraw(x)), [
      { address: x, isWanted: true, isHeld: false },
    ]);
    assert.deepEqual(addresses.follow("a", withdraw(x)), []);
    assert.deepEqual(addresses.follow("a", { kind: "wait" }), []);
    assert.deepEqual(addresses.follow("a", announce(x)), [
      { address: x, isWanted: true, isHeld: true },
    ]);
    assert.deepEqual(addresses.follow("a", announce("192.0.2.2")), [
      { address: x, isWanted: false, isHeld: false },
      { address: "192.0.2.2", isWanted: true, isHeld: true },
    ]);
    assert.deepEqual(addresses.follow("a", withdraw()), [
      { address: "192.0.2.2", isWanted: false, isHeld: false },
    ]);
    assert.equal(addresses.size, 0);
  });

  it("are told to be taken over while they are held, though only the first decision says so", () => {
    const addresses = new ClaimedAddresses();
    const objection = { because: "ring" } as const;
    const takeOver = { ...announce(x), objection } as Decision;
    addresses.follow("a", withdraw(x));
    assert.deepEqual(addresses.follow("a", takeOver), [
      { address: x, isWanted: true, isHeld: true, isTakenOver: true },
    ]);
    assert.deepEqual(addresses.follow("a", announce(x)), []);
    assert.deepEqual(addresses.follow("a", withdraw(x)), [
      { address: x, isWanted: true, isHeld: false },
    ]);
    assert.deepEqual(addresses.follow("a", announce(x)), [
      { address: x, isWanted: true, isHeld: true },
    ]);
  });

  it("of several Services are one, and end with the last of them", () => {
    const addresses = new ClaimedAddresses();
    addresses.follow("a", announce(x));
    assert.deepEqual(addresses.follow("b", announce(x)), []);
    assert.deepEqual([...addresses.servicesOf(x)], ["a", "b"]);
    assert.deepEqual(addresses.follow("a", withdraw()), []);
    assert.deepEqual(addresses.follow("b", withdraw()), [
      { address: x, isWanted: false, isHeld: false },
    ]);
  });
});
